import { expect } from 'chai';
import { type IdempotencyRecord, InMemoryStore } from 'retrysafe';
import { storeContract } from 'retrysafe/testing';
import type { SinonFakeTimers } from 'sinon';
import { fakeTime } from '../../support/time.js';

describe('InMemoryStore', () => {
  storeContract(() => new InMemoryStore());

  describe('frees by itself', () => {
    let clock: SinonFakeTimers;
    beforeEach(() => {
      clock = fakeTime();
    });
    afterEach(() => clock.restore());

    const state: IdempotencyRecord['state'] = {
      format: 1,
      status: 'completed',
      attempt: 1,
      fencingToken: 1,
      completedAt: 1,
      outcome: { kind: 'value', json: 'done' },
    };

    it('what has expired, and nothing else', async () => {
      const store = new InMemoryStore();
      const claim = (key: string, expiresAt: number) =>
        store.claim({ key, token: 'a.1', expiresAt, state }, Date.now());
      await claim('kept', Date.now() + 60_000);
      for (let count = 0; count < 10_000; count += 1) await claim(`brief ${count}`, Date.now() + 1);
      clock.setSystemTime(Date.now() + 59_999);
      for (let count = 0; count < 20_000; count += 1) await claim(`later ${count}`, Date.now() + 1);
      expect(await store.find('kept')).to.have.property('token', 'a.1');
      expect(await store.find('brief 0')).to.equal(undefined);
    });
  });
});
