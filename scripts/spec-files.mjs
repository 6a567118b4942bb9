// Which spec files a run has, in which decorator modes, and which of them share a process.
//
// Three rules say what a spec file belongs to:
//   - Files in `spec/opentelemetry/`, `spec/proofs/` and `spec/support/`, and files that end in `.long.spec.ts` or `.property.spec.ts`, run by
//     `npm run test:all` alone. So do the samples in legacy mode, and what is special to one adapter of HTTP:
//     `spec/http/<adapter>-*.spec.ts`, and all of `spec/queues/` but its core. `npm test` has the core of HTTP, and the guide of each
//     adapter.
//   - All others run by `npm test`, too.
//   - Of these, the files of `coreFolders` are the core.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** The compiler's project for each decorator mode. What it compiles is in `.build/spec-<mode>`. */
export const projects = { standard: 'spec', legacy: 'spec/tsconfig.legacy.json' };
export const modes = Object.keys(projects);

const coreFolders = [
  ...['decorator', 'engine', 'key', 'outcome', 'record', 'request', 'settings', 'stores/in-memory', 'values'],
  'stores/store-contract.spec',
];
const adapters = 'express|fastify|fetch|hono|lambda|nestjs|node';
const long = new RegExp(
  `^(opentelemetry|proofs|support)/|^queues/(?!core/)|^http/(${adapters})-|\\.(long|property)\\.spec\\.ts$`,
);
const isLong = (file) => long.test(file);
const isCore = (file) =>
  coreFolders.some((folder) => file.startsWith(`${folder}/`) || file.startsWith(`${folder}.`));
const runs = {
  all: () => true,
  usual: (file) => !isLong(file),
  core: (file) => !isLong(file) && isCore(file),
};

/**
 * All files below `spec/`, but for packages: those of the frameworks have a link to this package, and a listing that goes into
 * links has no end.
 */
export function filesOfSpec(folder = '') {
  return readdirSync(join(root, 'spec', folder), { withFileTypes: true })
    .filter(({ name }) => name !== 'node_modules')
    .flatMap((entry) => {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      return entry.isDirectory() ? filesOfSpec(path) : [path];
    });
}

/** The spec files of a run: paths below `spec/`. With words, those of all files whose path has one of them. */
export function specFiles({ run, words = [], without = [] }) {
  return filesOfSpec()
    .filter((file) => file.endsWith('.spec.ts'))
    .filter((file) => (words.length > 0 ? words.some((word) => file.includes(word)) : runs[run](file)))
    .filter((file) => !without.some((path) => file.startsWith(path)))
    .sort();
}

/** Whether the file is compiled in this mode alone: its folder is named after the mode. */
export function isOnlyIn(mode, file) {
  return file.split('/').includes(mode);
}

/** Whether a file that runs in both modes does so in this one by `npm run test:all` alone. */
export function isLongIn(mode, file) {
  return mode === 'legacy' && file.startsWith('package/samples/');
}

/** What says nothing about decorators, and takes long: it runs in standard mode alone. */
const onceEnough = /^(cli\/|queues\/(?!core\/)|proofs\/queues\/)/;

/** Where the compiler puts what it makes of a spec file. */
export function compiledFile(mode, file) {
  return join(root, `.build/spec-${mode}`, file.replace(/\.ts$/, '.js'));
}

/**
 * The files that run in a mode. In legacy mode these are the ones with a decorator, their own or of what they import: the
 * others are the same program in both modes.
 */
export function filesIn(mode, files, { withoutDecorators = mode === 'standard' } = {}) {
  return files.filter((file) => {
    if (mode === 'legacy' && onceEnough.test(file)) return false;
    const compiled = compiledFile(mode, file);
    return existsSync(compiled) && (withoutDecorators || hasDecorators(compiled));
  });
}

