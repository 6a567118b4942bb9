import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { bench, bundles, root } from './places.mjs';

/** The handlers, in the order in which they are printed. */
export const handlers = {
  bare: 'no idempotency',
  retrysafe: 'retrysafe',
  powertools: 'AWS Powertools',
};

const extensions = { cjs: 'cjs', esm: 'mjs' };
export const formats = Object.keys(extensions);

/** Bundles every handler in every format, as `sam build` does, and resolves to the bundles with their sizes. */
export async function bundleHandlers() {
  const made = [];
  for (const format of formats) {
    for (const handler of Object.keys(handlers))
      made.push(await bundle(handler, join(bench, 'size/handlers', `${handler}.ts`), format));
  }
  return made;
}

/** Bundles the sample application, three functions over one service, and resolves to the bundle with its sizes. */
export function bundleSample() {
  return bundle('retrysafe', join(root, 'samples/pre-fund/app/functions.ts'), 'cjs', 'sample');
}

async function bundle(handler, entryPoint, format, name = handler) {
  const file = join(bundles, `${name}.${extensions[format]}`);
  const { metafile } = await build({
    absWorkingDir: bench,
    entryPoints: [entryPoint],
    outfile: file,
    bundle: true,
    minify: true,
    // An operation is named after its class. Powertools names none.
    keepNames: handler === 'retrysafe',
    platform: 'node',
    target: 'node22',
    format,
    external: ['@aws-sdk/*'],
    alias: builtPackage(),
    tsconfigRaw: { compilerOptions: { experimentalDecorators: true } },
    metafile: true,
    logLevel: 'warning',
  });
  const text = readFileSync(file);
  return {
    handler,
    format,
    file,
    metafile,
    minified: text.length,
    gzipped: gzipSync(text, { level: 9 }).length,
  };
}

/** Where the exports of the package lead that an `import` of it gets. */
function builtPackage() {
  const { name, exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return Object.fromEntries(
    Object.entries(exports)
      .filter(([, target]) => target.import)
      .map(([subpath, target]) => [join(name, subpath), join(root, target.import.default)]),
  );
}
