// Builds dist/: ES modules and CommonJS from the same sources, with declarations for both, and the commands. And
// .build/modules, for specs.
//
//   node scripts/build.mjs [--no-check] [--if-needed]
//
//   --no-check    leaves the types of lib/ unchecked, which halves the time
//   --if-needed   leaves dist/ as it is where nothing that it is made of has changed since
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  bundleCommands,
  bundleCommonJS,
  bundledPackages,
  bundleModules,
  compileModules,
  copyLicences,
  exportedModules,
  licenceOf,
} from './bundle.mjs';
import { tsc } from './tsc.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const lib = join(root, 'lib');
const dist = join(root, 'dist');
/** Each file of lib/ as a module of its own, for the specs of the machine, which no export leads to. */
const modules = join(root, '.build/modules');

/** Writes the declarations of lib/, a file for each, which are the same for both forms. */
async function declare(...flags) {
  const emit = ['--noEmit', 'false', '--declaration', '--declarationMap', '--emitDeclarationOnly'];
  const args = [tsc, '-p', '.', ...emit, '--outDir', 'dist/esm', ...flags];
  const [code] = await once(spawn(process.execPath, args, { cwd: root, stdio: 'inherit' }), 'close');
  if (code !== 0) process.exit(code ?? 1);
  const isDeclaration = (path) => statSync(path).isDirectory() || /\.d\.ts(\.map)?$/.test(path);
  cpSync(join(dist, 'esm'), join(dist, 'cjs'), { recursive: true, filter: isDeclaration });
}

/** Checks what runs in browsers, whose globals are other ones. */
async function checkBrowserScripts() {
  const args = [tsc, '-p', 'lib/operator/browser'];
  const [code] = await once(spawn(process.execPath, args, { cwd: root, stdio: 'inherit' }), 'close');
  if (code !== 0) process.exit(code ?? 1);
}

/** A build writes this file last. */
const lastFile = join(dist, licenceOf(bundledPackages[0]));

/** Whether dist/ is newer than all that it is made of. A folder is newer than the files that left it. */
function isUpToDate() {
  if (!existsSync(lastFile) || !existsSync(modules)) return false;
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
for (const folder of [dist, modules]) rmSync(folder, { recursive: true, force: true });
mkdirSync(dist);
const exports = exportedModules();
await Promise.all([
  declare(...unchecked),
  ...(unchecked.length > 0 ? [] : [checkBrowserScripts()]),
  bundleModules({ lib, outdir: join(dist, 'esm'), exports }),
  bundleCommands({ lib, outdir: join(dist, 'cli') }),
  bundleCommonJS({ lib, outdir: join(dist, 'cjs'), exports }),
  compileModules({ lib, outdir: modules }),
]);
copyLicences(dist);
