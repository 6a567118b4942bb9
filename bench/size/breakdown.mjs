import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { asInDist, bundledLibraries, doorFile, inlined } from '../../scripts/bundle.mjs';
import { literalBytes } from './literals.mjs';
import { bench, root, size } from './places.mjs';

const own = (file) => JSON.stringify(join(root, 'lib', file));

/** What a service may import, of either library. */
const imports = {
  retrysafe: {
    root: `export * from ${own('index.ts')};`,
    'root and DynamoDB': `export * from ${own('index.ts')}; export * from ${own('stores/dynamodb/index.ts')};`,
    'Idempotent and DynamoDBStore': `export { Idempotent } from ${own('index.ts')}; export { DynamoDBStore } from ${own('stores/dynamodb/index.ts')};`,
    makeIdempotent: `export { makeIdempotent } from ${own('index.ts')};`,
  },
  powertools: {
    root: `export * from '@aws-lambda-powertools/idempotency';`,
    'root and DynamoDB': `export * from '@aws-lambda-powertools/idempotency'; export * from '@aws-lambda-powertools/idempotency/dynamodb';`,
  },
};
const ownPackage = { retrysafe: 'own code', powertools: '@aws-lambda-powertools/idempotency' };

/** How large what is imported is when it is bundled and minified without the SDK: all of it, its own code, and the rest. */
export async function breakdown() {
  const parts = [];
  for (const [library, contents] of Object.entries(imports)) {
    for (const [what, text] of Object.entries(contents)) parts.push(await measured(library, what, text));
  }
  return parts;
}

async function measured(library, what, contents) {
  const plain = await minified(library, contents, false);
  const named = await minified(library, contents, true);
  const packages = byPackage(plain.inputs);
  const ownBytes = packages.get(ownPackage[library]) ?? 0;
  packages.delete(ownPackage[library]);
  return {
    library,
    what,
    bytes: plain.text.length,
    gzipped: gzipSync(plain.text, { level: 9 }).length,
    withNames: named.text.length,
    own: ownBytes,
    others: [...packages].sort(([, one], [, other]) => other - one),
    files: filesOf(plain.inputs),
  };
}

async function minified(library, contents, keepNames) {
  const { outputFiles, metafile } = await build({
    ...settings,
    ...asInDist(join(root, 'lib')),
    keepNames,
    stdin: { contents, resolveDir: library === 'retrysafe' ? root : bench, loader: 'ts' },
  });
  const [{ inputs }] = Object.values(metafile.outputs);
  return { text: outputFiles[0].contents, inputs };
}

/** What the bytes of the bundled handler are: its own code and ours, text, names that are kept, and libraries. */
export async function handlerParts() {
  const alias = {
    retrysafe: join(root, 'lib/index.ts'),
    'retrysafe/dynamodb': join(root, 'lib/stores/dynamodb/index.ts'),
  };
  const inDist = asInDist(join(root, 'lib'));
  const handler = {
    ...settings,
    format: 'cjs',
    entryPoints: [join(size, 'handlers/retrysafe.ts')],
    tsconfigRaw: { compilerOptions: { experimentalDecorators: true } },
  };
  const whole = { ...handler, ...inDist, alias: { ...alias, ...inDist.alias } };
  const [plain, named, own] = await Promise.all([
    build(whole),
    build({ ...whole, keepNames: true }),
    build({ ...handler, alias, packages: 'external' }),
  ]);
  const bytesOf = ({ outputFiles }) => outputFiles[0].contents.length;
  const [{ inputs }] = Object.values(plain.metafile.outputs);
  const sum = (isPart) =>
    Object.entries(inputs).reduce(
      (total, [file, { bytesInOutput }]) => total + (isPart(file) ? bytesInOutput : 0),
      0,
    );
  const text = literalBytes(own.outputFiles[0].text);
  const libraries = [...bundledLibraryFiles].map(([name, isPart]) => [name, sum(isPart)]);
  const ours = sum(isOwn);
  const handlers = sum((file) => file.startsWith('bench/'));
  const parts = [
    ['own code, without text', ours - text],
    ['text of it: messages, names of options and fields, codes', text],
    ['names kept', bytesOf(named) - bytesOf(plain)],
    ...libraries.filter(([, count]) => count > 0).sort(([, one], [, other]) => other - one),
    ['the handler itself', handlers],
  ];
  const rest = bytesOf(named) - parts.reduce((total, [, count]) => total + count, 0);
  return [...parts, ["esbuild's own functions", rest]];
}

/** How to tell the files of a library in a bundle: those behind a door, and those that are imported. */
const bundledLibraryFiles = new Map([
  ...Object.entries(bundledLibraries).map(([path, door]) => [
    nameOf(path),
    (file) => file.endsWith(doorFile(door)),
  ]),
  ...inlined.map((path) => [nameOf(path), (file) => file.includes(`node_modules/${nameOf(path)}/`)]),
]);

function isOwn(file) {
  return file.startsWith('lib/') && file.endsWith('.ts');
}

function nameOf(path) {
  return path.match(/^(?:@[^/]+\/)?[^/]+/)[0];
}

/** How much of our own code, of what everybody has who imports the root, is text: messages, names, codes. */
export async function ownText() {
  const { outputFiles } = await build({
    ...settings,
    stdin: { contents: imports.retrysafe.root, resolveDir: root, loader: 'ts' },
    packages: 'external',
  });
  return literalBytes(outputFiles[0].text);
}

const settings = {
  absWorkingDir: root,
  bundle: true,
  minify: true,
  platform: 'node',
  target: 'node22',
  format: 'esm',
  external: ['@aws-sdk/*'],
  legalComments: 'none',
  write: false,
  metafile: true,
  outfile: 'bundle.js',
  logLevel: 'warning',
};

function byPackage(inputs) {
  const sizes = new Map();
  for (const [file, { bytesInOutput }] of Object.entries(inputs)) {
    const [library] = [...bundledLibraryFiles].find(([, isPart]) => isPart(file)) ?? [];
    const [, name = library ?? 'own code'] = file.match(/.*node_modules\/((?:@[^/]+\/)?[^/]+)/) ?? [];
    sizes.set(name, (sizes.get(name) ?? 0) + bytesInOutput);
  }
  return sizes;
}

function filesOf(inputs) {
  return Object.entries(inputs)
    .filter(([file, { bytesInOutput }]) => isOwn(file) && bytesInOutput > 0)
    .map(([file, { bytesInOutput }]) => ({ file: file.replace(/^lib\//, ''), bytes: bytesInOutput }))
    .sort((one, other) => other.bytes - one.bytes);
}

/** The version of a package that is installed here or in the project. */
export function version(name) {
  const candidates = [bench, root].map((at) => join(at, 'node_modules', name, 'package.json'));
  const file = name === 'retrysafe' ? join(root, 'package.json') : candidates.find((at) => existsSync(at));
  return JSON.parse(readFileSync(file, 'utf8')).version;
}
