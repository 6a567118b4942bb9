import * as fc from 'fast-check';
import { optionsGiven, orEnd, wholeNumber } from '../../support/command-line.js';
import { seed as today } from '../../support/random.js';
import { report, table } from '../../support/report.js';
import { about, checkAbout, checkEverywhereInAbout, everyAbout } from './about.js';
import { checkDecision, decision, decisionOptions, everyDecision } from './decisions.js';
import * as events from './events.js';
import * as expressions from './expressions.js';
import { checkEverywhere, checkPayload, everyValue, payload } from './payloads.js';
import * as records from './records.js';
import { checkResult, everyResult, result } from './results.js';
import { checkScopes, pair } from './scopes.js';
import { call, slowest } from './trial.js';

/** What is tried: single cases that are known to be worst, and as many others at random as there is time for. */
interface Area {
  readonly name: string;
  readonly worst: readonly (readonly [what: string, run: () => Promise<unknown>])[];
  check(seed: number, numRuns: number): Promise<fc.RunDetails<unknown>>;
  readonly endings: Map<string, number>;
}

function area<T>(
  name: string,
  cases: fc.Arbitrary<T>,
  tryOne: (one: T) => Promise<string>,
  worst: Area['worst'] = [],
): Area {
  const endings = new Map<string, number>();
  const property = fc.asyncProperty(cases, async (one) => {
    const ending = await tryOne(one);
    endings.set(ending, (endings.get(ending) ?? 0) + 1);
  });
  const check = async (seed: number, numRuns: number) =>
    (await fc.check(property, { seed, numRuns })) as fc.RunDetails<unknown>;
  return { name, worst, check, endings };
}

const areas = [
  area(
    'payloads',
    payload,
    checkPayload,
    everyValue.map((name) => [name, () => checkEverywhere(name, true)] as const),
  ),
  area(
    'expressions',
    expressions.expression,
    expressions.checkExpression,
    Object.entries(expressions.catastrophes).map(
      ([what, text]) => [what, () => expressions.checkExpression(text)] as const,
    ),
  ),
  area(
    'events',
    events.event,
    events.checkEvent,
    Object.entries(events.catastrophes).map(
      ([what, make]) =>
        [
          what,
          () => {
            const [whole, key] = make();
            return call(what, { key }, [whole]);
          },
        ] as const,
    ),
  ),
  area('records, changed', records.plan, (plan) =>
    records.checkRecord(`a record of ${JSON.stringify(plan, shown)}`, plan),
  ),
  area(
    'records, whose outcome is damaged',
    records.codedPlan,
    (plan) => records.checkRecord(`a record of ${JSON.stringify(plan)}`, plan),
    Object.entries(records.catastrophes).map(
      ([what, [outcome]]) =>
        [
          what,
          () => records.checkRecord(what, { changes: [['state.outcome', outcome()]], readFirst: false }),
        ] as const,
    ),
  ),
  area(
    'results',
    result,
    checkResult,
    everyResult.map((name) => [name, () => checkResult({ name, depth: 0, way: 'returned' })] as const),
  ),
  area('scopes', pair, checkScopes),
  area(
    'what records say of themselves',
    about,
    checkAbout,
    everyAbout.map((name) => [name, () => checkEverywhereInAbout(name)] as const),
  ),
  area(
    'decisions of operators',
    decision,
    checkDecision,
    everyDecision.flatMap((name) =>
      decisionOptions.map((option) => [name, () => checkDecision({ name, option })] as const),
    ),
  ),
];

function shown(_: string, value: unknown): unknown {
  return typeof value === 'bigint' || typeof value === 'function' ? String(value) : value;
}

function options() {
  const values = optionsGiven({
    runs: { type: 'string', default: '2000' },
    seed: { type: 'string', default: String(today) },
    report: { type: 'string' },
  });
  // A seed of fast-check has 32 bits.
  const most = 2 ** 31 - 1;
  return {
    runs: wholeNumber('runs', values.runs, { least: 1, most }),
    seed: wholeNumber('seed', values.seed, { least: 0, most }),
    file: values.report,
  };
}

const { runs, seed, file } = orEnd(options);
const violations: string[] = [];
const started = process.cpuUsage();
const counts: { name: string; worst: number; runs: number; endings: string; slowest: string }[] = [];
// What cannot be stored and what a fingerprint does not select would be warned of.
process.removeAllListeners('warning');
for (const { name, worst, check, endings } of areas) {
  Object.assign(slowest, { milliseconds: 0, what: '' });
  for (const [what, run] of worst) {
    await run().catch((error: unknown) => violations.push(`${name}, ${what}: ${describe(error)}`));
  }
  const details = await check(seed, runs);
  if (details.failed) {
    const { errorInstance, counterexample } = details;
    violations.push(`${name}: ${describe(errorInstance)}; ${fc.stringify(counterexample).slice(0, 500)}`);
  }
  counts.push({
    name,
    worst: worst.length,
    runs: details.numRuns,
    endings: [...endings].map(([ending, count]) => `${ending} ${count.toLocaleString('en')}`).join(', '),
    slowest: `${Math.round(slowest.milliseconds)} ms: ${slowest.what.slice(0, 80)}`,
  });
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

const repeat = `node scripts/run-proof.mjs hostile --runs ${runs} --seed ${seed}`;
if (violations.length > 0) {
  for (const violation of violations) console.log(`VIOLATION: ${violation}`);
  console.log(repeat);
}
const { user, system } = process.cpuUsage(started);
report(
  'Hostile input',
  `
The library either accepts each case, or refuses it before the method has run, with an error of its own that names operation and option. No
marked text appears in a message or event, no prototype changes, and no case takes longer than the limit.

${table([
  ['what', 'worst cases', 'at random', 'how they ended', 'slowest'],
  ...counts.map(({ name, worst, runs: made, endings, slowest: longest }) => [
    name,
    worst,
    made,
    endings,
    longest,
  ]),
])}

Seed ${seed}, ${violations.length} violations, ${Math.round((user + system) / 1e6)} s of CPU, Node.js ${process.version}. To repeat: \`${repeat}\`
`,
  file,
);
process.exitCode = violations.length > 0 ? 1 : 0;