function hasDecorators(file, seen = new Set()) {
  if (seen.has(file) || !existsSync(file)) return false;
  seen.add(file);
  const text = readFileSync(file, 'utf8');
  if (/\b__(es)?[dD]ecorate\b/.test(text)) return true;
  const loaded = [...text.matchAll(/['"](\.{1,2}\/[^'"]+\.js)['"]/g)];
  return loaded.some(([, path]) => hasDecorators(join(dirname(file), path), seen));
}

// The parts that take longest begin first. Otherwise one of them is left for the end and runs alone.
const longest = [
  ...['operator', 'stores/matrix', 'proofs/hostile', 'cli', 'proofs/specification', 'http', 'proofs/driver'],
  ...['stores/postgres', 'proofs/queues', 'package/samples', 'proofs/soak', 'stores/dynamodb', 'proofs/cost'],
  ...['proofs/simulation', 'queues/bullmq-crashes', 'queues/rabbitmq', 'stores/redis'],
  ...['stores/redis/contract', 'stores/redis/cluster', 'support', 'proofs/mutants', 'stores/redis/replicas'],
  ...[
    'testing/crash',
    'stores/redis/notices',
    'testing/tools-for-tests',
    'engine',
    'engine/claim/faked-clocks',
    'stores/sqlite',
  ],
  ...['package/bundled-names', 'key', 'request'],
];
const parted = ['stores', 'package', 'proofs', 'queues', 'testing'];
// Most of their time they wait, so they go on beside others.
const apart = [
  'stores/redis/contract',
  'stores/redis/cluster',
  'stores/redis/notices',
  'stores/redis/replicas',
  'engine/claim/faked-clocks',
];

/** The part of a file: its folder, or for these folders the folder in them. Each part is a process. */
function partOf(file) {
  const own = apart.find((start) => file.startsWith(start));
  if (own) return own;
  const [folder, inner] = file.split('/');
  return parted.includes(folder) ? `${folder}/${inner.replace(/\.spec\.ts$/, '')}` : folder;
}

/** One process for each part. */
export function jobsByPart(mode, files) {
  const parts = new Map();
  for (const file of files) parts.set(partOf(file), [...(parts.get(partOf(file)) ?? []), file]);
  return [...parts].map(([part, its]) => ({ mode, part, files: its }));
}

export function longestFirst(one, other) {
  return place(one) - place(other);
}

function place({ part }) {
  return longest.includes(part) ? longest.indexOf(part) : longest.length;
}

// How many usual files such a file counts for. It takes seconds, since time really passes in it, or it starts processes.
const weights = {
  'engine/claim/faked-clocks.spec.ts': 20,
  'request/jmespath-import.spec.ts': 12,
  'stores/store-contract.spec.ts': 10,
  'engine/machine/documented.spec.ts': 7,
  'key/keys.spec.ts': 6,
  'request/read-text.spec.ts': 5,
  'engine/claim/lease.spec.ts': 4,
  'decorator/legacy/nest.spec.ts': 3,
  'engine/one-outcome.spec.ts': 2,
  'engine/waiting/crowds.spec.ts': 2,
};
const weightOf = (file) => weights[file] ?? 1;

/**
 * So many processes, with about as much to do for each. The specs of the samples stay together, because each process of them
 * compiles the samples into the same folder.
 */
export function jobsOfEqualSize(mode, files, count) {
  const shares = Array.from({ length: count }, () => ({ weight: 0, files: [] }));
  const heaviestFirst = [...files].sort((one, other) => weightOf(other) - weightOf(one));
  for (const file of heaviestFirst) {
    const lightest = shares.reduce((one, other) => (other.weight < one.weight ? other : one));
    const share = file.startsWith('package/samples/') ? shares[0] : lightest;
    share.files.push(file);
    share.weight += weightOf(file);
  }
  const used = shares.filter((share) => share.files.length > 0);
  const title = (number) => (used.length === 1 ? 'chosen files' : `share ${number} of ${used.length}`);
  return used.map((share, index) => ({ mode, part: title(index + 1), files: share.files.sort() }));
}
