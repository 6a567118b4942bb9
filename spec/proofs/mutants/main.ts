// Negative controls: the library with one flaw at a time, each of which some checker must notice.
//
//   npm run mutants -- [--only=<name>]… [--thorough] [--jobs=2] [--control-every=<number>] [--report=<file>]
//   npm run mutants -- --untouched        lists the functions that no mutant changes yet
import { orEnd } from '../../support/command-line.js';
import { seed, shuffler } from '../../support/random.js';
import { report } from '../../support/report.js';
import { type Checker, nameOf } from './checkers.js';
import { controls, endAll, isThere } from './checking.js';
import { compileFaults } from './compiling.js';
import { type Mutant, mutated, OutOfDate } from './mutant.js';
import { flawsOfTheMachine, mutants } from './mutants.js';
import { type Options, optionsOf } from './options.js';
import { PackageCopy, removeCopies, sourceOf } from './package-copy.js';
import { line, matrix, trialTable } from './table.js';
import { allCheckers, type Trial, tried, verdictOn } from './trial.js';
import { untouched } from './untouched.js';

const command = 'npm run mutants --';

function fail(what: string, repeat: string): void {
  console.log(`VIOLATION: ${what}\n${repeat}`);
  process.exitCode = 1;
}

function copyOf(mutant: Mutant): PackageCopy {
  return new PackageCopy(mutant.name, mutated(mutant, sourceOf));
}

/** Does all the work, as much of it as `jobs` says at a time. */
async function doAll(work: readonly (() => Promise<void>)[], jobs: number): Promise<void> {
  const left = [...work];
  const worker = async () => {
    for (let next = left.shift(); next; next = left.shift()) await next();
  };
  await Promise.all(Array.from({ length: jobs }, worker));
}

/** Whether the checkers find nothing wrong with the library as it is, compiled in the same way. */
async function isSound({ mutants: tryOut, thorough, controlEvery }: Options): Promise<boolean> {
  const files = new Set(tryOut.flatMap(({ changes }) => changes.map(({ file }) => file)));
  const copy = new PackageCopy('unchanged', new Map([...files].map((file) => [file, sourceOf(file)])));
  copy.writeSources();
  await copy.build();
  const checkers = thorough ? allCheckers(mutants) : tryOut.flatMap(({ caughtBy }) => caughtBy);
  const findings = await controls(copy, oneIn(controlEvery, different(checkers.filter(isThere))));
  for (const [checker, finding] of findings) {
    if (finding.kind === 'passed') continue;
    if (finding.kind === 'pending') {
      console.log(`PENDING: ${checker}: ${finding.why}`);
      continue;
    }
    const why = finding.kind === 'caught' ? `${finding.by[0]}: ${finding.words}` : finding.why;
    fail(
      `what should catch mutants finds fault with the library as it is: ${checker}: ${why}`,
      `${command} --only=${tryOut[0]?.name}`,
    );
    return false;
  }
  copy.remove();
  return true;
}

/** One in so many, chosen by the seed. */
function oneIn<T>(many: number, all: readonly T[]): T[] {
  return shuffler(seed)(all).slice(0, Math.ceil(all.length / many));
}

/** The checkers, each once. */
function different(checkers: readonly Checker[]): Checker[] {
  return [...new Map(checkers.map((checker) => [nameOf(checker), checker])).values()];
}

