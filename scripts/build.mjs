// Builds dist/: ES modules and CommonJS from the same sources, with declarations for both.
//
//   node scripts/build.mjs [--no-check] [--if-needed]
//
//   --no-check    leaves the types of lib/ unchecked, which halves the time
//   --if-needed   leaves dist/ as it is where nothing that it is made of has changed since
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  bundledPackages,
  bundleLibraries,
  bundleModules,
  copyLicences,
  exportedModules,
  licenceOf,
} from './bundle.mjs';
import { tsc } from './tsc.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const lib = join(root, 'lib');
const dist = join(root, 'dist');

/** Compiles lib/ into one form. Both forms have the same types, so one of them is enough to check. */
function compile(form, ...flags) {
  const emit = ['--noEmit', 'false', '--outDir', `dist/${form}`, '--declaration', '--declarationMap'];
  return new Promise((resolve) => {
    const args = [tsc, '-p', '.', ...emit, ...flags];
    spawn(process.execPath, args, { cwd: root, stdio: 'inherit' }).on('close', (code) => {
      if (code !== 0) process.exit(code ?? 1);
      resolve();
    });
  });
}

async function buildModules() {
  await bundleModules({ lib, outdir: join(dist, 'esm'), exports: exportedModules() });
}

async function buildCommonJS() {
  // `verbatimModuleSyntax` forbids `import` in a file that is emitted as CommonJS, hence off here only.
  const commonjs = [
    '--module',
    'commonjs',
    '--moduleResolution',
    'bundler',
    '--verbatimModuleSyntax',
    'false',
  ];
  await compile('cjs', '--sourceMap', '--noCheck', ...commonjs);
  await bundleLibraries({ lib, outdir: join(dist, 'cjs') });
  writeFileSync(join(dist, 'cjs/package.json'), '{ "type": "commonjs" }\n');
}

/** A build writes this file last. */
const lastFile = join(dist, licenceOf(bundledPackages[0]));

/** Whether dist/ is newer than all that it is made of. A folder is newer than the files that left it. */
function isUpToDate() {
  if (!existsSync(lastFile)) return false;
  const builtAt = statSync(lastFile).mtimeMs;
  const sources = readdirSync(lib, { recursive: true }).map((path) => join(lib, path));
  const others = [
    'package.json',
    'package-lock.json',
    'tsconfig.json',
    'scripts/build.mjs',
    'scripts/bundle.mjs',
  ];
  return [lib, ...sources, ...others.map((path) => join(root, path))].every(
    (path) => statSync(path).mtimeMs < builtAt,
  );
}

if (process.argv.includes('--if-needed') && isUpToDate()) process.exit(0);
const unchecked = process.argv.includes('--no-check') ? ['--noCheck'] : [];
rmSync(dist, { recursive: true, force: true });
mkdirSync(dist);
await Promise.all([compile('esm', '--emitDeclarationOnly', ...unchecked), buildModules(), buildCommonJS()]);
copyLicences(dist);
