import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { bench, root, size } from './places.mjs';

const run = promisify(execFile);
const importOnce = join(size, 'import-once.mjs');
const powertools = join(bench, 'node_modules/@aws-lambda-powertools/idempotency/lib');

/** What is imported of each library where nothing is bundled: the file that Node.js finds under the package's name. */
const roots = {
  esm: { retrysafe: join(root, 'dist/esm/index.js'), powertools: join(powertools, 'esm/index.js') },
  cjs: { retrysafe: join(root, 'dist/cjs/index.js'), powertools: join(powertools, 'cjs/index.js') },
};

/** The imports that are compared: of a bundled handler, and of the root as it is installed. */
export function comparisons(bundles) {
  const kinds = [
    { what: 'bundled handler, with the AWS SDK', flags: [] },
    { what: 'bundled handler, after the AWS SDK', flags: ['--after-sdk'] },
  ];
  const bundled = kinds.flatMap((kind) =>
    ['cjs', 'esm'].map((format) => ({
      ...kind,
      format,
      files: Object.fromEntries(
        bundles.filter((one) => one.format === format).map(({ handler, file }) => [handler, file]),
      ),
    })),
  );
  const installed = Object.entries(roots).map(([format, files]) => ({
    what: 'root, not bundled',
    flags: [],
    format,
    files,
  }));
  return [...installed, ...bundled];
}

/**
 * Measures every import `runs` times, each in a process of its own, one after the other. The libraries take turns, and
 * every round has another order, so that none always follows the same one.
 */
export async function importTimes({ node, compared, runs, env }) {
  const series = compared.flatMap(({ files, ...kind }) => {
    const times = Object.fromEntries(Object.keys(files).map((library) => [library, []]));
    return Object.entries(files).map(([library, file]) => ({ kind, file, times, library }));
  });
  // One round that does not count brings the files into the memory of the machine.
  for (let round = 0; round <= runs; round += 1) {
    for (const { kind, file, times, library } of turned(series, round)) {
      const { stdout } = await run(node, [importOnce, file, kind.format, ...kind.flags], { env });
      if (round > 0) times[library].push(Number(stdout));
    }
  }
  const kinds = new Map(series.map(({ kind, times }) => [kind, times]));
  return [...kinds].map(([kind, times]) => ({
    ...kind,
    times: Object.fromEntries(Object.entries(times).map(([library, list]) => [library, spread(list)])),
    ratio: spread(times.retrysafe.map((time, round) => time / times.powertools[round])),
  }));
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
