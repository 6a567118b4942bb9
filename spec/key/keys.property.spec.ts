import { expect } from 'chai';
import * as fc from 'fast-check';
import { keyReader } from '../support/key-of.js';
import { build, mutated, recipe, sameRequest } from '../support/payloads.js';
import { shuffler } from '../support/random.js';

const keyOf = keyReader();
const numRuns = process.env.CI ? 10_000 : 2_000;
const places = fc.nat({ max: 1_000 });

describe('keys of any payload', function () {
  this.timeout(120_000);

  it('are the same for a payload whose properties, Map entries and Set members are in another order', async () => {
    await fc.assert(
      fc.asyncProperty(recipe, fc.nat(), async (one, seed) => {
        const payload = build(one);
        const reordered = build(one, shuffler(seed));
        expect(sameRequest(payload, reordered)).to.equal(true);
        expect(await keyOf(reordered)).to.equal(await keyOf(payload));
      }),
      { numRuns },
    );
  });

  it('are the same for payloads that differ in one place exactly when they are deep-equal nevertheless', async () => {
    const seen = { equal: 0, different: 0 };
    await fc.assert(
      fc.asyncProperty(recipe, places, places, fc.nat(), async (one, place, choice, seed) => {
        const payload = build(one);
        const neighbour = build(mutated(one, place, choice), shuffler(seed));
        const isSame = sameRequest(payload, neighbour);
        seen[isSame ? 'equal' : 'different'] += 1;
        expect((await keyOf(neighbour)) === (await keyOf(payload)), 'share a key').to.equal(isSame);
      }),
      { numRuns },
    );
    // Otherwise the generator would have tested one of the two cases only.
    expect(Math.min(seen.equal, seen.different)).to.be.above(numRuns / 20);
  });

  it('are the same for two random payloads exactly when they are deep-equal', async () => {
    let equal = 0;
    await fc.assert(
      fc.asyncProperty(recipe, recipe, async (one, other) => {
        const payloads = [build(one), build(other)] as const;
        const isSame = sameRequest(...payloads);
        equal += Number(isSame);
        expect((await keyOf(payloads[0])) === (await keyOf(payloads[1])), 'share a key').to.equal(isSame);
      }),
      { numRuns },
    );
    expect(equal).to.be.above(0);
  });
});
