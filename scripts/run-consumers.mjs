// Installs the packed tarball into real small projects, each in a temporary folder, and runs their tests.
//
//   node scripts/run-consumers.mjs [--no-build] [--some] [name …]
//
// `--no-build` takes the tarball that was packed last, whatever becomes of dist/ meanwhile. `--some` runs one of those that are alike,
// another one each time.
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pack } from './pack.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const consumers = join(root, 'spec/package/consumers');
const atOnce = 2;
// They begin, so that no processor has nothing to do at the end.
const longest = ['bundlers', 'postgres-clients', 'infrastructure', 'stores-oldest', 'jest-swc'];
// Samples with dependencies of their own, which stay out of the root's `npm ci`.
const samples = ['postgres-clients'];
const install = ['install', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'];

const folders = new Map(
  [
    ...readdirSync(consumers).map((name) => join(consumers, name)),
    ...samples.map((name) => join(root, 'samples', name)),
  ]
    .filter((folder) => existsSync(join(folder, 'package.json')))
    .map((folder) => [basename(folder), folder]),
);
const known = [...folders.keys()].sort((one, other) => longest.includes(other) - longest.includes(one));
const given = process.argv.slice(2);
const build = !given.includes('--no-build');
const chosen = given.filter((argument) => !['--no-build', '--some'].includes(argument));
const names = chosen.length > 0 ? chosen : given.includes('--some') ? someOf(known) : known;
const unknown = names.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  console.error(`No such consumer: ${unknown.join(', ')}. There are ${known.join(', ')}.`);
  process.exit(2);
}

/** Of the consumers whose names begin alike, one by chance. */
function someOf(all) {
  const alike = ['jest', 'nest', 'queue', 'types', 'vitest'];
  const left = alike.map((start) => {
    const its = all.filter((name) => name === start || name.startsWith(`${start}-`));
    const chance = Math.floor(Math.random() * its.length);
    return its.filter((_, index) => index !== chance);
  });
  return all.filter((name) => !left.flat().includes(name));
}

const tarball = build ? buildAndPack() : packedLast();

function buildAndPack() {
  const built = spawnSync(process.execPath, ['scripts/build.mjs'], { cwd: root, stdio: 'inherit' });
  if (built.status !== 0) process.exit(1);
  return pack().tarball;
}

function packedLast() {
  const folder = join(root, '.build/package');
  const name = existsSync(folder) && readdirSync(folder).find((file) => file.endsWith('.tgz'));
  if (name) return join(folder, name);
  console.error('No tarball has been packed: run it without --no-build, or `npm run check:package` before.');
  process.exit(1);
}

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

/** Where there is a lock file, lets it hold for everything but this package, which is packed anew each time. */
function unlock(file) {
  if (!existsSync(file)) return false;
  const lock = JSON.parse(readFileSync(file, 'utf8'));
  delete lock.packages['node_modules/retrysafe'];
  writeFileSync(file, JSON.stringify(lock));
  return true;
}

/** The folder of an application that several consumers run, each with packages of its own. */
function sourceOf(folder) {
  const { consumer } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return consumer && join(consumers, consumer.source);
}

async function runConsumer(name) {
  const started = Date.now();
  const folder = mkdtempSync(join(tmpdir(), `retrysafe-${name}-`));
  try {
    const isSource = (path) => !['node_modules', 'dist', 'generated'].includes(basename(path));
    cpSync(folders.get(name), folder, { recursive: true, filter: isSource });
    const source = sourceOf(folder);
    if (source) cpSync(source, folder, { recursive: true });
    if (existsSync(join(folder, 'src')))
      cpSync(join(consumers, 'shared'), join(folder, 'src'), { recursive: true });
    cpSync(tarball, join(folder, 'retrysafe.tgz'));
    const lock = unlock(join(folder, 'package-lock.json')) ? [] : ['--no-package-lock'];
    const installed = await run(folder, 'npm', ...install, ...lock);
    const installedAt = Date.now();
    const tested = installed.ok ? await run(folder, 'npm', 'test', '--silent') : installed;
    const installSeconds = ((installedAt - started) / 1000).toFixed(1);
    const testSeconds = ((Date.now() - installedAt) / 1000).toFixed(1);
    const times = `installed in ${installSeconds} s, tested in ${testSeconds} s`;
    console.log(`${tested.ok ? 'passed' : 'FAILED'}  ${name.padEnd(18)} ${times}`);
    const told = tested.ok ? tested.output.match(/^(PENDING|Clients:).*$/gm)?.join('\n') : tested.output;
    if (told) console.log(told.replace(/^/gm, '    '));
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
