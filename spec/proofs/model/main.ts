// Explores every history of the scenarios in scenarios.ts, within their bounds, with the real engine.
//
//   npm run check:model -- [--depth=quick|usual|deep] [--only=<part of a scenario's name>] [--states=<most per scenario>]
//                          [--jobs=<threads>] [--stop-at-first] [--trace=<choices>] [--report=<file>]
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { optionsGiven, orEnd, WrongOption, wholeNumber } from '../../support/command-line.js';
import { report, table } from '../../support/report.js';
import { everyFault, type Scenario } from './scenario.js';
import { type Depth, scenarios } from './scenarios.js';
import { type Found, repeat, type Violation } from './search.js';
import type { Order } from './worker.js';

const depths: readonly Depth[] = ['quick', 'usual', 'deep'];

const { depth, chosen, states, jobs, values } = orEnd(options);

if (values.trace !== undefined) await showTrace(chosen[0] as Scenario, values.trace.split('.').map(Number));
else await exploreAll();

function options() {
  const values = optionsGiven({
    depth: { type: 'string', default: 'usual' },
    only: { type: 'string', default: '' },
    states: { type: 'string', default: '3000000' },
    jobs: { type: 'string', default: String(availableParallelism()) },
    'stop-at-first': { type: 'boolean', default: false },
    trace: { type: 'string' },
    report: { type: 'string' },
  });
  const depth = depths.find((one) => one === values.depth);
  if (!depth) throw new WrongOption(`--depth ${values.depth}: expected one of ${depths.join(', ')}`);
  const all = scenarios(depth);
  const chosen = all.filter(({ name }) => name.includes(values.only));
  if (chosen.length === 0) {
    const names = all.map(({ name }) => name);
    throw new WrongOption(`--only ${values.only}: expected a part of one of these: ${names.join('; ')}`);
  }
  if (values.trace !== undefined && !/^\d+(\.\d+)*$/.test(values.trace))
    throw new WrongOption(
      `--trace ${values.trace}: expected numbers with points between them, as they were printed`,
    );
  const states = wholeNumber('states', values.states, { least: 1 });
  const jobs = wholeNumber('jobs', values.jobs, { least: 1 });
  return { depth, chosen, states, jobs, values };
}

async function showTrace(scenario: Scenario, choices: readonly number[]): Promise<void> {
  const { trace, invariant } = await repeat(scenario, choices);
  console.log(`${scenario.name}, up to ${scenario.mostFaults} faults:\n${numbered(trace)}`);
  console.log(invariant ? `VIOLATION: ${invariant}` : 'No invariant is broken.');
  process.exitCode = invariant ? 1 : 0;
}

async function exploreAll(): Promise<void> {
  const waiting = [...chosen];
  const found = new Map<Scenario, Found>();
  const work = async () => {
    for (let scenario = waiting.shift(); scenario; scenario = waiting.shift()) {
      const one = await exploreIn(scenario);
      found.set(scenario, one);
      if (one.violation) tell(scenario, one.violation);
      if (one.violation && values['stop-at-first']) process.exit(1);
      const { schedules, states, seconds } = one;
      console.error(`${scenario.name}: ${schedules} schedules, ${states} states, ${seconds.toFixed(1)} s`);
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  const all = chosen.map((scenario) => ({ scenario, ...(found.get(scenario) as Found) }));
  const violations = all.filter(({ violation }) => violation).length;
  const sum = (of: (one: Found) => number) => all.reduce((total, one) => total + of(one), 0);
  const rows = all.map(({ scenario, schedules, states, steps, isExhausted, violation }) => {
    const result = violation ? 'VIOLATION' : isExhausted ? 'exhausted' : 'cut off';
    return [scenario.name, scenario.mostFaults, schedules, states, steps, result];
  });
  const total = [
    'all',
    '',
    sum((one) => one.schedules),
    sum((one) => one.states),
    '',
    `${violations} violations`,
  ];
  report(
    'Every interleaving, within bounds',
    `The real engine makes calls with one key in two or three processes. The checker controls network, database, clocks and the ends of methods. It
explores every order of all events, with at most so many faults in one history, and with each fault at every step: ${everyFault.join(', ')}. A state that was reached before is not explored again.

${table([['scenario', 'faults', 'schedules', 'states', 'longest', ''], ...rows, total])}

${sum((one) => one.seconds).toFixed(0)} s, the sum over all threads. A state is a hash of 53 bits of what each process has been told and when. Two of the
${sum((one) => one.states).toLocaleString('en')} states are confused with a probability of at most ${chance(Math.max(...all.map((one) => one.states)))}. To repeat: \`npm run check:model -- --depth=${depth}\``,
    values.report,
  );
  process.exitCode = violations > 0 ? 1 : 0;
}

function exploreIn(scenario: Scenario): Promise<Found> {
  const workerData: Order = { depth, scenario: scenario.name, states, shortens: !values['stop-at-first'] };
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData });
    worker.once('message', resolve).once('error', reject);
    worker.once('exit', () => reject(new Error(`${scenario.name}: the thread ended without an answer`)));
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

/** That two of so many states have the same 53 bits. */
function chance(states: number): string {
  return ((states * states) / 2 ** 54).toExponential(0);
}
