// Runs one of the proofs under spec/proofs/: builds the package, compiles the specs, and runs the folder's `main`.
//
//   node scripts/run-proof.mjs <folder> [--no-build] [the proof's options]
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { tsc } from './tsc.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [folder, ...given] = process.argv.slice(2);
const options = given.filter((option) => option !== '--no-build');

function run(...args) {
  // The AWS SDK announces the end of Node.js 20 in every process.
  const env = { ...process.env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' };
  const { status } = spawnSync(process.execPath, args, { cwd: root, env, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

if (options.length === given.length) {
  run('scripts/build.mjs');
  // `npm run check:types` checks the types.
  run(tsc, '-p', 'spec', '--noCheck');
}
run(
  '--enable-source-maps',
  '--expose-gc',
  join(root, '.build/spec-standard/proofs', folder, 'main.js'),
  ...options,
);
