// Builds the package, compiles the specs once per decorator mode (type specs included) and runs each mode in mocha
// processes of its own: in a shared process the second mode would be answered from the first one's outcomes. Specs
// without any decorator run in standard mode only. Each folder is a process, and there is one more of these at a time than
// there are processors, since most of them wait for something now and then.
//
//   node scripts/run-specs.mjs [--mode=standard|legacy] [--no-build] [--node=<path>] [--without=<path>,…]
//                               [--at-once=<number>] [mocha's options]
//
// `--without` leaves out spec files whose paths, without `spec/`, begin so.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);
const projects = { standard: 'spec', legacy: 'spec/tsconfig.legacy.json' };
const exitGrace = 10_000;

let modes = Object.keys(projects);
let build = true;
let node = process.execPath;
let without = [];
let atOnce = availableParallelism() + 1;
const mochaOptions = [];
for (const argument of process.argv.slice(2)) {
  const [name, value] = argument.split('=');
  if (name === '--mode') modes = [value];
  else if (name === '--no-build') build = false;
  else if (name === '--node') node = value;
  else if (name === '--without') without = value.split(',');
  else if (name === '--at-once') atOnce = Number(value);
  else mochaOptions.push(argument);
}
if (!modes.every((mode) => mode in projects)) {
  console.error(`Unknown mode '${modes}': use one of ${Object.keys(projects).join(', ')}.`);
  process.exit(2);
}
if (process.env.CI) mochaOptions.push('--forbid-only');

/** Runs node with the arguments and resolves to its exit code. */
function run(...args) {
  return new Promise((resolve) => {
    spawn(process.execPath, args, { cwd: root, stdio: 'inherit' }).on('close', (code) => resolve(code ?? 1));
  });
}

async function compileSpecs(mode) {
  rmSync(join(root, `.build/spec-${mode}`), { recursive: true, force: true });
  const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin/tsc');
  const code = await run(tsc, '-p', projects[mode]);
  if (code !== 0) console.error(`The specs do not compile with ${mode} decorators.`);
  return code;
}

// What takes longest begins first, so that nothing long is left for the end, when one processor would have nothing to do.
const longest = [
  ...['proofs/hostile', 'proofs/soak', 'stores/postgres', 'package/samples', 'stores/matrix', 'stores/redis'],
  ...['stores/dynamodb', 'proofs/cost', 'engine', 'stores/sqlite', 'proofs/simulation'],
];

/** What a spec runs together with: a folder is a process, and so is each folder of these. */
const parted = ['stores', 'package', 'proofs'];
function partOf(file) {
  const [folder, inner] = file.split(sep);
  return parted.includes(folder) ? `${folder}/${inner}` : folder;
}

/**
 * Whether a compiled file, or one that it loads, has a decorator. Where none has, it is the same program in both modes,
 * and runs in one.
 */
function hasDecorators(file, seen = new Set()) {
  if (seen.has(file) || !existsSync(file)) return false;
  seen.add(file);
  const text = readFileSync(file, 'utf8');
  if (/\b__(es)?[dD]ecorate\b/.test(text)) return true;
  const loaded = [...text.matchAll(/['"](\.{1,2}\/[^'"]+\.js)['"]/g)];
  return loaded.some(([, path]) => hasDecorators(join(dirname(file), path), seen));
}

/** What runs in one process each, in one mode. */
function jobsOf(mode) {
  const folder = join(root, `.build/spec-${mode}`);
  const files = readdirSync(folder, { recursive: true })
    .filter((file) => file.endsWith('.spec.js') && !without.some((path) => file.startsWith(path)))
    .filter((file) => mode === 'standard' || hasDecorators(join(folder, file)))
    .sort();
  return [...new Set(files.map(partOf))].map((part) => ({
    mode,
    part,
    files: files.filter((file) => partOf(file) === part).map((file) => join(folder, file)),
  }));
}

/** The place of a part in the queue. */
function place(part) {
  return longest.includes(part) ? longest.indexOf(part) : longest.length;
}

// A run that is interrupted says where it was.
const running = new Set();
process.once('SIGTERM', () => {
  for (const { child, tell } of running) {
    tell();
    child.kill();
  }
  process.exit(1);
});

