// Imports one bundle, once, and prints how many milliseconds that took.
//
//   node import-once.mjs <bundle> [--after-sdk]
import { createRequire } from 'node:module';
import { performance } from 'node:perf_hooks';
import { pathToFileURL } from 'node:url';

const [bundle, when] = process.argv.slice(2);
const require = createRequire(import.meta.url);
const load = bundle.endsWith('.cjs') ? require : (id) => import(id);
const target = bundle.endsWith('.cjs') ? bundle : pathToFileURL(bundle).href;

if (when === '--after-sdk') {
  // All that a handler here imports of it, with the first client, which is what costs most.
  const { DynamoDBClient } = await load('@aws-sdk/client-dynamodb');
  await load('@aws-sdk/util-dynamodb');
  new DynamoDBClient({});
}
const started = performance.now();
await load(target);
console.log(performance.now() - started);
