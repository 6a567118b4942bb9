// Imports one file, once, and prints how many milliseconds that took.
//
//   node import-once.mjs <file> <esm | cjs> [--after-sdk]
import { createRequire } from 'node:module';
import { performance } from 'node:perf_hooks';
import { pathToFileURL } from 'node:url';

const [file, format, when] = process.argv.slice(2);
const require = createRequire(import.meta.url);
const load = format === 'cjs' ? require : (id) => import(id);
const target = format === 'cjs' ? file : pathToFileURL(file).href;

if (when === '--after-sdk') {
  // All that a handler here imports of it, with the first client, which is what costs most.
  const { DynamoDBClient } = await load('@aws-sdk/client-dynamodb');
  await load('@aws-sdk/util-dynamodb');
  new DynamoDBClient({});
}
const started = performance.now();
await load(target);
console.log(performance.now() - started);
