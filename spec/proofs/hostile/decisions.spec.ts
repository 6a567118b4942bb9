import { expect } from 'chai';
import * as fc from 'fast-check';
import { seed } from '../../support/random.js';
import { checkDecision, decision, decisionOptions, everyDecision } from './decisions.js';

describe('hostile decisions of operators', function () {
  this.timeout(60_000);

  for (const name of everyDecision) {
    it(`are refused with nothing written, or are what equal calls get: ${name}`, async () => {
      for (const option of decisionOptions) await checkDecision({ name, option });
    });
  }

  it('are refused with nothing written, or are what equal calls get, whichever they are', async () => {
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(decision, async (one) => {
        seen.add(await checkDecision(one));
      }),
      { seed, numRuns: 500 },
    );
    expect([...seen].sort()).to.deep.equal(['decided', 'refused']);
  });
});