/** Runs one job's specs and resolves to their totals, with `passed` 0 and `failed` 1 when mocha itself breaks. */
function runSpecs({ mode, part, files }) {
  const mocha = join(dirname(require.resolve('mocha/package.json')), 'bin/mocha.js');
  const colour = process.stdout.isTTY && !process.env.NO_COLOR ? ['--color'] : [];
  const args = ['--enable-source-maps', mocha, ...colour, ...mochaOptions, ...files];
  const started = Date.now();
  const title = `${mode} decorators, Node.js ${version}: ${part}`;
  console.log(`${title}, ${files.length} files …`);
  return new Promise((resolve) => {
    // The AWS SDK announces the end of Node.js 20 in every process; a spec that reads warnings would get it.
    const env = { ...process.env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' };
    const child = spawn(node, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let printed = '';
    let grace;
    let leaked = false;
    child.stdout.on('data', (chunk) => {
      printed += chunk;
      output += chunk;
      if (!/^ +\d+ passing/m.test(plain(output))) return;
      clearTimeout(grace);
      grace = setTimeout(() => {
        leaked = true;
        child.kill('SIGKILL');
      }, exitGrace);
    });
    child.stderr.on('data', (chunk) => {
      printed += chunk;
    });
    const job = { child, tell: () => console.log(`\n${title}, unfinished\n${printed}`) };
    running.add(job);
    child.on('close', (code) => {
      clearTimeout(grace);
      running.delete(job);
      // All at once, since another job prints as well.
      console.log(`\n${title}\n${printed}`);
      const passed = count(output, 'passing');
      const pending = count(output, 'pending');
      let failed = count(output, 'failing');
      const failures = failuresIn(output);
      if (leaked) failures.push('a handle left open by a spec kept the process alive');
      else if (code !== 0 && failed === 0) failures.push(`mocha ended with exit code ${code}`);
      failed = Math.max(failed, failures.length);
      const seconds = (Date.now() - started) / 1000;
      resolve({ mode, part, passed, failed, pending, seconds, failures });
    });
  });
}

function plain(text) {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with the escape character.
  return text.replace(/\u001b\[\d*m/g, '');
}

function count(output, word) {
  const found = [...plain(output).matchAll(new RegExp(`^ +(\\d+) ${word}\\b`, 'gm'))].at(-1);
  return found ? Number(found[1]) : 0;
}

/** What mocha's reporters list after their counts: for each failure its title and what was wrong, in one line. */
function failuresIn(output) {
  const list =
    plain(output)
      .split(/^ +\d+ failing$/m)
      .at(1) ?? '';
  return list
    .split(/^ {2}(?=\d+\) )/m)
    .slice(1)
    .map((failure) => {
      const [title = '', wrong = ''] = failure.split(/:\n\s*\n?/);
      const [, words] = wrong.match(/^ *(\S.*)/m) ?? [];
      return `${title.replace(/^\d+\) /, '').replace(/\s+/g, ' ')}: ${words ?? 'see above'}`.slice(0, 400);
    });
}

if (build) {
  if ((await run('scripts/build.mjs')) !== 0) process.exit(1);
  const codes = await Promise.all(modes.map(compileSpecs));
  if (codes.some((code) => code !== 0)) process.exit(1);
}
const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim().slice(1);
const queue = modes.flatMap(jobsOf).sort((one, other) => place(one.part) - place(other.part));
const totals = [];
async function work() {
  for (let job = queue.shift(); job; job = queue.shift()) totals.push(await runSpecs(job));
}
await Promise.all(Array.from({ length: atOnce }, work));
for (const { mode, part, passed, failed, pending, seconds } of totals) {
  const counts = `${passed} passed, ${failed} failed, ${pending} pending`;
  console.log(`specs, ${mode} decorators, Node.js ${version}, ${part}: ${counts} in ${seconds.toFixed(1)} s`);
}
for (const { mode, part, failures } of totals) {
  for (const failure of failures)
    console.log(`FAILED: ${mode} decorators, Node.js ${version}, ${part}: ${failure}`);
}
process.exitCode = totals.every(({ passed, failed }) => failed === 0 && passed > 0) ? 0 : 1;
