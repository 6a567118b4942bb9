import 'retrysafe/listing';
import { expect } from 'chai';
import { type IdempotencyRecord, InMemoryStore } from 'retrysafe';
import { storeContract } from 'retrysafe/testing';
import type { SinonFakeTimers } from 'sinon';
import { randomBytes, recordOfBytes } from '../../support/bytes.js';
import { collectGarbage } from '../../support/heap.js';
import { fakeTime } from '../../support/time.js';

describe('InMemoryStore', () => {
  storeContract(() => new InMemoryStore(), { supports: { records: true } });

  it('keeps the bytes of an outcome as they are, and not in a text that is a third longer', async () => {
    const memoryInUse = async () => {
      collectGarbage();
      // The memory of what was collected is given back beside the program, and all of it by the next collection.
      await new Promise((resolve) => setImmediate(resolve));
      collectGarbage();
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      return { heapUsed, arrayBuffers };
    };
    const store = new InMemoryStore();
    const claim = (index: number) =>
      store.claim(recordOfBytes(`key ${index}`, randomBytes(100_000, `${index}`)), 0);
    await claim(0);
    const before = await memoryInUse();
    for (let index = 1; index <= 300; index += 1) await claim(index);
    const after = await memoryInUse();
    expect(after.arrayBuffers - before.arrayBuffers, 'bytes').to.be.within(28_000_000, 32_000_000);
    // As base64 it would be 40 MB of text. Other specs leave a few.
    expect(after.heapUsed - before.heapUsed, 'text').to.be.below(20_000_000);
    const expected = recordOfBytes('key 7', randomBytes(100_000, '7')).state;
    expect(store.records().find(({ key }) => key === 'key 7')?.state).to.deep.equal(expected);
    expect(await store.find('key 7'))
      .to.have.property('state')
      .that.deep.equals(expected);
  });

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

    it('what has expired earlier than the record in its place would have', async () => {
      const store = new InMemoryStore();
      const record = (key: string, expiresAt: number) => ({ key, token: `${key}.1`, expiresAt, state });
      await store.claim(record('a', Date.now() + 60_000), Date.now());
      await store.replace({ ...record('a', Date.now() + 1_000), token: 'a.2' }, 'a.1');
      clock.setSystemTime(Date.now() + 1_000);
      await store.claim(record('b', Date.now() + 60_000), Date.now());
      expect(store.records().map(({ key }) => key)).to.deep.equal(['b']);
    });

    it('what expires after a round in which it had not', async () => {
      const store = new InMemoryStore();
      let claims = 0;
      const claim = (lengthMs: number) => {
        claims += 1;
        const record = { key: `${claims}`, token: 'a.1', expiresAt: Date.now() + lengthMs, state };
        return store.claim(record, Date.now());
      };
      for (const lengthMs of [1_000, 2_000]) await claim(lengthMs);
      const lasting: number[] = [];
      // More than two rounds take.
      for (const count of [20, 100]) {
        clock.setSystemTime(Date.now() + 1_000);
        for (let times = 0; times < count; times += 1) await claim(60_000);
        lasting.push(store.size + 2 - claims);
      }
      expect(lasting).to.deep.equal([1, 0]);
    });
  });
});
