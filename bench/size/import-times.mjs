import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { bench, root, size } from './places.mjs';

const run = promisify(execFile);
const importOnce = join(size, 'import-once.mjs');
const phasesOnce = join(size, 'phases-once.mjs');
const powertools = join(bench, 'node_modules/@aws-lambda-powertools/idempotency/lib');

/** What is imported of each library where nothing is bundled: the file that Node.js finds under the package's name. */
const roots = {
  esm: { retrysafe: join(root, 'dist/esm/index.js'), powertools: join(powertools, 'esm/index.js') },
  cjs: { retrysafe: join(root, 'dist/cjs/index.js'), powertools: join(powertools, 'cjs/index.js') },
};

/**
 * The imports that are compared: of a bundled handler, and of the root as it is installed. Each has the goal, in times that of
 * AWS Powertools.
 */
export function comparisons(bundles) {
  const kinds = [
    { what: 'bundled handler, after the AWS SDK', flags: ['--after-sdk'], limit: { cjs: 1.4, esm: 1.4 } },
    { what: 'bundled handler, with the AWS SDK', flags: [], limit: { cjs: 1.03, esm: 1.03 } },
  ];
  const bundled = kinds.flatMap(({ limit, ...kind }) =>
    ['cjs', 'esm'].map((format) => ({
      ...kind,
      format,
      limit: limit[format],
      files: Object.fromEntries(
        bundles.filter((one) => one.format === format).map(({ handler, file }) => [handler, file]),
      ),
    })),
  );
  const installed = Object.entries(roots).map(([format, files]) => ({
    what: 'root, not bundled',
    flags: [],
    format,
    limit: format === 'esm' ? 0.65 : 1,
    files,
  }));
  return [...installed, ...bundled];
}

/**
 * Measures every import `runs` times on each of `nodes`, each in a process of its own, one after the other. Libraries and versions
 * take turns, and every round has another order, so that none always follows the same one.
 */
export async function importTimes({ nodes, compared, runs, env }) {
  const series = compared.flatMap(({ files, ...kind }) =>
    nodes.flatMap((node) => {
      const times = Object.fromEntries(Object.keys(files).map((library) => [library, []]));
      return Object.entries(files).map(([library, file]) => ({ kind, node, file, times, library }));
    }),
  );
  // One round that does not count brings the files into the memory of the machine.
  for (let round = 0; round <= runs; round += 1) {
    for (const { kind, node, file, times, library } of turned(series, round)) {
      const { stdout } = await run(node.path, [importOnce, file, kind.format, ...kind.flags], { env });
      if (round > 0) times[library].push(Number(stdout));
    }
  }
  return compared.map(({ files: _, ...kind }) => ({
    ...kind,
    on: nodes.map((node) => {
      const { times } = series.find(
        (one) => one.kind.what === kind.what && one.kind.format === kind.format && one.node === node,
      );
      return {
        ...node,
        times: Object.fromEntries(Object.entries(times).map(([library, list]) => [library, spread(list)])),
        ratio: spread(times.retrysafe.map((time, round) => time / times.powertools[round])),
      };
    }),
  }));
}

/** What an import after the AWS SDK is made of, on each of `nodes`: compiling the bundle, and running it. In turns, too. */
export async function importPhases({ nodes, bundles, runs, env }) {
  const series = bundles
    .filter(({ format }) => format === 'cjs')
    .flatMap((bundle) => nodes.map((node) => ({ ...bundle, node, times: [] })));
  for (let round = 0; round <= runs; round += 1) {
    for (const { node, file, times } of turned(series, round)) {
      const { stdout } = await run(node.path, [phasesOnce, file], { env });
      if (round > 0) times.push(JSON.parse(stdout));
    }
  }
  return series.map(({ times, ...one }) => ({
    ...one,
    compile: spread(times.map(({ compile }) => compile)),
    run: spread(times.map((time) => time.run)),
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
