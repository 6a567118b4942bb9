// Builds the package, compiles the specs and runs them in mocha processes. Most of them wait now and then, so there are more of
// them at a time than processors.
//
//   node scripts/run-specs.mjs [<word> …] [--core | --all] [--mode=standard|legacy] [--no-build] [--node=<path>]
//                              [--without=<path>,…] [--at-once=<number>] [mocha's options]
//
//   (nothing)    what a user would notice, in both decorator modes
//   <word>       the spec files whose path has one of the words, whatever run they belong to
//   --grep <x>   the tests whose title has x, of the files with these words or of those that would run without --grep
//   --core       what needs no server, in standard mode: see spec-files.mjs, which says which file belongs to which run
//   --all        everything, and the types of the specs
//   --mode       one decorator mode. With a word or --grep it is standard mode, but for files that are only in the other
//   --no-build   takes dist/ and the compiled specs as they are
//   --node       runs the specs on another Node.js
//   --without    leaves out spec files whose path, without `spec/`, begins so
//   --at-once    how many processes run at a time
//
// The modes never share a process: the second one would replay the outcomes of the first one.
import { execFileSync, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, sep } from 'node:path';
import { build } from 'esbuild';
import { runMocha } from './mocha-process.mjs';
import {
  compiledFile,
  filesIn,
  filesOfSpec,
  isLongIn,
  isOnlyIn,
  jobsByPart,
  jobsOfEqualSize,
  longestFirst,
  modes,
  projects,
  root,
  specFiles,
} from './spec-files.mjs';
import { tsc } from './tsc.mjs';

const options = readOptions(process.argv.slice(2));
const files = specFiles(options);
if (files.length === 0) end(`No spec file has ${options.words.join(' or ')} in its path.`, 2);
// To check the types of the specs takes ten times as long as to compile them.
const isChecked = options.run === 'all' && !options.isChosen;
const chosenModes = options.mode ? [options.mode] : modesOf(files);

if (options.build) {
  // Only a run of everything checks types, for which the specs need the declarations of dist/.
  const library = run('scripts/build.mjs', ...(isChecked ? [] : ['--no-check', '--if-needed']));
  if (isChecked && (await library) !== 0) process.exit(1);
  const codes = await Promise.all([library, ...chosenModes.map(compileSpecs)]);
  if (codes.some((code) => code !== 0)) process.exit(1);
}
const version = execFileSync(options.node, ['--version'], { encoding: 'utf8' }).trim().slice(1);
const totals = await runJobs(chosenModes.flatMap(jobsOf).sort(longestFirst));
report(totals);

