import { expect } from 'chai';
import * as fc from 'fast-check';
import { seed } from '../../support/random.js';
import { checkScopes, pair } from './scopes.js';
import { everyWay, tenants, waysToMeet } from './tenants.js';

describe('records of one scope', function () {
  this.timeout(60_000);

  it('cannot be reached from another one, whatever scopes and keys are', async () => {
    const seen = { equal: 0, different: 0 };
    await fc.assert(
      fc.asyncProperty(pair, async (both) => {
        seen[await checkScopes(both)] += 1;
      }),
      { seed, numRuns: 2_000 },
    );
    expect(Math.min(seen.equal, seen.different)).to.be.above(0);
  });

  it('are not joined, waited for, replayed, kept, inspected or forgotten by another with the same request', async () => {
    await fc.assert(
      fc.asyncProperty(tenants, async (two) => {
        expect(await waysToMeet(two, true)).to.deep.equal([]);
      }),
      { seed, numRuns: 150 },
    );
  });

  it('are reached in all of these ways where there is no scope', async () => {
    await fc.assert(
      fc.asyncProperty(tenants, async (two) => {
        expect(await waysToMeet(two, false)).to.deep.equal(everyWay);
      }),
      { seed, numRuns: 10 },
    );
  });
});
