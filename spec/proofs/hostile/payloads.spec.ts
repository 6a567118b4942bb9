import { expect } from 'chai';
import * as fc from 'fast-check';
import { seed } from '../../support/random.js';
import { checkEverywhere, checkPayload, everyValue, payload } from './payloads.js';

describe('hostile payloads', function () {
  this.timeout(60_000);

  for (const name of everyValue)
    it(`have a key or are refused clearly: ${name}`, () => checkEverywhere(name, false));

  it('have a key or are refused clearly, whatever is in them', async () => {
    const seen = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(payload, async (one) => {
        const verdict = await checkPayload(one);
        seen.set(verdict, (seen.get(verdict) ?? 0) + 1);
      }),
      { seed, numRuns: 1_000 },
    );
    expect([...seen.keys()].sort()).to.deep.equal(['ran', 'refused']);
  });
});
