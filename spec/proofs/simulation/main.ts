// Lives through random histories of many callers with the real engine, on models of the stores.
//
//   npm run simulate -- [--seed N] [--runs M] [--model NAME]… [--jobs J] [--trace] [--report=FILE]
//                       [--validate-every N]     asks the specification about one history in N; about none with 0
import { availableParallelism } from 'node:os';
import { optionsGiven, orEnd, WrongOption, wholeNumber } from '../../support/command-line.js';
import { seed as defaultSeed } from '../../support/random.js';
import { report } from '../../support/report.js';
import {
  addedUp,
  obstacleToValidation,
  rejectionReport,
  validationReport,
} from '../specification/trace-sample.js';
import { liveAll } from './crew.js';
import { drawHistory } from './draw.js';
import { models } from './models/index.js';
import { failureReport, reportBody } from './reports.js';
import { shrink } from './shrink.js';
import { simulate } from './simulate.js';
import type { StoreModel } from './store-model.js';
import { addTally, emptyTally, missing } from './tally.js';

/** So many histories reach everything that can be reached; with fewer, something rare may be missing. */
const ENOUGH = 5_000;

function modelNamed(name: string): StoreModel {
  const model = models.find((one) => one.name === name);
  if (model) return model;
  const names = models.map((one) => one.name);
  throw new WrongOption(`--model ${name}: expected one of ${names.join(', ')}`);
}

function options() {
  const values = optionsGiven({
    seed: { type: 'string', default: String(defaultSeed) },
    runs: { type: 'string', default: '1000' },
    model: { type: 'string', multiple: true },
    jobs: { type: 'string', default: String(availableParallelism()) },
    trace: { type: 'boolean', default: false },
    'validate-every': { type: 'string', default: '1' },
    report: { type: 'string' },
  });
  const runs = wholeNumber('runs', values.runs, { least: 1 });
  if (values.trace && runs > 1) throw new WrongOption('--trace shows one history: expected --runs 1 with it');
  return {
    seed: wholeNumber('seed', values.seed, { least: 0 }),
    runs,
    jobs: wholeNumber('jobs', values.jobs, { least: 1 }),
    chosen: values.model ? [...new Set(values.model)].map(modelNamed) : models,
    isTraced: values.trace,
    validateEvery: wholeNumber('validate-every', values['validate-every'], { least: 0 }),
    file: values.report,
  };
}

const { seed, runs, jobs, chosen, isTraced, validateEvery, file } = orEnd(options);
const obstacle = validateEvery > 0 ? obstacleToValidation() : '`--validate-every` is 0';
if (obstacle !== undefined) console.error(`NOT VALIDATED against the specification: ${obstacle}`);
const from = Date.now();
const cpu = process.cpuUsage();
const results = await liveAll(
  chosen.map(({ name }) => name),
  seed,
  runs,
  jobs,
  obstacle === undefined ? validateEvery : 0,
);
const { user, system } = process.cpuUsage(cpu);
// The library warns of what these histories are made of.
process.emitWarning = () => {};

const failed = results.find(({ failure }) => failure);
if (failed?.failure) {
  const model = modelNamed(failed.model);
  const { seed: number, violation } = failed.failure;
  console.log(`${violation.rule}: ${violation.what}`);
  console.log(`npm run simulate -- --model ${model.name} --seed ${number} --runs 1`);
  const shortest = await shrink(drawHistory(model, number), model);
  console.log(failureReport(shortest, await simulate(shortest, model, { isTraced: true })));
  process.exit(1);
}

const validated = addedUp(results.map((result) => result.validated));
for (const rejected of validated.rejected) {
  const [model, number] = rejected.name.split('/');
  console.log(`${rejectionReport(rejected)}\nnpm run simulate -- --model ${model} --seed ${number} --runs 1`);
}
if (validated.rejected.length > 0) process.exit(1);

if (isTraced) {
  for (const model of chosen) {
    const outcome = await simulate(drawHistory(model, seed), model, { isTraced: true });
    console.log([`${model.name}:`, ...outcome.trace].join('\n'));
  }
}

const tallies = chosen.map((model) => {
  const tally = emptyTally();
  for (const result of results) if (result.model === model.name) addTally(tally, result.tally);
  return { model, tally };
});
const unreached = tallies.flatMap(({ model, tally }) =>
  runs >= ENOUGH ? missing(model, tally).map((what) => `${model.name}: "${what}" never occurred`) : [],
);
for (const line of unreached) console.log(line);
if (unreached.length > 0) console.log(`npm run simulate -- --seed ${seed} --runs ${runs}`);
report(
  'Simulation',
  reportBody(tallies, {
    command: `npm run simulate -- --seed ${seed} --runs ${runs}`,
    seconds: (Date.now() - from) / 1_000,
    cpuSeconds: (user + system) / 1e6,
    validation: validationReport('histories', validated, obstacle),
  }),
  file,
);
process.exitCode = unreached.length > 0 ? 1 : 0;
