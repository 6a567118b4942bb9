// Explores every history of the scenarios in scenarios.ts, within their bounds, with the engine's machine.
//
//   npm run check:model -- [--depth=quick|usual|deep] [--only=<part of a scenario's name>]
//                          [--without=<part of a scenario's name>] [--every=<number>] [--states=<most per scenario>]
//                          [--jobs=<threads>] [--stop-at-first] [--trace=<choices>] [--report=<file>]
//
//   --every   explores one scenario in so many, chosen by SIMULATION_SEED
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import {
  namedLike,
  oneOf,
  optionsGiven,
  orEnd,
  WrongOption,
  wholeNumber,
} from '../../support/command-line.js';
import { seed, shuffler } from '../../support/random.js';
import { report, table } from '../../support/report.js';
import { everyFault, type Scenario } from './scenario.js';
import { type Depth, scenarios } from './scenarios.js';
import { repeat, type Violation } from './search.js';
import type { Order, Report } from './worker.js';

const depths: readonly Depth[] = ['quick', 'usual', 'deep'];

const { depth, chosen, states, jobs, values } = orEnd(options);

if (values.trace !== undefined) showTrace(chosen[0] as Scenario, values.trace.split('.').map(Number));
else await exploreAll();

function options() {
  const values = optionsGiven({
    depth: { type: 'string', default: 'usual' },
    only: { type: 'string', default: '' },
    without: { type: 'string' },
    every: { type: 'string', default: '1' },
    states: { type: 'string', default: '60000000' },
    jobs: { type: 'string', default: String(availableParallelism()) },
    'stop-at-first': { type: 'boolean', default: false },
    trace: { type: 'string' },
    report: { type: 'string' },
  });
  const depth = oneOf('depth', values.depth, depths);
  const { without } = values;
  const named = namedLike('only', values.only, scenarios(depth));
  const left = without === undefined ? [] : namedLike('without', without, named);
  const every = wholeNumber('every', values.every, { least: 1 });
  const wanted = named.filter((scenario) => !left.includes(scenario));
  const chosen = every === 1 ? wanted : shuffler(seed)(wanted).slice(0, Math.ceil(wanted.length / every));
  if (chosen.length === 0) throw new WrongOption(`--without ${without}: no scenario is left`);
  if (values.trace !== undefined && !/^\d+(\.\d+)*$/.test(values.trace))
    throw new WrongOption(
      `--trace ${values.trace}: expected numbers with points between them, as they were printed`,
    );
  const states = wholeNumber('states', values.states, { least: 1 });
  const jobs = wholeNumber('jobs', values.jobs, { least: 1 });
  return { depth, chosen, states, jobs, values };
}

function showTrace(scenario: Scenario, choices: readonly number[]): void {
  const { trace, invariant } = repeat(scenario, choices);
  console.log(`${scenario.name}, up to ${scenario.mostFaults} faults:\n${numbered(trace)}`);
  console.log(invariant ? `VIOLATION: ${invariant}` : 'No invariant is broken.');
  process.exitCode = invariant ? 1 : 0;
}

async function exploreAll(): Promise<void> {
  const found = new Map<Scenario, Report>();
  const compared = new Map<Scenario, Report>();
  const exact = depth === 'quick' ? [] : chosen.filter(isSmall).map(withoutFaults);
  const threads = Array.from({ length: Math.min(jobs, chosen.length) }, newThread);
  await inThreads(threads, chosen, async (scenario, thread) => {
    const report = await exploreIn(thread, scenario, 'merged');
    found.set(scenario, report);
    if (report.violation) tell(scenario, report.violation);
    if (report.violation && values['stop-at-first']) process.exit(1);
    console.error(`${scenario.name}: ${report.states} states, ${report.seconds.toFixed(1)} s`);
  });
  const cpuSeconds = process.cpuUsage().user / 1_000_000;
  await inThreads(threads, exact, async (scenario, thread) =>
    compared.set(scenario, await exploreIn(thread, scenario, 'exact')),
  );
  for (const thread of threads) {
    thread.removeAllListeners();
    await thread.terminate();
  }
  const all = chosen.map((scenario) => ({ scenario, ...(found.get(scenario) as Report) }));
  const differing = [...compared].filter(([, { isSameAsExact }]) => !isSameAsExact).map(([{ name }]) => name);
  for (const name of differing) console.log(`VIOLATION: merged states have the same ends: not in '${name}'`);
  const violations = all.filter(({ violation }) => violation).length + differing.length;
  const states = all.reduce((sum, one) => sum + one.states, 0);
  const seconds = all.reduce((sum, one) => sum + one.seconds, 0);
  report(
    'Every interleaving, within bounds',
    `The engine's machine makes calls with one key, or two that nest, in one to three processes. The checker has the network, the database, the clocks, the notices and
the ends of methods in its hands. It explores every order of all events, with at most so many faults in one history, and with each fault at every step: ${everyFault.join(', ')}. A step is taken on a
copy of the state, and a state with the same future as one that was reached before is not explored again.

${table(rowsOf(all, violations))}

${seconds.toFixed(0)} s, the sum over all threads, with ${cpuSeconds.toFixed(0)} s of processor time: ${Math.round(states / cpuSeconds).toLocaleString('en')} states in each of these. A state is a hash of 64 bits. Two of the ${states.toLocaleString('en')} states are
confused with a probability of at most ${chance(Math.max(...all.map((one) => one.states)))}. To repeat: \`npm run check:model -- --depth=${depth}\`
${comparison(compared)}`,
    values.report,
  );
  process.exitCode = violations > 0 ? 1 : 0;
}

