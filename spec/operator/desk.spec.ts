import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import {
  type Codec,
  configureIdempotency,
  IdempotencyDefaults,
  Idempotent,
  InMemoryStore,
  keyOf,
  makeIdempotent,
  type PersistenceStore,
  recordOf,
} from 'retrysafe';
import { encrypted } from 'retrysafe/encryption';
import { abandon } from 'retrysafe/testing';
import type { SinonFakeTimers } from 'sinon';
import type { DeskQuery, Resolution } from '#operator/desk.js';
import { deskOf } from '#operator/desk-of.js';
import { knownOperations } from '#operator/known-operations.js';
import { rejection, thrown } from '../support/rejection.js';
import { fakeTime } from '../support/time.js';

const now = Date.UTC(2026, 0, 1);
const HOUR = 3_600_000;

class Money {
  constructor(readonly cents: number) {}
}

/** Writes each text backwards, so that what it did not write cannot be read. */
const backwards = {
  encode: (value: unknown) => [...JSON.stringify(value)].reverse().join(''),
  decode: (text: string) => JSON.parse([...text].reverse().join('')),
};

@IdempotencyDefaults({ classes: [Money] })
class HoldService {
  @Idempotent({ name: 'HoldService.place', key: 'id' })
  async place(request: { readonly id: string }) {
    return { id: request.id, amount: new Money(5) };
  }

  @Idempotent({ name: 'HoldService.secret', key: 'id', codec: backwards, ttl: 60 })
  async secret(request: { readonly id: string }) {
    return { pan: request.id };
  }

  @Idempotent({ name: 'HoldService.gamble', key: 'id', onError: () => 'unknown', onAbandoned: 'refuse' })
  async gamble(_request: { readonly id: string }): Promise<unknown> {
    throw Object.assign(new TypeError('secret'), { code: 'EPIPE' });
  }
}

