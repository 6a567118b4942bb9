// Measures what it costs that records explain themselves, and that calls are traced: bytes, write units and time. Writes the tables into
// docs/reference/records.md. Takes dist/ as it was built last.
//
//   node bench/records/main.mjs [--rounds=60] [--no-write]
import { tracingChannel } from 'node:diagnostics_channel';
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { startDynoxide } from 'embedded-dynamodb';
import { configureIdempotency, InMemoryStore, makeIdempotent } from '../../dist/esm/index.js';
import { DynamoDBStore, tableDefinition } from '../../dist/esm/stores/dynamodb/index.js';
import { figure, median } from '../speed/figures.mjs';
import { threadTime } from '../speed/thread-time.mjs';

const count = 500;
const rounds = Number(process.argv.find((argument) => argument.startsWith('--rounds='))?.slice(9) ?? 60);
const page = fileURLToPath(new URL('../../docs/reference/records.md', import.meta.url));
const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const calls = tracingChannel('retrysafe:call');

/** A subscriber that does what a tracer does at least: it names its span. */
const tracer = {
  start(trace) {
    trace.traceparent = traceparent;
  },
  asyncEnd() {},
};
const bare = { start() {}, asyncEnd() {} };

const variants = [
  { title: 'without the name: `runtime: false`', runtime: false },
  { title: 'as it is', runtime: undefined },
  { title: 'as it is, and somebody subscribes to `retrysafe:call`', subscriber: bare },
  { title: 'as it is, in a trace', subscriber: tracer },
];

function begin({ runtime, subscriber }, store) {
  configureIdempotency({ store, ...(runtime !== undefined && { runtime }) });
  if (subscriber) calls.subscribe(subscriber);
  return () => {
    if (subscriber) calls.unsubscribe(subscriber);
    configureIdempotency({});
  };
}

/** Microseconds of this thread for one call of a kind, one after another. */
async function timeOf(variant, kind) {
  const end = begin(variant, new InMemoryStore());
  const placeHold = makeIdempotent(async (hold) => ({ held: hold.id }), { name: 'placeHold', key: 'id' });
  const ids = Array.from({ length: count }, (_, index) => `h-${index}`);
  if (kind === 'replay') for (const id of ids) await placeHold({ id });
  const before = threadTime();
  for (const id of ids) await placeHold({ id });
  const time = (threadTime() - before) / count;
  end();
  return time;
}

/** The bytes of the states that a call writes: of its claim, and of its outcome. */
async function bytesOf(variant) {
  const store = new InMemoryStore();
  const end = begin(variant, store);
  const sizes = {};
  const bytes = () => Buffer.byteLength(JSON.stringify(store.records()[0].state));
  const placeHold = makeIdempotent(
    async (hold) => {
      sizes.claim = bytes();
      return { held: hold.id };
    },
    { name: 'PreFundService.placeHold', key: 'id' },
  );
  await placeHold({ id: 'T-1001' });
  sizes.outcome = bytes();
  end();
  return sizes;
}

let taken = 0;

/** The write units of a first call, as an engine says that counts as DynamoDB does. It does not say what a refused write takes. */
async function unitsOf(variant, client, tableName) {
  const end = begin(variant, new DynamoDBStore({ client, tableName }));
  const name = `units: ${variant.title}`;
  const placeHold = makeIdempotent(async (hold) => ({ held: hold.id }), { name, key: 'id' });
  taken = 0;
  await placeHold({ id: 'T-1001' });
  end();
  return taken;
}

async function withDynamoDB(work) {
  const engine = await startDynoxide();
  const client = new DynamoDBClient(engine.connection);
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next({ ...args, input: { ...args.input, ReturnConsumedCapacity: 'TOTAL' } });
      taken += result.output.ConsumedCapacity?.CapacityUnits ?? 0;
      return result;
    },
    { step: 'initialize' },
  );
  const { createTable } = tableDefinition({ tableName: 'records' });
  await client.send(new CreateTableCommand(createTable));
  await work((variant) => unitsOf(variant, client, 'records'));
  client.destroy();
  await engine.stop();
}

const kinds = ['first call', 'replay'];
const times = variants.map(() => ({ 'first call': [], replay: [] }));
const warmUps = 10;
for (let round = -warmUps; round < rounds; round += 1) {
  for (const [at, variant] of variants.entries()) {
    for (const kind of kinds) {
      const time = await timeOf(variant, kind);
      if (round >= 0) times[at][kind].push(time);
    }
  }
}

const rows = [];
await withDynamoDB(async (units) => {
  for (const [at, variant] of variants.entries()) rows.push(await rowOf(at, variant, units));
});

async function rowOf(at, variant, units) {
  const { claim, outcome } = await bytesOf(variant);
  const cells = kinds.flatMap((kind) => [
    figure(median(times[at][kind]), 1),
    (median(times[at][kind]) / median(times[0][kind])).toFixed(2),
  ]);
  return [variant.title, claim, outcome, await units(variant), ...cells];
}
const head = [
  'a call',
  'its claim, bytes',
  'its outcome, bytes',
  'write units of a first call',
  'first call, µs',
  'ratio',
  'replay, µs',
  'ratio',
];
const lines = [head, ['---', ...head.slice(1).map(() => '---:')], ...rows];
const text = `${lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}

\`npm run bench:records\` on ${new Date().toISOString().slice(0, 10)}, Node.js ${process.versions.node}, ${process.platform}-${process.arch}, ${availableParallelism()} processors, in memory. The bytes are those of the state, with a small outcome; the name of this process has ${await nameLength()} characters.`;
console.log(text);

if (!process.argv.includes('--no-write')) {
  const [before, , after] = readFileSync(page, 'utf8').split(
    /(?<=<!-- measured -->\n)|(?=<!-- end of what is measured -->)/,
  );
  writeFileSync(page, `${before}\n${text}\n\n${after}`);
}

async function nameLength() {
  const store = new InMemoryStore();
  await makeIdempotent(async () => 1, { name: 'named', store })();
  return store.records()[0].state.about.by.length;
}
