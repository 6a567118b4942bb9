import { expect } from 'chai';
import * as fc from 'fast-check';
import { seed } from '../../support/random.js';
import { catastrophes, checkRecord, codedPlan, plan } from './records.js';

describe('hostile records', function () {
  this.timeout(60_000);

  for (const [name, [outcome, ending]] of Object.entries(catastrophes)) {
    for (const readFirst of [false, true]) {
      it(`are replayed or refused clearly: ${name}${readFirst ? ', read first' : ''}`, async () => {
        const changes = [['state.outcome', outcome()]] as const;
        expect(await checkRecord(name, { changes, readFirst })).to.equal(ending);
      });
    }
  }

  for (const [what, place, value] of [
    ['of another key', 'key', 'another'],
    ['that expires at infinity', 'expiresAt', Number.POSITIVE_INFINITY],
    ['that expires at a text', 'expiresAt', '2099-01-01'],
    ['that expires at no number', 'expiresAt', Number.NaN],
  ] as const) {
    for (const readFirst of [false, true]) {
      it(`are no records of a call: one ${what}${readFirst ? ', read first' : ''}`, async () => {
        expect(await checkRecord(what, { changes: [[place, value]], readFirst })).to.equal(
          'ERR_IDEMPOTENCY_STORE',
        );
      });
    }
  }

  it('change no part that the next record has, too', async () => {
    const part = {};
    const changes = [
      ['state', part],
      ['state.fencingToken', part],
    ] as const;
    await checkRecord('a part in itself', { changes, readFirst: false });
    expect(part).to.deep.equal({});
  });

  for (const [place, status] of [
    ['state.attempt', 'completed'],
    ['state.fencingToken', 'released'],
    ['state.leaseUntil', 'in-progress'],
  ] as const) {
    it(`cannot be read where ${place} is infinite`, async () => {
      const changes = [
        ['state.status', status],
        [place, Number.POSITIVE_INFINITY],
      ] as const;
      expect(await checkRecord(place, { changes, readFirst: false })).to.equal(
        'ERR_IDEMPOTENCY_OUTCOME_UNAVAILABLE',
      );
    });
  }

  for (const [what, plans, endings] of [
    [
      'whatever is changed in them',
      plan,
      [
        'ERR_IDEMPOTENCY_IN_PROGRESS',
        'ERR_IDEMPOTENCY_OUTCOME_UNAVAILABLE',
        'ERR_IDEMPOTENCY_STORE',
        'ran',
        'replayed',
      ],
    ],
    ['whatever their outcome is', codedPlan, ['ERR_IDEMPOTENCY_OUTCOME_UNAVAILABLE', 'replayed']],
  ] as const) {
    it(`are replayed or refused clearly, ${what}`, async () => {
      const seen = new Set<string>();
      await fc.assert(
        fc.asyncProperty(plans, async (one) => {
          seen.add(await checkRecord('a record', one));
        }),
        { seed, numRuns: 2_000 },
      );
      expect([...seen].sort()).to.deep.equal(endings);
    });
  }
});
