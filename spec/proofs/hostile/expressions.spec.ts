import { expect } from 'chai';
import * as fc from 'fast-check';
import { makeIdempotent } from 'retrysafe';
import { seed } from '../../support/random.js';
import { thrown } from '../../support/rejection.js';
import { catastrophes, checkExpression, expression } from './expressions.js';

describe('hostile expressions', function () {
  this.timeout(60_000);

  for (const [name, text] of Object.entries(catastrophes)) {
    it(`select or are refused clearly: ${name}`, async () => {
      await checkExpression(text);
    });
  }

  it('select or are refused clearly, whatever is in them', async () => {
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(expression, async (text) => {
        seen.add(await checkExpression(text));
      }),
      { seed, numRuns: 3_000 },
    );
    expect([...seen]).to.include.members(['at definition', 'ran', 'refused']);
  });

  it('get an error that says how long they may be, or that they are nested too deeply', () => {
    const refusal = (key: string) =>
      (thrown(() => makeIdempotent(async () => {}, { name: 'Hostile.accept', key })) as Error).message;
    expect(refusal('a'.repeat(5_000))).to.include('a JMESPath expression of at most 4096 characters');
    expect(refusal(`${'['.repeat(2_000)}a[]${']'.repeat(2_000)}`)).to.include('it is nested too deeply');
  });
});
