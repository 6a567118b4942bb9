import { expect } from 'chai';
import * as fc from 'fast-check';
import { seed } from '../../support/random.js';
import { checkResult, everyResult, result, ways } from './results.js';
import { smallValues } from './values.js';

describe('hostile results', function () {
  this.timeout(60_000);

  for (const name of everyResult) {
    it(`reach their caller, and their method never runs again: ${name}`, async () => {
      const tried = name in smallValues || name === 'errors in errors' ? ways : (['returned'] as const);
      for (const way of tried) await checkResult({ name, depth: 0, way });
    });
  }

  it('reach their caller, and their method never runs again, whatever is in them', async () => {
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(result, async (one) => {
        seen.add(await checkResult(one));
      }),
      { seed, numRuns: 500 },
    );
    expect([...seen].sort()).to.deep.equal(['refused', 'replayed']);
  });
});