describe("an operator's desk", () => {
  let clock: SinonFakeTimers;
  let store: InMemoryStore;
  let service: HoldService;

  beforeEach(() => {
    clock = fakeTime(now);
    store = new InMemoryStore();
    configureIdempotency({ store, runtime: 'pride-1' });
    service = new HoldService();
  });
  afterEach(() => {
    configureIdempotency({});
    clock.restore();
  });

  const bare = () => deskOf(store);
  const informed = () => deskOf(store, { operations: knownOperations([HoldService]) });
  const by = { by: 'ada', reason: 'INC-7' };

  async function someOfEach(): Promise<void> {
    await service.place({ id: 'T-1' });
    await service.place({ id: 'T-2' });
    await service.gamble({ id: 'T-3' }).catch(() => {});
    await abandon(service, 'place', { id: 'T-4' });
    await makeIdempotent(async () => Promise.reject(new Error('busy')), { name: 'released' })().catch(
      () => {},
    );
    void makeIdempotent(() => new Promise<never>(() => {}), { name: 'running' })();
    await clock.tickAsync(0);
  }

  async function all(query: DeskQuery): Promise<string[]> {
    const found: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await bare().list({ ...query, ...(cursor !== undefined && { cursor }) });
      found.push(...page.records.map(({ operation, status }) => `${operation} ${status}`));
      cursor = page.cursor;
    } while (cursor !== undefined);
    return found.sort();
  }

  describe('lists', () => {
    beforeEach(someOfEach);

    it('records of each status, and those that are stuck', async () => {
      expect(await all({ status: 'completed' })).to.deep.equal([
        'HoldService.place completed',
        'HoldService.place completed',
      ]);
      expect(await all({ status: 'unknown' })).to.deep.equal(['HoldService.gamble unknown']);
      expect(await all({ status: 'abandoned' })).to.deep.equal(['HoldService.place abandoned']);
      expect(await all({ status: 'in-progress' })).to.deep.equal(['running in-progress']);
      expect(await all({ status: 'released' })).to.deep.equal(['released released']);
      expect(await all({})).to.have.length(6);
      const stuck = ['HoldService.gamble unknown', 'HoldService.place abandoned'];
      expect(await all({ status: 'stuck' })).to.deep.equal(stuck);
      expect(await all({ status: 'stuck', limit: 1 }), 'page by page').to.deep.equal(stuck);
    });

    it('records of an operation, and those that have stood for long', async () => {
      expect(await all({ operation: 'HoldService.place' })).to.have.length(3);
      expect(await all({ status: 'completed', olderThan: now })).to.deep.equal([]);
      await clock.tickAsync(HOUR);
      expect(await all({ status: 'completed', olderThan: now + 1 })).to.have.length(2);
    });

    it('nothing where the store cannot list, and says so', async () => {
      const { claim, replace, find } = store;
      const custom = { claim, replace, find } as PersistenceStore;
      const error = (await rejection(deskOf(custom).list({}))) as Error;
      expect(error.message).to.match(/the store cannot list: it has no method records\(\)/);
    });

    it('a record whose key has no operation, under no name', async () => {
      const state = { format: 1, status: 'unknown', attempt: 1, fencingToken: 1 } as const;
      await store.claim({ key: 'unnamed', token: 'other.1', expiresAt: now + HOUR, state }, now);
      expect(await all({ status: 'unknown' })).to.include(' unknown');
    });

    it('nothing for a cursor of another query', async () => {
      const error = (await rejection(bare().list({ status: 'stuck', cursor: 'completed:x' }))) as Error;
      expect(error.message).to.match(/the cursor is not that of a page of the same query/);
    });
  });

  it('counts by operation and status, with ages and attempts', async () => {
    await someOfEach();
    const seen: number[] = [];
    const stats = await bare().stats({}, (examined) => seen.push(examined));
    expect(stats[0]).to.deep.equal({
      operation: 'HoldService.gamble',
      status: 'unknown',
      count: 1,
      oldestSince: now,
      mostAttempts: 1,
    });
    expect(stats.find(({ status }) => status === 'completed')).to.include({ count: 2 });
    expect(seen).to.deep.equal([6]);
  });

  describe('shows', () => {
    it('the life of a key', async () => {
      await service.gamble({ id: 'T-1' }).catch(() => {});
      const key = keyOf(service, 'gamble', { id: 'T-1' });
      await clock.tickAsync(HOUR);
      await bare().resolve([{ key }], { as: 'run-again', ...by });
      await clock.tickAsync(HOUR);
      await service.gamble({ id: 'T-1' }).catch(() => {});
      const { life } = (await bare().show(key)) ?? expect.fail('there is no record');
      expect(life).to.deep.equal([
        { at: now, what: 'claimed', attempt: 1, by: 'pride-1' },
        { at: now, what: 'unknown', attempt: 1, by: 'pride-1', why: 'TypeError EPIPE' },
        { at: now + HOUR, what: 'resolved', attempt: 1, by: 'ada', why: 'may run again: INC-7' },
        { at: now + 2 * HOUR, what: 'taken-over', attempt: 2, by: 'pride-1' },
        { at: now + 2 * HOUR, what: 'unknown', attempt: 2, by: 'pride-1', why: 'TypeError EPIPE' },
      ]);
    });

    it('when the lease of a running call lapses, or of an abandoned one did', async () => {
      void makeIdempotent(() => new Promise<never>(() => {}), { name: 'running', lease: 30 })();
      await clock.tickAsync(10_000);
      const [running] = (await bare().list({ operation: 'running' })).records;
      const life = (await bare().show(running?.key ?? ''))?.life;
      expect(life?.map(({ what, at }) => [what, at])).to.deep.equal([
        ['claimed', now],
        ['renewed', now + 10_000],
        ['lapses', now + 40_000],
        ['expires', now + 25 * HOUR],
      ]);
      await abandon(service, 'place', { id: 'T-4' });
      const key = keyOf(service, 'place', { id: 'T-4' });
      expect((await bare().show(key))?.life.map(({ what }) => what)).to.include('lapsed');
    });

    it('an outcome only where it is asked for', async () => {
      await service.place({ id: 'T-1' });
      const key = keyOf(service, 'place', { id: 'T-1' });
      expect((await informed().show(key))?.outcome).to.deep.equal({ kind: 'value' });
      const { text } = (await informed().show(key, { reveal: true }))?.outcome ?? {};
      expect(text).to.match(/id: 'T-1'.*Money \{ cents: 5 \}/s);
    });

    it('an outcome of a codec only where that is at hand', async () => {
      await service.secret({ id: 'T-1' });
      const key = keyOf(service, 'secret', { id: 'T-1' });
      expect((await informed().show(key, { reveal: true }))?.outcome?.text).to.equal('{\n  "pan": "T-1"\n}');
      const { text, reason } = (await bare().show(key, { reveal: true }))?.outcome ?? {};
      expect(text).to.equal(undefined);
      expect(reason).to.match(/written by a codec that is not configured here/);
    });

    it('an encrypted outcome only where its key is at hand', async () => {
      const keys = { k1: randomBytes(32) };
      const named = (codec: Codec) =>
        makeIdempotent(async (id: string) => ({ pan: id }), { name: 'holds.encrypted', codec });
      const encrypting = named(encrypted({ keys, current: 'k1' }));
      await encrypting('T-1');
      const key = keyOf(encrypting, 'T-1');
      const reveal = (source?: object) =>
        deskOf(store, { operations: knownOperations(source ? [source] : []) }).show(key, { reveal: true });
      expect((await reveal(encrypting))?.outcome?.text).to.include('"pan": "T-1"');
      const withoutKey = named(encrypted({ keys: { k2: randomBytes(32) }, current: 'k2' }));
      for (const source of [withoutKey, undefined]) {
        const { text, reason } = (await reveal(source))?.outcome ?? {};
        expect(text).to.equal(undefined);
        expect(reason).to.match(source ? /k1/ : /codec/);
      }
      expect(JSON.stringify(store.records())).not.to.include('T-1');
      await encrypting('T-2');
      await recordOf(encrypting, 'T-2').forget();
      const other = { key: keyOf(encrypting, 'T-2') };
      await deskOf(store, { operations: knownOperations([encrypting]) }).resolve([other], {
        as: 'value',
        json: '{"pan":"decided"}',
        ...by,
      });
      expect(JSON.stringify(store.records())).not.to.include('decided');
      expect(await encrypting('T-2')).to.deep.equal({ pan: 'decided' });
    });

    it('nothing for a key without a record, and refuses what is no key', async () => {
      expect(await bare().show(keyOf(service, 'place', { id: 'none' }))).to.equal(undefined);
      expect(((await rejection(bare().show('T-1'))) as Error).message).to.match(
        /show: the key is .*not an idempotency key/,
      );
    });
  });

  describe('resolves', () => {
    const value: Resolution = { as: 'value', json: '{"pan":"decided"}', ...by };

    it('a key with a value, which is encoded as the operation does, and kept for its ttl', async () => {
      await abandon(service, 'secret', { id: 'T-1' });
      const key = keyOf(service, 'secret', { id: 'T-1' });
      expect(await informed().resolve([{ key }], value)).to.deep.equal([{ key, isDone: true }]);
      expect(await service.secret({ id: 'T-1' })).to.deep.equal({ pan: 'decided' });
      expect((await store.find(key))?.expiresAt).to.equal(now + 60_000);
      expect(JSON.stringify(store.records())).not.to.include('decided');
    });

    it('no key with a value where the operation is not known, unless it has no codec', async () => {
      await abandon(service, 'secret', { id: 'T-1' });
      const key = keyOf(service, 'secret', { id: 'T-1' });
      const [refused] = await bare().resolve([{ key }], value);
      expect(refused).to.include({ isDone: false });
      expect(refused?.error).to.match(/the options of HoldService\.secret are not known here/);
      expect((await bare().show(key))?.record.status).to.equal('abandoned');
      await abandon(service, 'place', { id: 'T-1' });
      const plain = keyOf(service, 'place', { id: 'T-1' });
      expect(await bare().resolve([{ key: plain }], { ...value, isPlain: true })).to.deep.equal([
        { key: plain, isDone: true },
      ]);
    });

    it('no key of a route of HTTP with a value, since its calls read a recorded response', async () => {
      const route = makeIdempotent(async (id: string) => id, { name: 'http POST /holds/:id' });
      await abandon(route, 'T-1');
      const [refused] = await informed().resolve([{ key: keyOf(route, 'T-1') }], { ...value, isPlain: true });
      expect(refused?.error).to.match(/is a route of HTTP.*let it run again, or refuse it/);
    });

    it('no key with what is not JSON', async () => {
      await abandon(service, 'place', { id: 'T-1' });
      const key = keyOf(service, 'place', { id: 'T-1' });
      const [refused] = await informed().resolve([{ key }], { ...value, json: '{pan' });
      expect(refused?.error).to.equal('resolve: the value is not JSON');
    });

    it('each of many for itself, and tells what became of it', async () => {
      await service.place({ id: 'T-1' });
      await abandon(service, 'place', { id: 'T-2' });
      const keys = ['T-1', 'T-2', 'T-3'].map((id) => keyOf(service, 'place', { id }));
      const told = await bare().resolve([...keys.map((key) => ({ key })), { key: 'none' }], {
        as: 'refuse',
        ...by,
      });
      expect(told.map(({ isDone }) => isDone)).to.deep.equal([false, true, false, false]);
      expect(told[0]?.error).to.match(/has an outcome already/);
      expect(told[2]).not.to.have.property('error');
      expect(told[3]?.error).to.match(/not an idempotency key/);
    });

    it('no more of many where the store has failed for one after another, and says so of each', async () => {
      const keys = ['T-1', 'T-2', 'T-3', 'T-4', 'T-5'].map((id) => keyOf(service, 'place', { id }));
      const asked: string[] = [];
      store.find = async (key) => {
        asked.push(key);
        throw new Error('unreachable');
      };
      const told = await bare().resolve(
        keys.map((key) => ({ key })),
        { as: 'refuse', ...by },
      );
      expect(new Set(asked)).to.deep.equal(new Set(keys.slice(0, 3)));
      expect(told.map(({ key }) => key)).to.deep.equal(keys);
      expect(told[2]?.error).to.match(/the decision was recorded/);
      expect(told[3]).to.include({ isDone: false });
      expect(told[4]?.error).to.match(/not tried/);
    });

    it('no record that has changed since it was seen', async () => {
      await abandon(service, 'place', { id: 'T-1' });
      const [seen] = (await bare().list({})).records;
      const { key, token } = seen ?? expect.fail('there is no record');
      await service.place({ id: 'T-1' });
      const [told] = await bare().resolve([{ key, token }], { as: 'forgotten', ...by });
      expect(told?.error).to.match(/has changed since it was read/);
      expect((await bare().show(key))?.record.status).to.equal('completed');
    });
  });

  describe('knows operations', () => {
    it('of classes, of instances and of functions', () => {
      const pay = makeIdempotent(async () => 1, { name: 'pay' });
      expect([...knownOperations([HoldService, pay]).keys()]).to.have.members([
        'HoldService.place',
        'HoldService.secret',
        'HoldService.gamble',
        'pay',
      ]);
      expect([...knownOperations([new HoldService()]).keys()]).to.have.length(3);
    });

    it('of nothing else', () => {
      for (const source of [class Empty {}, {}, () => 1])
        expect((thrown(() => knownOperations([source])) as Error).message).to.match(
          /has no idempotent operation/,
        );
    });
  });
});
