// Measures what calls cost with OpenTelemetry and without, with records in memory, and writes the table into docs/reference/telemetry.md. Takes dist/
// as it was built last, and the SDK that `npm run install:opentelemetry` installs.
//
//   node bench/telemetry/main.mjs [--rounds=60] [--no-write]
import { availableParallelism } from 'node:os';
import { figure, median } from '../speed/figures.mjs';
import { threadTime } from '../speed/thread-time.mjs';
import { place } from './document.mjs';
import { loaded, variants } from './variants.mjs';

const count = 500;
const rounds = Number(process.argv.find((argument) => argument.startsWith('--rounds='))?.slice(9) ?? 60);
if (!(Number.isInteger(rounds) && rounds > 0)) {
  console.error('--rounds is how often each line is measured: a whole number, 1 or more.');
  process.exit(2);
}

/** Microseconds of this thread for one call of a kind, one after another. */
async function timeOf(kind) {
  const { makeIdempotent, InMemoryStore } = loaded;
  const store = new InMemoryStore();
  const placeHold = makeIdempotent(async (hold) => ({ held: hold.id }), {
    name: 'placeHold',
    key: 'id',
    store,
  });
  const ids = Array.from({ length: count }, (_, index) => `h-${index}`);
  if (kind === 'replay') for (const id of ids) await placeHold({ id });
  const before = threadTime();
  for (const id of ids) await placeHold({ id });
  return (threadTime() - before) / count;
}

const kinds = ['first call', 'replay'];
const times = new Map(variants.map(({ title }) => [title, { 'first call': [], replay: [] }]));
const warmUps = 10;
for (let round = -warmUps; round < rounds; round += 1) {
  for (const { title, begin } of variants) {
    const end = begin();
    for (const kind of kinds) {
      const time = await timeOf(kind);
      if (round >= 0) times.get(title)[kind].push(time);
    }
    await end();
  }
}

const bare = times.get(variants[0].title);
const rows = [...times].map(([title, its]) => [
  title,
  ...kinds.flatMap((kind) => [
    figure(median(its[kind]), 1),
    (median(its[kind]) / median(bare[kind])).toFixed(2),
  ]),
]);
const head = ['calls are told', 'first call, µs', 'to that without', 'replay, µs', 'to that without'];
const lines = [head, ['---', ...head.slice(1).map(() => '---:')], ...rows];
const text = `${lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}

\`npm run bench:telemetry\` on ${new Date().toISOString().slice(0, 10)}, Node.js ${process.versions.node}, ${process.platform}-${process.arch}, ${availableParallelism()} processors, SDK ${loaded.sdkVersion}.`;
console.log(text);
if (!process.argv.includes('--no-write')) place(text);
