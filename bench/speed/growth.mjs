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

/** How the cost of a call depends on how many keys an in-memory store holds. */
export async function growth({ isSmall }) {
  const sizes = [1_000, 10_000, 100_000, 1_000_000].filter(
    (size) => size <= (isSmall ? mostWhenSmall : most),
  );
  const child = fork(program, [JSON.stringify({ sizes })], { execArgv: ['--expose-gc', '--no-warnings'] });
  const ended = once(child, 'exit');
  const [{ steps, longest }] = await Promise.race([
    once(child, 'message'),
    ended.then(([code]) => {
      throw new Error(`the process that fills the store ended with ${code}`);
    }),
  ]);
  child.disconnect();
  await ended;

  const rows = steps.map(({ size, first, replay, bytes }) => [
    size,
    spread(first, 1),
    spread(replay, 1),
    figure(bytes),
  ]);
  const [smallest, largest] = [steps[0], steps.at(-1)];
  const ratios = ['first', 'replay'].map((kind) => median(largest[kind]) / median(smallest[kind]));
  const goals = ['first call', 'replay'].map((title, index) => ({
    text: `${title}: as long with ${figure(largest.size)} keys as with ${figure(smallest.size)}`,
    isMet: ratios[index] <= flat,
    found: `${figure(ratios[index], 2)} times as long`,
  }));
  const markdown = `Completed calls fill an \`InMemoryStore\`, and none of them expires. Times are the median and the quartiles of batches of 250 calls: the last
first calls before each size, and replays at that size. Memory is what is in use after a garbage collection, per key.

${table([['keys', 'first call, µs', 'replay, µs', 'bytes for each key'], ...rows])}

The longest pause that a claim caused while the store grew from ${figure(steps.at(-2).size)} to ${figure(largest.size)} keys, and
read all of them for what has expired: ${figure(longest.claim, 1)} ms. A plain \`Map\` of as many records, with nothing else: ${figure(longest.map, 1)} ms. Both come from
garbage collections and from the growth of the \`Map\`.

Up to ${flat} times counts as flat, because each read takes longer with more keys than the caches of the processor hold.`;
  return { markdown, goals, faults: [] };
}