async function main(options: Options): Promise<void> {
  const given = {
    ...options,
    mutants: options.every === 1 ? options.mutants : oneIn(options.every, options.mutants.filter(runsHere)),
  };
  if (given.untouched) return list(given.mutants);
  removeCopies();
  const started = Date.now();
  const copies = new Map(given.mutants.map((mutant) => [mutant, copyOf(mutant)]));
  for (const copy of copies.values()) copy.writeSources();
  const faults = compileFaults([...copies.values()]);
  if (faults.length > 0) return fail(`mutants do not compile:\n${faults.join('\n')}`, command);

  const done = new Map<Mutant, Trial>();
  const tryOut = async (mutant: Mutant) => {
    const copy = copies.get(mutant) as PackageCopy;
    const checkers = given.thorough ? allCheckers(mutants) : mutant.caughtBy;
    const trial = await tried(mutant, copy, checkers, given);
    done.set(mutant, trial);
    console.log(line(trial));
    // A mutant that survived stays on disk, to be inspected.
    if (verdictOn(trial) === 'caught') copy.remove();
  };
  // It takes the longest, and is one process: the mutants are tried beside it.
  let sound = false;
  const proveSound = async () => {
    sound = await isSound(given);
  };
  await doAll([proveSound, ...given.mutants.map((mutant) => () => tryOut(mutant))], given.jobs);
  // Nothing that the checkers say of a mutant counts where they say it of the library as well.
  if (!sound) return;

  const trials = given.mutants.map((mutant) => done.get(mutant) as Trial);
  const uncaught = trials.filter((trial) => verdictOn(trial) !== 'caught');
  for (const trial of uncaught) {
    const verdict = verdictOn(trial);
    // In CI everything is there.
    if (verdict === 'PENDING' && !process.env.CI) console.log(`PENDING: ${line(trial)}`);
    else fail(line(trial), `${command} --only=${trial.mutant.name}`);
  }
  report('Negative controls', body(given, trials, (Date.now() - started) / 1_000), given.report);
}

function body({ thorough, jobs, controlEvery }: Options, trials: readonly Trial[], seconds: number): string {
  const count = (verdict: string) => trials.filter((trial) => verdictOn(trial) === verdict).length;
  const first = new Map<string, number>();
  for (const { findings } of trials) {
    const by = findings.find(({ finding }) => finding.kind === 'caught');
    if (by) first.set(kindOf(by.checker), (first.get(kindOf(by.checker)) ?? 0) + 1);
  }
  const others = (['SURVIVED', 'BROKEN', 'PENDING'] as const)
    .filter((verdict) => count(verdict) > 0)
    .map((verdict) => `, ${count(verdict)} ${verdict}`)
    .join('');
  const who = [...first].map(([kind, times]) => `${times} by ${kind}`).join(', ');
  const atFirst = trials.filter(({ mutant }) => mutant.survivedAtFirst).length;
  const ofMachine = trials.filter(({ mutant }) => flawsOfTheMachine.includes(mutant));
  const ofMachineAtFirst = ofMachine.filter(({ mutant }) => mutant.survivedAtFirst).length;
  return [
    `${trials.length} flawed versions of the library: ${count('caught')} were caught${others}. What caught them first: ${who}.`,
    `${atFirst} of them survived at first. A spec was then written or corrected for each; ${count('SURVIVED')} survive now.`,
    `${ofMachine.length} of them were written for the state machine of the engine; ${ofMachineAtFirst} of those survived at first.`,
    `The unchanged library passes ${controlEvery === 1 ? 'all' : `one in ${controlEvery}`} of these checks. The run took ${Math.round(seconds)} s, with ${jobs} at a time. To repeat: \`${command}${thorough ? ' --thorough' : ''}\`.`,
    trialTable(trials),
    ...(thorough ? [matrix(trials)] : []),
  ].join('\n\n');
}

function list(all: readonly Mutant[]): void {
  const found = untouched(all);
  for (const [file, functions] of found)
    console.log(`${file}: ${functions.map(({ name, from }) => `${name} (${from})`).join(', ')}`);
  const count = [...found.values()].reduce((sum, functions) => sum + functions.length, 0);
  console.log(`${count} functions of ${found.size} files are changed by no mutant.`);
}

function kindOf(checker: string): string {
  return checker === 'model' || checker === 'simulation' ? `the ${checker}` : 'specs';
}

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.once(signal, () => {
    endAll();
    process.exit(code);
  });
}
try {
  await main(orEnd(() => optionsOf(process.argv.slice(2), mutants)));
} catch (error) {
  if (!(error instanceof OutOfDate)) throw error;
  fail(error.message, command);
}

/** Whether what catches it runs on this Node.js. */
function runsHere({ needsNode = 0 }: Mutant): boolean {
  return Number.parseInt(process.versions.node, 10) >= needsNode;
}