function readOptions(given) {
  const valued = /^(-[gftRrs]|--(grep|fgrep|timeout|reporter|reporter-options?|require|retries|slow))$/;
  const read = {
    words: [],
    run: 'usual',
    build: true,
    node: process.execPath,
    without: [],
    mochaOptions: [],
  };
  read.atOnce = undefined;
  for (let index = 0; index < given.length; index += 1) {
    const argument = given[index];
    const [name, value] = argument.split('=');
    if (name === '--mode') read.mode = value;
    else if (name === '--core') read.run = 'core';
    else if (name === '--all') read.run = 'all';
    else if (name === '--no-build') read.build = false;
    else if (name === '--node') read.node = value;
    else if (name === '--without') read.without = value.split(',');
    else if (name === '--at-once') read.atOnce = Number(value);
    else if (!argument.startsWith('-')) read.words.push(argument.replace(/^(\.\/)?spec\//, ''));
    else if (valued.test(argument)) read.mochaOptions.push(argument, given[++index]);
    else read.mochaOptions.push(argument);
  }
  if (read.mode && !modes.includes(read.mode))
    end(`Unknown mode '${read.mode}': use ${modes.join(' or ')}.`, 2);
  const isSearch = read.mochaOptions.some((option) => /^(-[gf]|--f?grep)\b/.test(option));
  read.isChosen = read.words.length > 0 || isSearch;
  read.atOnce ??= availableParallelism() + (read.run === 'usual' ? 2 : 1);
  if (process.env.CI)
    read.mochaOptions.push('--forbid-only', '--require', join(root, 'scripts/patient-timeouts.mjs'));
  // The titles of thousands of tests are of no use on a screen.
  else if (!read.isChosen && !read.mochaOptions.some((option) => /^(-R|--reporter)\b/.test(option)))
    read.mochaOptions.push('--reporter=dot');
  return read;
}

/** The modes that the files need. Chosen files that can run in both run in one. */
function modesOf(files) {
  if (!options.isChosen) return options.run === 'core' ? ['standard'] : modes;
  return modes.filter((mode) => files.some((file) => modeOfChoice(file) === mode));
}

function modeOfChoice(file) {
  return modes.find((mode) => isOnlyIn(mode, file)) ?? 'standard';
}

/** Runs node with the arguments and resolves to its exit code. */
function run(...args) {
  return new Promise((resolve) => {
    spawn(process.execPath, args, { cwd: root, stdio: 'inherit' }).on('close', (code) => resolve(code ?? 1));
  });
}

/**
 * Compiles the specs of a mode. The core's are compiled by esbuild, in a tenth of the time. All other runs take the compiler
 * of most users: esbuild names some classes differently, and does not know the metadata of legacy decorators.
 */
async function compileSpecs(mode) {
  const outdir = join(root, `.build/spec-${mode}`);
  rmSync(outdir, { recursive: true, force: true });
  const isCore = options.run === 'core' && !options.isChosen;
  const code = await (isCore ? transformSpecs(outdir) : compileByTsc(mode));
  if (code !== 0) console.error(`The specs do not compile with ${mode} decorators.`);
  return code;
}

async function transformSpecs(outdir) {
  const sources = filesOfSpec()
    .filter((file) => file.endsWith('.ts') && !file.startsWith('package/consumers/'))
    .map((file) => join('spec', file))
    .filter((file) => !file.split(sep).includes('legacy'));
  const settings = {
    format: 'esm',
    target: 'es2022',
    sourcemap: true,
    keepNames: true,
    tsconfig: 'spec/tsconfig.json',
  };
  const { errors } = await build({
    ...settings,
    absWorkingDir: root,
    entryPoints: sources,
    outbase: 'spec',
    outdir,
  }).catch((failure) => failure);
  return errors.length;
}

function compileByTsc(mode) {
  return run(tsc, '-p', projects[mode], ...(isChecked ? [] : ['--noCheck']));
}

function jobsOf(mode) {
  if (options.isChosen) {
    const its = options.mode ? files : files.filter((file) => modeOfChoice(file) === mode);
    return jobsOfEqualSize(
      mode,
      filesIn(mode, its, { withoutDecorators: true }),
      Math.min(options.atOnce, Math.ceil(its.length / 4)),
    );
  }
  const its = filesIn(mode, files).filter((file) => options.run === 'all' || !isLongIn(mode, file));
  return options.run === 'core' ? jobsOfEqualSize(mode, its, options.atOnce) : jobsByPart(mode, its);
}

async function runJobs(queue) {
  const done = [];
  async function work() {
    for (let job = queue.shift(); job; job = queue.shift()) {
      const { mode, part } = job;
      const title = `${mode} decorators, Node.js ${version}: ${part}`;
      const { node, mochaOptions } = options;
      const paths = job.files.map((file) => compiledFile(mode, file));
      done.push({ mode, part, ...(await runMocha({ title, files: paths, node, mochaOptions })) });
    }
  }
  await Promise.all(Array.from({ length: options.atOnce }, work));
  return done;
}

/** Prints the counts of each process, then what could not run, then what failed. */
function report(totals) {
  for (const { mode, part, passed, failed, pending, seconds } of totals) {
    const counts = `${passed} passed, ${failed} failed, ${pending} pending`;
    console.log(
      `specs, ${mode} decorators, Node.js ${version}, ${part}: ${counts} in ${seconds.toFixed(1)} s`,
    );
  }
  for (const obstacle of new Set(totals.flatMap(({ obstacles }) => obstacles)))
    console.log(`PENDING: ${obstacle}`);
  for (const { mode, part, failures } of totals) {
    for (const failure of failures)
      console.log(`FAILED: ${mode} decorators, Node.js ${version}, ${part}: ${failure}`);
  }
  const passed = totals.reduce((sum, total) => sum + total.passed, 0);
  const failed = totals.reduce((sum, total) => sum + total.failed, 0);
  if (failed === 0 && passed === 0)
    end('No test passed: nothing has such a title, or nothing of it can run here.', 1);
  process.exitCode = failed === 0 ? 0 : 1;
}

function end(message, code) {
  console.error(message);
  process.exit(code);
}
