import { AssertionError } from 'node:assert';
import { expect } from 'chai';
import {
  type Abandoned,
  configureIdempotency,
  Idempotent,
  InMemoryStore,
  keyOf,
  makeIdempotent,
  OutcomeUnknownError,
  recordOf,
  StoreError,
} from 'retrysafe';
import { abandon, assertReplays, FailingStore } from 'retrysafe/testing';
import type { SinonFakeTimers } from 'sinon';
import { defer } from '../support/defer.js';
import { rejection, thrown } from '../support/rejection.js';
import { fakeTime } from '../support/time.js';

const started = Date.UTC(2026, 0, 1);

describe('what retrysafe/testing has for the tests of an application', () => {
  let clock: SinonFakeTimers;
  let store: InMemoryStore;
  let runs: number;
  let asked: Abandoned[];

  class Transfers {
    @Idempotent({
      key: 'id',
      onAbandoned(abandoned: Abandoned) {
        asked.push(abandoned);
        return { value: 'found at the bank' };
      },
    })
    async send(_transfer: { readonly id: string }): Promise<string> {
      runs += 1;
      return 'sent';
    }
    @Idempotent({ key: 'id', onAbandoned: 'refuse' })
    async refuse(_transfer: { readonly id: string }): Promise<void> {
      runs += 1;
    }
  }
  const transfers = new Transfers();
  const transfer = { id: 't-1' };

  beforeEach(() => {
    clock = fakeTime(started);
    store = new InMemoryStore();
    runs = 0;
    asked = [];
    configureIdempotency({ store });
  });
  afterEach(() => {
    configureIdempotency({});
    clock.restore();
  });

  describe('InMemoryStore', () => {
    it('shows its records as copies', async () => {
      await transfers.send(transfer);
      const [record, ...others] = store.records();
      expect(others).to.deep.equal([]);
      expect(record).to.deep.include({ key: keyOf(transfers, 'send', transfer) });
      expect(record?.state).to.deep.include({
        status: 'completed',
        outcome: { kind: 'value', json: 'sent' },
      });
      (record?.state as { status: string }).status = 'changed';
      expect(store.records()[0]?.state.status).to.equal('completed');
    });

    it('is empty after clear(), and this process keeps nothing of it', async () => {
      const kept = makeIdempotent(async (_id: string) => ++runs, { name: 'clearedKept', keepLocal: 10 });
      await kept('a');
      expect(await kept('a')).to.equal(1);
      store.clear();
      expect(store.records()).to.deep.equal([]);
      expect(store.size).to.equal(0);
      expect(await kept('a')).to.equal(2);
    });

    it('lets no call after clear() join one from before', async () => {
      const gates = [defer(), defer()];
      const held = makeIdempotent(
        async (_id: string) => {
          const run = runs++;
          await gates[run]?.promise;
          return run;
        },
        { name: 'clearedRun' },
      );
      const before = held('a').catch(() => 'lost');
      await clock.tickAsync(0);
      store.clear();
      const after = held('a');
      await clock.tickAsync(0);
      gates[1]?.resolve();
      expect(await after).to.equal(1);
      gates[0]?.resolve();
      await before;
    });

    it('goes on to sweep expired records after clear()', async () => {
      const short = makeIdempotent(async (_id: number) => {}, { name: 'clearedShort', ttl: 1 });
      for (let id = 0; id < 5; id += 1) await short(id);
      store.clear();
      await short(10);
      await clock.tickAsync(86_400_001 * 2);
      for (let id = 20; id < 23; id += 1) await short(id);
      expect(store.size).to.equal(3);
    });
  });

  describe('abandon()', () => {
    it('leaves a key as a process does that dies, so that onAbandoned is asked', async () => {
      const record = await abandon(transfers, 'send', transfer);
      expect(await record.inspect()).to.include({ status: 'abandoned', attempt: 1 });
      expect(await transfers.send(transfer)).to.equal('found at the bank');
      expect(asked).to.deep.equal([
        {
          operation: 'Transfers.send',
          key: record.key,
          status: 'abandoned',
          attempt: 1,
          fencingToken: started,
        },
      ]);
      expect(runs).to.equal(0);
    });

    it('works under a policy that refuses, for functions, and after a released attempt', async () => {
      await abandon(transfers, 'refuse', transfer);
      expect(await rejection(transfers.refuse(transfer))).to.be.instanceOf(OutcomeUnknownError);
      const ship = makeIdempotent(
        async (_id: string) => {
          throw new Error('no carrier');
        },
        { name: 'abandonedShip' },
      );
      await rejection(ship('a'));
      expect(await (await abandon(ship, 'a')).inspect()).to.include({ status: 'abandoned', attempt: 2 });
    });

    it('refuses a key that is in use', async () => {
      await transfers.send(transfer);
      const error = (await rejection(abandon(transfers, 'send', transfer))) as Error;
      expect(error.message).to.match(/^abandon: the key Transfers\.send#.* is in use \(completed\)/);
      expect(await recordOf(transfers, 'send', transfer).inspect()).to.include({ status: 'completed' });
    });
  });

  describe('assertReplays()', () => {
    it('resolves to the value where the method ran once and both got it', async () => {
      expect(await assertReplays(() => transfers.send(transfer))).to.equal('sent');
      expect(runs).to.equal(1);
    });

    it('passes a remembered error on', async () => {
      class Declined extends Error {}
      const pay = makeIdempotent(
        async (_id: string) => {
          throw new Declined('no money');
        },
        { name: 'assertedPay', remember: [Declined] },
      );
      expect(await rejection(assertReplays(() => pay('a')))).to.be.instanceOf(Declined);
    });

    async function failure(call: () => unknown): Promise<AssertionError> {
      const error = await rejection(assertReplays(call));
      expect(error).to.be.instanceOf(AssertionError);
      return error as AssertionError;
    }

    it('fails where two calls have two keys', async () => {
      let id = 0;
      const { message } = await failure(() => transfers.send({ id: `t-${id++}` }));
      expect(message).to.match(/^assertReplays: the second call has another key, Transfers\.send#/);
    });

    it('fails where the replay is not what the method gave', async () => {
      class Money {
        constructor(readonly cents: number) {}
      }
      const price = makeIdempotent(async (_id: string) => ({ at: new Money(5) }), {
        name: 'assertedPrice',
        codec: { encode: (value) => JSON.stringify(value), decode: (text) => JSON.parse(text) },
      });
      expect((await failure(() => price('a'))).message).to.match(/the replay differs .*`classes`/);
    });

    it('fails where the outcome is not kept', async () => {
      const expire = makeIdempotent(
        async (_id: string) => {
          await Promise.resolve();
          return 1;
        },
        { name: 'assertedDisabled', enabled: false },
      );
      expect((await failure(() => expire('a'))).message).to.match(/the method ran twice/);
    });

    it('fails where the first call is a replay, or no call, or has no outcome', async () => {
      await transfers.send(transfer);
      expect((await failure(() => transfers.send(transfer))).message).to.match(/was already a replay/);
      expect((await failure(async () => 1)).message).to.match(/got no recorded outcome/);
      const fault = new Error('no carrier');
      const ship = makeIdempotent(async (_id: string) => Promise.reject(fault), { name: 'assertedShip' });
      expect(await failure(() => ship('a'))).to.have.property('cause', fault);
    });
  });

  describe('FailingStore', () => {
    let failing: FailingStore;
    const charge = makeIdempotent(async (_id: string) => ++runs, {
      name: 'chargeFailing',
      store: () => failing,
      lease: 30,
    });
    beforeEach(() => {
      failing = new FailingStore(store);
    });

    it('does what the store does, until it is told to fail', async () => {
      await charge('a');
      expect(await charge('a')).to.equal(1);
      expect(store.size).to.equal(1);
    });

    it('fails as many times as it is told, with the error that it is told', async () => {
      const error = new Error('connection reset');
      failing.fail('claim', { times: 2, error });
      const refused = await rejection(charge('a'));
      expect(refused).to.be.instanceOf(StoreError).and.include({ step: 'claim', cause: error });
      expect(runs).to.equal(0);
      expect(await charge('a')).to.equal(1);
    });

    it('fails before or after it was done', async () => {
      failing.fail('claim', { times: 2 });
      await rejection(charge('a'));
      expect(store.size).to.equal(0);
      failing.fail('claim', { times: 2, when: 'after' });
      await rejection(charge('b'));
      expect(store.size).to.equal(1);
    });

    it('hangs until the engine gives the operation up', async () => {
      failing.hang('claim', { times: Number.POSITIVE_INFINITY });
      const refused = rejection(charge('a'));
      await clock.tickAsync(10_000);
      expect(await refused).to.be.instanceOf(StoreError);
      failing.recover();
      expect(await charge('a')).to.equal(1);
    });

    it('fails to find, too', async () => {
      await charge('a');
      failing.fail('find');
      const record = recordOf(charge, 'a');
      expect(await rejection(record.inspect())).to.include({ step: 'find' });
      expect(await record.inspect()).to.include({ status: 'completed' });
    });

    it('refuses a command that it cannot carry out', () => {
      const wrong: readonly (() => void)[] = [
        () => failing.fail('remove' as 'claim'),
        () => failing.fail('claim', { times: 0 }),
        () => failing.hang('claim', { when: 'during' as 'after' }),
      ];
      for (const command of wrong) expect(thrown(command)).to.be.instanceOf(TypeError);
    });

    it('gives notices where the store around which it stands does', () => {
      expect(failing.changed).to.equal(undefined);
      const notifying = Object.assign(new InMemoryStore(), { changed: () => Promise.resolve() });
      expect(new FailingStore(notifying).changed).to.be.a('function');
    });
  });
});
