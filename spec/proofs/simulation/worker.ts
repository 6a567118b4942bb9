// Lives through the histories of one stretch of seeds after the other, as its parent asks.
import { parentPort } from 'node:worker_threads';
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
}

/** What came of them, up to the first violation. */
export interface StretchResult {
  readonly model: string;
  readonly tally: Tally;
  readonly failure: { readonly seed: number; readonly violation: Violation } | undefined;
}

// The library warns of what these histories are made of.
process.emitWarning = () => {};

parentPort?.on('message', async ({ model: name, from, count }: Stretch) => {
  const model = models.find((one) => one.name === name);
  if (!model) throw new Error(`There is no model "${name}"`);
  const tally = emptyTally();
  let failure: StretchResult['failure'];
  for (let seed = from; seed < from + count && !failure; seed += 1) {
    const outcome = await simulate(drawHistory(model, seed), model);
    addOutcome(tally, outcome);
    const [violation] = outcome.violations;
    if (violation) failure = { seed, violation };
  }
  parentPort?.postMessage({ model: name, tally, failure } satisfies StretchResult);
});
