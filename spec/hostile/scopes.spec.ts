import { expect } from 'chai';
import * as fc from 'fast-check';
import { seed } from '../support/random.js';
import { checkScopes, pair } from './scopes.js';

describe('records of one scope (9)', function () {
  this.timeout(60_000);

  it('cannot be met from another one, whatever scopes and keys look like', async () => {
    const seen = { equal: 0, different: 0 };
    await fc.assert(
      fc.asyncProperty(pair, async (both) => {
        seen[await checkScopes(both)] += 1;
      }),
      { seed, numRuns: 2_000 },
    );
    expect(Math.min(seen.equal, seen.different)).to.be.above(0);
  });
});
