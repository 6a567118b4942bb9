import { expect } from 'chai';
import * as fc from 'fast-check';
import { seed } from '../../support/random.js';
import { about, checkAbout, checkEverywhereInAbout, everyAbout } from './about.js';

describe('what a hostile record says of itself', function () {
  this.timeout(60_000);

  for (const name of everyAbout) {
    it(`decides nothing, and is told only as far as it is sound: ${name}`, async () => {
      await checkEverywhereInAbout(name);
    });
  }

  it('decides nothing, wherever it is', async () => {
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(about, async (one) => {
        seen.add(await checkAbout(one));
      }),
      { seed, numRuns: 300 },
    );
    expect(seen.size).to.be.at.least(4);
  });
});
