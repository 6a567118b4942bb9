import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { size } from './places.mjs';

const run = promisify(execFile);
const importOnce = join(size, 'import-once.mjs');

/** What an import is measured with: what is loaded before it. */
export const circumstances = { whole: [], afterSdk: ['--after-sdk'] };

/**
 * Measures the import of every bundle in every circumstance, each `runs` times in a process of its own, one after the
 * other. Every round has another order, so that no bundle always follows the same one.
 */
export async function importTimes({ node, files, runs, env }) {
  const series = files.flatMap((file) =>
    Object.keys(circumstances).map((circumstance) => ({ file, circumstance, times: [] })),
  );
  const measure = async ({ file, circumstance }) => {
    const { stdout } = await run(node, [importOnce, file, ...circumstances[circumstance]], { env });
    return Number(stdout);
  };
  // One round that does not count brings the files into the memory of the machine.
  for (let round = 0; round <= runs; round += 1) {
    for (const one of turned(series, round)) {
      const time = await measure(one);
      if (round > 0) one.times.push(time);
    }
  }
  return series.map(({ times, ...one }) => ({ ...one, ...spread(times) }));
}

function turned(list, round) {
  const from = round % list.length;
  const order = [...list.slice(from), ...list.slice(0, from)];
  return round % 2 === 0 ? order : order.reverse();
}

function spread(times) {
  const sorted = times.toSorted((one, other) => one - other);
  const [low, median, high] = [0.25, 0.5, 0.75].map((share) => quantile(sorted, share));
  return { low, median, high };
}

function quantile(sorted, share) {
  const at = (sorted.length - 1) * share;
  const [below, above] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  return below + (above - below) * (at - Math.floor(at));
}
