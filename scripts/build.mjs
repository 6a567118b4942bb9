// Builds dist/: ES modules and CommonJS from the same sources, with declarations for both.
import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleLibraries, bundleModules, copyLicences, exportedModules } from './bundle.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const lib = join(root, 'lib');
const dist = join(root, 'dist');
const require = createRequire(import.meta.url);
const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin/tsc');

function compile(form, ...flags) {
  const emit = ['--noEmit', 'false', '--outDir', `dist/${form}`, '--declaration', '--declarationMap'];
  const { status } = spawnSync(process.execPath, [tsc, '-p', '.', ...emit, ...flags], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(status ?? 1);
}

rmSync(dist, { recursive: true, force: true });
compile('esm', '--emitDeclarationOnly');
await bundleModules({ lib, outdir: join(dist, 'esm'), exports: exportedModules() });
// `verbatimModuleSyntax` forbids `import` in a file that is emitted as CommonJS, hence off here only.
const commonjs = ['--module', 'commonjs', '--moduleResolution', 'bundler', '--verbatimModuleSyntax', 'false'];
compile('cjs', '--sourceMap', ...commonjs);
await bundleLibraries({ lib, outdir: join(dist, 'cjs') });
writeFileSync(join(dist, 'cjs/package.json'), '{ "type": "commonjs" }\n');
copyLicences(dist);