function rowsOf(
  all: readonly (Report & { readonly scenario: Scenario })[],
  violations: number,
): (string | number)[][] {
  const rows = all.map(({ scenario, states, transitions, steps, seconds, isExhausted, violation }) => {
    const result = violation ? 'VIOLATION' : isExhausted ? 'exhausted' : 'cut off';
    const speed = Math.round(states / Math.max(seconds, 0.001));
    return [scenario.name, scenario.mostFaults, states, transitions, steps, speed, result];
  });
  const sum = (of: (one: Report) => number) => all.reduce((total, one) => total + of(one), 0);
  const total = [
    'all',
    '',
    sum((one) => one.states),
    sum((one) => one.transitions),
    '',
    '',
    `${violations} violations`,
  ];
  return [['scenario', 'faults', 'states', 'transitions', 'longest', 'states a second', ''], ...rows, total];
}

/** What shows that the merging of states loses nothing. */
function comparison(compared: ReadonlyMap<Scenario, Report>): string {
  if (compared.size === 0) return '';
  const rows = [...compared].map(([{ name, mostFaults }, { states, exactStates, ends, isSameAsExact }]) => [
    name,
    mostFaults,
    exactStates ?? 0,
    states,
    ends?.size ?? 0,
    isSameAsExact ? 'the same' : 'DIFFERENT',
  ]);
  return `
The same without merging: states are compared as they are, with all times, tokens and counts. Both ways lead to the same ends of all calls.

${table([['scenario', 'faults', 'states as they are', 'merged', 'ends', ''], ...rows])}`;
}

/** Three calls that wait have more states as they are than there is room for. */
function isSmall({ processes }: Scenario): boolean {
  return processes.length === 2;
}

function withoutFaults(scenario: Scenario): Scenario {
  const isShort = scenario.rules.wait === 0 && !scenario.operator && scenario.method !== 'nests';
  return { ...scenario, mostFaults: isShort ? 1 : 0 };
}

/** Does the work for all of them, the largest first. Each thread does one after another. */
async function inThreads(
  threads: readonly Worker[],
  all: readonly Scenario[],
  work: (scenario: Scenario, thread: Worker) => Promise<unknown>,
): Promise<void> {
  const waiting = [...all].sort((a, b) => sizeOf(b) - sizeOf(a));
  await Promise.all(
    threads.map(async (thread) => {
      for (let scenario = waiting.shift(); scenario; scenario = waiting.shift()) await work(scenario, thread);
    }),
  );
}

/** Roughly: the time that a thread takes grows with it. */
function sizeOf({ processes, rules, mostFaults, operator }: Scenario): number {
  return (processes.length + (operator ? 1 : 0)) * (rules.wait === 0 ? 2 : 3) + 2 * mostFaults;
}

function newThread(): Worker {
  return new Worker(new URL('./worker.js', import.meta.url), {
    // Most of what is made is gone at the next step.
    resourceLimits: { maxYoungGenerationSizeMb: 64, maxOldGenerationSizeMb: 8_192 },
  });
}

function exploreIn(thread: Worker, { name, mostFaults }: Scenario, mode: Order['mode']): Promise<Report> {
  const shortens = !values['stop-at-first'];
  return new Promise((resolve, reject) => {
    thread.removeAllListeners();
    thread.once('message', resolve).once('error', reject);
    thread.once('exit', () => reject(new Error(`${name}: the thread ended without an answer`)));
    const order: Order = { depth, scenario: name, mostFaults, states, shortens, mode };
    thread.postMessage(order);
  });
}

function tell(scenario: Scenario, { invariant, trace, choices }: Violation): void {
  console.log(`VIOLATION: ${invariant}
  npm run check:model -- --depth=${depth} --only='${scenario.name}' --trace=${choices.join('.')}
${numbered(trace)}`);
}

function numbered(trace: readonly string[]): string {
  return trace.map((label, index) => `  ${String(index + 1).padStart(3)}. ${label}`).join('\n');
}

/** That two of so many states have the same 64 bits. */
function chance(states: number): string {
  return ((states * states) / 2 ** 65).toExponential(0);
}
