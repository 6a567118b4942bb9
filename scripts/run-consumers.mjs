// Installs the packed tarball into real small projects, each in a temporary folder, and runs their tests.
//
//   node scripts/run-consumers.mjs [name …]
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pack } from './pack.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const consumers = join(root, 'spec/consumers');
const atOnce = 2;
const install = [
  'install',
  '--no-audit',
  '--no-fund',
  '--no-package-lock',
  '--prefer-offline',
  '--loglevel=error',
];

const known = readdirSync(consumers).filter((name) => existsSync(join(consumers, name, 'package.json')));
const names = process.argv.length > 2 ? process.argv.slice(2) : known;
const unknown = names.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  console.error(`No such consumer: ${unknown.join(', ')}. There are ${known.join(', ')}.`);
  process.exit(2);
}

const built = spawnSync(process.execPath, ['scripts/build.mjs'], { cwd: root, stdio: 'inherit' });
if (built.status !== 0) process.exit(1);
const { tarball } = pack();

/** Runs a command to its end, and resolves to whether it succeeded and what it printed. */
function run(cwd, command, ...args) {
  return new Promise((resolve) => {
    // What `npm run` tells its scripts about this project must not reach the consumer's own npm.
    const ours = /^(npm_(package|lifecycle)_|npm_config_local_prefix$|NODE_OPTIONS$|INIT_CWD$)/;
    const inherited = Object.entries(process.env).filter(([name]) => !ours.test(name));
    const env = { ...Object.fromEntries(inherited), NO_COLOR: '1', TMPDIR: cwd };
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: 300_000 });
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    child.stderr.on('data', (chunk) => {
      output += chunk;
    });
    child.on('close', (code) => resolve({ ok: code === 0, output }));
  });
}

async function runConsumer(name) {
  const started = Date.now();
  const folder = mkdtempSync(join(tmpdir(), `retrysafe-${name}-`));
  try {
    cpSync(join(consumers, name), folder, { recursive: true });
    if (existsSync(join(folder, 'src')))
      cpSync(join(consumers, 'shared'), join(folder, 'src'), { recursive: true });
    cpSync(tarball, join(folder, 'retrysafe.tgz'));
    const installed = await run(folder, 'npm', ...install);
    const installedAt = Date.now();
    const tested = installed.ok ? await run(folder, 'npm', 'test', '--silent') : installed;
    const installSeconds = ((installedAt - started) / 1000).toFixed(1);
    const testSeconds = ((Date.now() - installedAt) / 1000).toFixed(1);
    const times = `installed in ${installSeconds} s, tested in ${testSeconds} s`;
    console.log(`${tested.ok ? 'passed' : 'FAILED'}  ${name.padEnd(18)} ${times}`);
    if (!tested.ok) console.log(tested.output.replace(/^/gm, '    '));
    return tested.ok;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const queue = [...names];
const results = [];
async function work() {
  for (let name = queue.shift(); name !== undefined; name = queue.shift())
    results.push(await runConsumer(name));
}
await Promise.all(Array.from({ length: atOnce }, work));
const passed = results.filter(Boolean).length;
console.log(`Consumers: ${passed} passed, ${results.length - passed} failed`);
process.exitCode = passed === names.length ? 0 : 1;
