import { expect } from 'chai';
import { type IdempotencyRecord, InMemoryStore, makeIdempotent } from 'retrysafe';
import type { SinonFakeTimers } from 'sinon';
import { heapInUse } from '../../support/heap.js';
import { fakeTime } from '../../support/time.js';

describe('InMemoryStore frees what has expired by itself', () => {
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

  it('so that a million keys of ttl 1 s do not grow the heap without bound', async function () {
    this.timeout(60_000);
    const store = new InMemoryStore();
    const perSecond = 5_000;
    const before = heapInUse();
    let most = 0;
    for (let count = 0; count < 1_000_000; count += 1) {
      if (count % perSecond === 0) clock.setSystemTime(Date.now() + 1_000);
      const now = Date.now();
      // Not awaited one by one: the store is done with a claim when it returns.
      void store.claim({ key: `k${count}`, token: `o${count}.1`, expiresAt: now + 1_000, state }, now);
      if (store.size > most) most = store.size;
    }
    // At any time 5,000 have not expired; as many again may wait for the next sweep, and those of one more second.
    expect(most).to.be.at.most(4 * perSecond);
    expect(store.size).to.be.at.most(4 * perSecond);
    // A million of them take 285 MB, measured on Node.js 20.
    const grownBy = heapInUse() - before;
    expect(grownBy, `${store.size} records`).to.be.below(30_000_000);
  });

  it('so that the outcomes of an operation leave after their ttl', async function () {
    this.timeout(20_000);
    const store = new InMemoryStore();
    const countUp = makeIdempotent(async (id: number) => id, { name: 'countUp', store, ttl: 1 });
    let most = 0;
    for (let id = 0; id < 10_000; id += 1) {
      if (id % 100 === 0) clock.setSystemTime(Date.now() + 1_000);
      await countUp(id);
      most = Math.max(most, store.size);
    }
    expect(most).to.be.at.most(3_000);
  });
});
