import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { bench, root } from './places.mjs';

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

/** The Node.js at these paths, after the one that runs this. */
export function nodesAt(paths) {
  return [process.execPath, ...paths].map((path) => {
    const version = execFileSync(path, ['--version'], { encoding: 'utf8' }).trim().slice(1);
    return { path, version, major: Number.parseInt(version, 10) };
  });
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
