// Lives through the histories of one stretch of seeds after the other, as its parent asks.
import { parentPort } from 'node:worker_threads';
import { TraceSample, type Validated } from '../specification/trace-sample.js';
import type { Violation } from './checker.js';
import { drawHistory } from './draw.js';
import { models } from './models/index.js';
import { simulate } from './simulate.js';
import { addOutcome, emptyTally, type Tally } from './tally.js';

/** Some histories to live through. */
export interface Stretch {
  readonly model: string;
  readonly from: number;
  readonly count: number;
  /** The specification is asked about one history in so many; about none where it is 0. */
  readonly validateEvery: number;
}

/** What came of them, up to the first violation. */
export interface StretchResult {
  readonly model: string;
  readonly tally: Tally;
  readonly failure: { readonly seed: number; readonly violation: Violation } | undefined;
  readonly validated: Validated;
}

// The library warns of what these histories are made of.
process.emitWarning = () => {};

parentPort?.on('message', async ({ model: name, from, count, validateEvery }: Stretch) => {
  const model = models.find((one) => one.name === name);
  if (!model) throw new Error(`There is no model "${name}"`);
  const tally = emptyTally();
  const traces = new TraceSample();
  let failure: StretchResult['failure'];
  for (let seed = from; seed < from + count && !failure; seed += 1) {
    const isValidated = validateEvery > 0 && seed % validateEvery === 0;
    const outcome = await simulate(drawHistory(model, seed), model, { isValidated });
    addOutcome(tally, outcome);
    if (isValidated) traces.add(outcome.protocolTraces);
    const [violation] = outcome.violations;
    if (violation) failure = { seed, violation };
  }
  const validated = traces.validated();
  parentPort?.postMessage({ model: name, tally, failure, validated } satisfies StretchResult);
});
