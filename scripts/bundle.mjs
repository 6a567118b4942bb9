// Bundles what is built: the ES modules of lib/, and the libraries that not every service uses.
//
// An import that has to find and read fifty files takes three times as long as one of a few. So there is one file for
// each export, and what they share. Inside of it, a library that lib/ asks for by `require` is a function that nothing
// has called yet.
import { copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * Those of our dependencies that are CommonJS. An ES module that imports CommonJS makes Node.js get its lexer of it ready,
 * which takes 7 ms: so the ES modules have a copy. That of reflect-metadata is the one without a global; it is loaded only
 * where another copy has made the registry that all of them share.
 */
export const inlined = ['fast-json-stable-stringify', 'reflect-metadata/no-conflict'];

/** The libraries that only a part of the services uses, and the file of lib/ that is the one door to each. */
export const bundledLibraries = {
  '@jmespath-community/jmespath': 'process/libraries/jmespath-library',
  devalue: 'process/libraries/devalue',
};

/** All packages of which dist/ has a copy. */
export const bundledPackages = [...Object.keys(bundledLibraries), ...inlined].map(
  (path) => path.match(/^(?:@[^/]+\/)?[^/]+/)[0],
);

/** The file of dist/ that has a package's licence. */
export const licenceOf = (name) => `${name.replace(/^.+\//, '')}.LICENSE`;

const settings = {
  bundle: true,
  platform: 'node',
  target: 'es2022',
  logLevel: 'warning',
  packages: 'external',
  // What is external is told by its name, so these have paths.
  alias: Object.fromEntries(
    [...Object.keys(bundledLibraries), ...inlined].map((name) => [
      name,
      fileURLToPath(import.meta.resolve(name)),
    ]),
  ),
};

/** The files of lib/ that users import, without their ending. */
export function exportedModules() {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return Object.values(exports)
    .map((target) => target.import?.default.match(/^\.\/dist\/esm\/(.+)\.js$/)[1])
    .filter(Boolean);
}

/**
 * The file of lib/ that stays one in dist/, and the class that it has in common with another: bundlers that meet both show
 * whether they rename classes. They do otherwise with a variable, which esbuild makes of a class.
 */
const ownName = {
  file: 'process/names/own-name',
  variable: 'var RetrysafeOwnName = class {',
  declared: 'class RetrysafeOwnName {',
};

/** Bundles `lib` into `outdir`, one ES module for each of `exports`. Source maps lead to the files of lib/. */
export async function bundleModules({ lib, outdir, exports }) {
  await build({
    ...settings,
    format: 'esm',
    entryPoints: [...exports, ownName.file].map((name) => join(lib, `${name}.ts`)),
    outbase: lib,
    outdir,
    splitting: true,
    chunkNames: 'shared-[hash]',
    sourcemap: true,
    sourcesContent: false,
  });
  declareOwnName(outdir);
  dropBareImports(outdir);
}

/**
 * Drops the imports of shared files of which nothing is used: bundlers warn of them, since the package says that none of its
 * files is there for its effects. The lines stay, for the source maps.
 */
function dropBareImports(folder) {
  for (const file of readdirSync(folder, { recursive: true }).filter((name) => name.endsWith('.js'))) {
    const text = readFileSync(join(folder, file), 'utf8');
    writeFileSync(join(folder, file), text.replace(/^import "[./]*\/shared-\w+\.js";$/gm, ''));
  }
}

function declareOwnName(folder) {
  // Only an entry stays a file. Nothing imports it as such.
  for (const file of [`${ownName.file}.js`, `${ownName.file}.js.map`]) rmSync(join(folder, file));
  const files = readdirSync(folder).filter((file) => file.endsWith('.js'));
  const having = files.filter((file) => readFileSync(join(folder, file), 'utf8').includes(ownName.variable));
  if (having.length !== 2) throw new Error(`${ownName.variable} is in ${having.length} files and not in two`);
  for (const file of having.map((name) => join(folder, name)))
    writeFileSync(file, readFileSync(file, 'utf8').replace(ownName.variable, ownName.declared));
}

/** Bundles each library with its door into `outdir`, as CommonJS. */
export async function bundleLibraries({ lib, outdir }) {
  for (const door of Object.values(bundledLibraries)) {
    await build({ ...settings, format: 'cjs', entryPoints: [join(lib, `${door}.ts`)], outbase: lib, outdir });
    // That of tsc, whose file was here before.
    rmSync(join(outdir, `${door}.js.map`), { force: true });
  }
}

/** Writes down whose work is in the bundles, and under which licence. */
export function copyLicences(folder) {
  for (const name of bundledPackages)
    copyFileSync(join(root, 'node_modules', name, 'LICENSE'), join(folder, licenceOf(name)));
}
