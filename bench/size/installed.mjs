import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { bench, root } from './places.mjs';

const require = createRequire(import.meta.url);

/** Installs what bench/ needs, unless it is there, and checks the handlers' types, which the bundler does not check. */
export function prepare() {
  const installed = join(bench, 'node_modules/.package-lock.json');
  const lock = join(bench, 'package-lock.json');
  if (!existsSync(installed) || statSync(installed).mtimeMs < statSync(lock).mtimeMs) {
    console.error('Installing what bench/ needs …');
    must('npm', 'ci', '--prefix', bench, '--no-audit', '--no-fund', '--loglevel=error');
  }
  must(process.execPath, join(root, 'node_modules/typescript/bin/tsc'), '-p', bench);
}

function must(command, ...args) {
  const { status } = spawnSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed`);
}

/** Node.js 22 where it is installed for this machine, else the one that runs this. */
export function node22() {
  if (process.versions.node.startsWith('22.')) return process.execPath;
  try {
    return require.resolve(`node-${process.platform}-${process.arch}/bin/node`);
  } catch {
    return process.execPath;
  }
}

/** Without what would change how Node.js starts or what the libraries do. */
export function plainEnvironment() {
  const telling = /^(NODE_|AWS_|POWERTOOLS_|IDEMPOTENCY_|npm_)/i;
  const rest = Object.entries(process.env).filter(([name]) => !telling.test(name));
  return {
    ...Object.fromEntries(rest),
    // The AWS SDK announces the end of Node.js 20, which is no news here.
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    AWS_REGION: 'eu-west-1',
    TABLE_NAME: 'idempotency',
  };
}
