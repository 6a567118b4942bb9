// Takes every order of all steps of the specification in protocol.pml, within the bounds of scenarios.ts.
//
//   npm run check:specification -- [--depth=quick|usual|deep] [--only=<part of a scenario's name>] [--jobs=<processes>]
//                                  [--report=<file>]
import { availableParallelism } from 'node:os';
import { namedLike, oneOf, optionsGiven, orEnd, wholeNumber } from '../../support/command-line.js';
import { report, table } from '../../support/report.js';
import { type Explored, explore } from './exploring.js';
import { depths, type Scenario, scenarios } from './scenarios.js';
import { obstacleToSpin } from './spin.js';

const { depth, chosen, jobs, file } = orEnd(options);
const obstacle = obstacleToSpin();
if (obstacle === undefined) {
  await exploreAll();
} else {
  console.error(`The specification was NOT CHECKED: ${obstacle}`);
  process.exitCode = 1;
}

function options() {
  const values = optionsGiven({
    depth: { type: 'string', default: 'usual' },
    only: { type: 'string', default: '' },
    jobs: { type: 'string', default: String(availableParallelism()) },
    report: { type: 'string' },
  });
  const depth = oneOf('depth', values.depth, depths);
  const chosen = namedLike('only', values.only, scenarios(depth));
  return { depth, chosen, jobs: wholeNumber('jobs', values.jobs, { least: 1 }), file: values.report };
}

async function exploreAll(): Promise<void> {
  const waiting = [...chosen];
  const found = new Map<Scenario, Explored>();
  const work = async () => {
    for (let scenario = waiting.shift(); scenario; scenario = waiting.shift()) {
      const one = await explore(scenario);
      found.set(scenario, one);
      if (one.violation) tell(scenario, one.violation);
      console.error(`${scenario.name}: ${one.states} states, ${one.seconds.toFixed(1)} s`);
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  const all = chosen.map((scenario) => ({ scenario, ...(found.get(scenario) as Explored) }));
  const sum = (of: (one: Explored) => number) => all.reduce((total, one) => total + of(one), 0);
  const failed = all.filter(({ isExhausted }) => !isExhausted).length;
  const rows = all.map(({ scenario, states, transitions, depth, seconds, violation, isExhausted }) => [
    scenario.name,
    scenario.calls,
    scenario.writes,
    scenario.horizon,
    states,
    transitions,
    depth,
    Number(seconds.toFixed(1)),
    violation ? `VIOLATION of ${violation.guarantee}` : isExhausted ? 'exhausted' : 'cut off',
  ]);
  const states = sum((one) => one.states);
  const seconds = sum((one) => one.seconds);
  report(
    'The specification',
    `[The specification](specification.md) is a model of the protocol that does not know the engine. \`spin\` takes its steps in every order, within
the bounds of each scenario: calls of one key, writes of each call, and ticks of time, of which a lease takes two and the tolerance of clocks one. A write may arrive
at any time, several times, or never; a process may stop before any step.

${table([['scenario', 'calls', 'writes', 'ticks', 'states', 'transitions', 'depth', 'seconds', ''], ...rows])}

${states.toLocaleString('en')} states, ${Math.round(states / seconds).toLocaleString('en')} a second, and ${failed} scenarios that were not exhausted. States are compared whole, and not by a hash. To repeat: \`npm run check:specification -- --depth=${depth}\``,
    file,
  );
  process.exitCode = failed > 0 ? 1 : 0;
}

function tell(scenario: Scenario, { guarantee, trace }: NonNullable<Explored['violation']>): void {
  const steps = trace.map((step, index) => `  ${String(index + 1).padStart(3)}. ${step}`);
  console.log(`VIOLATION: ${guarantee}: ${scenario.name}\n${steps.join('\n')}`);
}
