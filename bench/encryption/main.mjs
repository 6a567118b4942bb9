// Prints what a call costs with encrypted outcomes and with plain ones: both in one process, in memory, in turns. Takes dist/ and
// the specs as they were built last. `npm run bench:encryption` builds them.
//
//   node --expose-gc --max-semi-space-size=16 bench/encryption/main.mjs [--rounds=20]
import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { table } from '../../.build/spec-standard/support/report.js';
import { encrypted } from '../../dist/esm/encryption/index.js';
import { InMemoryStore, makeIdempotent } from '../../dist/esm/index.js';
import { figure, median, spread } from '../speed/figures.mjs';
import { threadTime } from '../speed/thread-time.mjs';

const rounds = Number(process.argv.find((argument) => argument.startsWith('--rounds='))?.slice(9) ?? 20);
if (!(Number.isInteger(rounds) && rounds > 0)) {
  console.error('--rounds is how often each line is measured: a whole number, 1 or more.');
  process.exit(2);
}

const callsOf = { 'first call': 1, replay: 2 };
const hold = { holdId: 'h-4711', amount: 12_500, currency: 'CHF', status: 'held' };
const results = {
  'small JSON, 70 characters': [hold, 1_000],
  'a Map with a Date': [new Map([['h-4711', { ...hold, heldAt: new Date(5) }]]), 1_000],
  'JSON of 10,000 characters': [Array.from({ length: 140 }, () => ({ ...hold })), 200],
  'a text of 100,000 characters': ['0123456789'.repeat(10_000), 50],
};
const codec = encrypted({ keys: { a: randomBytes(32) }, current: 'a' });
const variants = { plain: {}, encrypted: { codec } };

/** For how long a processor runs the thread that makes a call, in µs. */
async function batch(result, count, kind, options) {
  const operation = makeIdempotent(async (_id) => result, {
    name: 'encrypted or not',
    store: new InMemoryStore(),
    ...options,
  });
  const ids = Array.from({ length: count }, (_, index) => `call ${index}`);
  for (let time = 1; time < callsOf[kind]; time += 1) for (const id of ids) await operation(id);
  globalThis.gc?.();
  const before = threadTime();
  for (const id of ids) await operation(id);
  return (threadTime() - before) / count;
}

const rows = [];
for (const [what, [result, count]] of Object.entries(results)) {
  for (const kind of Object.keys(callsOf)) {
    const times = { plain: [], encrypted: [] };
    // The first rounds warm up.
    for (let round = -5; round < rounds; round += 1) {
      const order = round % 2 === 0 ? ['plain', 'encrypted'] : ['encrypted', 'plain'];
      for (const variant of order) {
        const time = await batch(result, count, kind, variants[variant]);
        if (round >= 0) times[variant].push(time);
      }
    }
    const ratios = times.encrypted.map((time, round) => time / times.plain[round]);
    const more = median(times.encrypted) - median(times.plain);
    rows.push([
      what,
      kind,
      spread(times.plain, 1),
      spread(times.encrypted, 1),
      figure(more, 1),
      figure(median(ratios), 2),
    ]);
  }
}

console.log(`${table([['result', '', 'plain, µs', 'encrypted, µs', 'more, µs', 'ratio'], ...rows])}

Processor time of the thread for one call after another on an InMemoryStore, in one process and in turns: medians and quartiles of ${rounds} rounds. The
ratio is taken within each round. Node.js ${process.versions.node}, OpenSSL ${process.versions.openssl}, ${process.platform}-${process.arch}, ${availableParallelism()} processors.`);
