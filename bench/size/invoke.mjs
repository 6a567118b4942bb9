// Invokes the handler of one bundle with the given request bodies, one after the other, and prints its answers.
//
//   node invoke.mjs <bundle> <bodies, a list in JSON>
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [bundle, bodies] = process.argv.slice(2);
const require = createRequire(import.meta.url);
const { handler } = bundle.endsWith('.cjs') ? require(bundle) : await import(pathToFileURL(bundle).href);
if (typeof handler !== 'function') throw new Error(`${bundle} exports no function named handler`);

// What goes wrong inside a handler is told on stderr; stdout is for the answers.
console.log = console.error;
const answers = [];
for (const body of JSON.parse(bodies)) {
  const event = {
    path: '/pre-fund/holds',
    httpMethod: 'POST',
    headers: { 'Content-Type': 'application/json' },
    requestContext: { stage: 'prod' },
    body: JSON.stringify(body),
    isBase64Encoded: false,
  };
  const context = {
    awsRequestId: crypto.randomUUID(),
    functionName: 'pre-fund',
    getRemainingTimeInMillis: () => 29_000,
  };
  answers.push(await handler(event, context));
}
process.stdout.write(JSON.stringify({ answers }));
process.exit();
