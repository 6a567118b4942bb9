import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { table } from '../../.build/spec-standard/support/report.js';
import { figure, median, spread } from './figures.mjs';

const program = fileURLToPath(new URL('./growing.mjs', import.meta.url));
const most = 1_000_000;
const mostWhenSmall = 100_000;
/** Flat is what grows by no more than this; what a processor's caches do not hold takes longer to reach. */
const flat = 1.5;
const mostBytes = 650;

/** How the cost of a call depends on how many keys an in-memory store holds. */
export async function growth({ isSmall, nodes }) {
  const sizes = [1_000, 10_000, 100_000, 1_000_000].filter(
    (size) => size <= (isSmall ? mostWhenSmall : most),
  );
  const measured = [];
  for (const node of nodes) measured.push({ major: node.major, ...(await grown(node, sizes)) });
  return described(measured);
}

async function grown(node, sizes) {
  const child = fork(program, [JSON.stringify({ sizes })], {
    execPath: node.path,
    execArgv: ['--expose-gc', '--no-warnings'],
  });
  const ended = once(child, 'exit');
  const [result] = await Promise.race([
    once(child, 'message'),
    ended.then(([code, signal]) => {
      throw new Error(
        `the process that fills the store on Node.js ${node.version} ended with ${code ?? signal}`,
      );
    }),
  ]);
  child.disconnect();
  await ended;
  return result;
}

function described(measured) {
  const [{ steps }] = measured;
  const [smallest, largest] = [0, steps.length - 1];
  const byVersion = (value) => Object.fromEntries(measured.map((one) => [one.major, value(one.steps)]));
  const goals = [
    ...Object.entries({ first: 'first call', replay: 'replay' }).map(([kind, title]) => ({
      text: `${title} with ${figure(steps[largest].size)} keys: time, to that with ${figure(steps[smallest].size)}`,
      limit: flat,
      found: byVersion((all) => median(all[largest][kind]) / median(all[smallest][kind])),
    })),
    {
      text: `bytes for each key, with ${figure(steps[largest].size)}`,
      limit: mostBytes,
      digits: 0,
      found: byVersion((all) => all[largest].bytes),
    },
  ];
  const rows = measured.flatMap(({ major, steps: all }) =>
    all.map(({ size, first, replay, map, bytes }) => [
      major,
      size,
      spread(first, 1),
      spread(replay, 1),
      spread(map, 1),
      figure(bytes),
    ]),
  );
  const pauses = measured.map(({ major, longest }) => [
    major,
    figure(longest.claim, 1),
    figure(longest.map, 1),
  ]);
  const markdown = `Completed calls fill an \`InMemoryStore\`, and none of them expires. Times are those of the thread, as above: the median and
the quartiles of batches of 250 calls: the last first calls before each size, and replays at that size. Memory is what is in use after a garbage collection, per key.
A plain \`Map\` of as many records finds one by its key and copies it, and does nothing else.

${table([['Node.js', 'keys', 'first call, µs', 'replay, µs', 'plain Map, µs', 'bytes for each key'], ...rows])}

The longest pause in milliseconds that a claim caused while the store grew from ${figure(steps.at(-2).size)} to ${figure(steps[largest].size)} keys, and
read all of them for what has expired, and that of a plain \`Map\` of as many records, with nothing else. Both come from
garbage collections and from the growth of the \`Map\`.

${table([['Node.js', 'claim', 'plain Map'], ...pauses])}

Up to ${flat} times counts as flat, because each read takes longer with more keys than the caches of the processor hold.`;
  return { markdown, goals, faults: [] };
}
