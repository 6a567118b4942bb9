import { expect } from 'chai';
import {
  currentExecution,
  type IdempotencyRecord,
  type IdempotentOptions,
  InProgressError,
  makeIdempotent,
  recordOf,
  StoreError,
} from 'retrysafe';
import type { SinonFakeTimers } from 'sinon';
import { type Deferred, defer } from '../support/defer.js';
import { restOfTurn } from '../support/deployment.js';
import { rejection } from '../support/rejection.js';
import { ScriptedStore } from '../support/scripted-store.js';
import { fakeTime } from '../support/time.js';

describe('a forgotten outcome', () => {
  let clock: SinonFakeTimers;
  let count = 0;
  let name: string;
  const runs = { count: 0 };

  beforeEach(() => {
    clock = fakeTime();
    count += 1;
    name = `forgotten ${count}`;
    runs.count = 0;
  });

  afterEach(() => clock.restore());

  /** The operation in one process. Its runs are numbered across all processes. */
  function process(store: ScriptedStore, options: IdempotentOptions = {}, work?: () => Promise<unknown>) {
    return makeIdempotent(
      async (_id: string) => {
        runs.count += 1;
        const run = runs.count;
        await work?.();
        return `run ${run}`;
      },
      { name, store, key: (id: string) => id, keepLocal: 5, wait: 10, lease: 30, ...options },
    );
  }

  /** Delays the response to the next such request until the promise is resolved. */
  function answersLate(store: ScriptedStore, step: 'claim' | 'replace' | 'find'): Deferred<void> {
    const late = defer<void>();
    store.next(step, async (apply) => {
      const answer = await apply();
      await late.promise;
      return answer;
    });
    return late;
  }

  describe('is not stored in the process again by a response that arrives afterwards:', () => {
    it("a claim's", async () => {
      const store = new ScriptedStore();
      await process(store)('a');
      const here = store.peer();
      const call = process(here);
      const late = answersLate(here, 'claim');
      const first = call('a');
      await restOfTurn();
      expect(await recordOf(call, 'a').forget()).to.equal(true);
      late.resolve();
      expect(await first, 'it began before').to.equal('run 1');
      expect(await call('a')).to.equal('run 2');
    });

    it("a completion's", async () => {
      const store = new ScriptedStore();
      const call = process(store);
      const late = answersLate(store, 'replace');
      const first = call('a');
      await restOfTurn();
      expect(await recordOf(call, 'a').forget()).to.equal(true);
      late.resolve();
      expect(await first).to.equal('run 1');
      expect(await call('a')).to.equal('run 2');
    });

    it("that to a read for a transaction's completion", async () => {
      const store = new ScriptedStore();
      const call = makeIdempotent(
        async (_id: string) => {
          runs.count += 1;
          const result = `run ${runs.count}`;
          const { record, token } = await currentExecution().completion(result);
          await store.inner.replace(record, token);
          return result;
        },
        { name, store, key: (id: string) => id, keepLocal: 5 },
      );
      const late = answersLate(store, 'find');
      const first = call('a');
      await restOfTurn();
      expect(await recordOf(call, 'a').forget()).to.equal(true);
      late.resolve();
      expect(await first).to.equal('run 1');
      expect(await call('a')).to.equal('run 2');
    });

    it("a first read's, with readFirst", async () => {
      const store = new ScriptedStore();
      await process(store)('a');
      const here = store.peer();
      const call = process(here, { readFirst: true });
      const late = answersLate(here, 'find');
      const first = call('a');
      await restOfTurn();
      expect(await recordOf(call, 'a').forget()).to.equal(true);
      late.resolve();
      expect(await first).to.equal('run 1');
      expect(await call('a')).to.equal('run 2');
    });

    it("a waiter's read, which may be stale", async () => {
      const store = new ScriptedStore();
      const end = defer<void>();
      const first = process(store, {}, () => end.promise)('a');
      await restOfTurn();
      const here = store.peer();
      const call = process(here);
      const waiter = call('a');
      await clock.tickAsync(100);
      end.resolve();
      await first;
      await clock.tickAsync(1_000);
      expect(await waiter).to.equal('run 1');
      // Another process forgets it. This one must not have stored what it only read.
      await recordOf(process(store.peer()), 'a').forget();
      expect(await call('a')).to.equal('run 2');
    });
  });

  it('is not stored again where another process forgot it, and this one holds a later run', async () => {
    const store = new ScriptedStore();
    await process(store)('a');
    const here = store.peer();
    const call = process(here);
    const late = answersLate(here, 'claim');
    // The fingerprint differs, so that the second does not join the first.
    const first = call('a');
    await restOfTurn();
    await recordOf(process(store.peer()), 'a').forget();
    const second = process(here, { fingerprint: () => 'other' })('a');
    await restOfTurn();
    expect(await second).to.equal('run 2');
    late.resolve();
    expect(await first).to.equal('run 1');
    expect(await call('a')).to.equal('run 2');
  });

  it('is dropped once this process learns of a later run', async () => {
    const store = new ScriptedStore();
    const here = store.peer();
    const call = process(here, { fingerprint: () => 'one' });
    await call('a');
    await recordOf(process(store.peer()), 'a').forget();
    const end = defer<void>();
    const second = process(store.peer(), {}, () => end.promise)('a');
    await restOfTurn();
    // A call with another fingerprint calls the store.
    await rejection(process(here, { fingerprint: () => 'other', wait: 0 })('a'));
    expect(await rejection(process(here, { fingerprint: () => 'one', wait: 0 })('a'))).to.be.instanceOf(
      InProgressError,
    );
    end.resolve();
    await second;
  });

  it('is not joined by a call that begins afterwards', async () => {
    const store = new ScriptedStore();
    await process(store)('a');
    const here = store.peer();
    const call = process(here, { keepLocal: 0 });
    const late = answersLate(here, 'claim');
    const first = call('a');
    await restOfTurn();
    // Another process forgot it, which this one now reads.
    await recordOf(process(store.peer()), 'a').forget();
    expect(await recordOf(call, 'a').forget()).to.equal(false);
    const second = call('a');
    await restOfTurn();
    late.resolve();
    expect(await first).to.equal('run 1');
    expect(await second).to.equal('run 2');
  });

  describe('is not replayed to a call that knows of the next run:', () => {
    let store: ScriptedStore;
    let here: ScriptedStore;
    let forgotten: IdempotencyRecord;
    let end: Deferred<void>;
    beforeEach(async () => {
      store = new ScriptedStore();
      here = store.peer();
      await process(store)('a');
      forgotten = (await store.inner.find(keyOf(store))) as IdempotencyRecord;
      await recordOf(process(store), 'a').forget();
      end = defer();
    });

    const keyOf = ({ calls }: ScriptedStore) => calls.find(({ record }) => record)?.record?.key as string;

    it('by a stale read', async () => {
      const second = process(store, {}, () => end.promise)('a');
      await restOfTurn();
      const waiter = process(
        here.next(
          'find',
          async () => forgotten,
          async () => forgotten,
        ),
      )('a');
      await clock.tickAsync(2_000);
      end.resolve();
      await second;
      await clock.tickAsync(2_000);
      expect(await waiter).to.equal('run 2');
    });

    it('by a stale read that comes after one of the earlier run', async () => {
      const second = process(store, {}, () => end.promise)('a');
      await restOfTurn();
      const { fencingToken } = forgotten.state;
      const state = { format: 1, status: 'in-progress', attempt: 1, startedAt: Date.now() } as const;
      const running: IdempotencyRecord = {
        ...forgotten,
        token: 'run.1',
        state: { ...state, fencingToken, leaseUntil: Date.now() + 30_000 },
      };
      const waiter = process(
        here.next(
          'find',
          async () => running,
          async () => forgotten,
        ),
      )('a');
      await clock.tickAsync(2_000);
      end.resolve();
      await second;
      await clock.tickAsync(2_000);
      expect(await waiter).to.equal('run 2');
    });

    it('by the end of the earlier run in its own process', async () => {
      const other = new ScriptedStore();
      const mine = other.peer();
      const run = defer<void>();
      const call = process(mine, { wait: 20, keepLocal: 0 }, () => run.promise);
      // The call that the waiting one joined fails at the store, so that this claims by itself.
      const down = defer<never>();
      mine.next('claim', 'fail', () => down.promise, 'hold');
      const failed = rejection(call('b'));
      await restOfTurn();
      const waiter = call('b');
      down.reject(new Error('the store is down'));
      expect(await failed).to.be.instanceOf(StoreError);
      await restOfTurn();
      // The run here goes on while another process takes the key from it and runs.
      const earlier = call('b');
      await restOfTurn();
      const elsewhere = process(other, {}, () => end.promise);
      expect(await recordOf(elsewhere, 'b').forget({ force: true })).to.equal(true);
      const later = elsewhere('b');
      await restOfTurn();
      // Now the waiting call is told of the later run, and joins the earlier one.
      await mine.held[0]?.release();
      await restOfTurn();
      // The store is unreachable when the earlier run ends, so its caller gets its own result.
      mine.always('replace', 'fail');
      run.resolve();
      await clock.tickAsync(7_000);
      expect(await earlier).to.equal('run 2');
      mine.heal();
      end.resolve();
      expect(await later).to.equal('run 3');
      await clock.tickAsync(2_000);
      expect(await waiter).to.equal('run 3');
    });
  });

  it('is given up after five seconds where the record changes its owner each time', async () => {
    const store = new ScriptedStore();
    const call = process(store);
    await call('a');
    let tokens = 0;
    store.always('replace', async () => {
      const [, completed] = store.calls.flatMap(({ record }) => (record ? [record] : []));
      tokens += 1;
      return { ...completed, token: `other.${tokens}` };
    });
    const error = rejection(recordOf(call, 'a').forget());
    await clock.tickAsync(6_000);
    expect(await error).to.be.instanceOf(StoreError);
    expect(tokens).to.be.within(2, 30);
  });

  it('costs no memory for calls that have ended', async () => {
    const store = new ScriptedStore();
    const call = process(store, { keepLocal: 1 });
    for (const id of ['a', 'b', 'c']) await call(id);
    const slot = (
      globalThis as unknown as Record<symbol, Map<string, WeakMap<object, Map<string, unknown>>>>
    )[Symbol.for('retrysafe.shared.1')];
    expect(slot?.get('keeping-calls')?.get(store)?.size).to.equal(0);
  });
});

describe('an unforced forget', () => {
  it('takes an abandoned key only once its lease has lapsed by the tolerance as well', async () => {
    const clock = fakeTime();
    try {
      const store = new ScriptedStore();
      const call = makeIdempotent((_id: string) => new Promise<void>(() => {}), {
        name: 'crashes while it runs',
        store,
        lease: 6,
        clockTolerance: 2,
      });
      void call('a');
      await restOfTurn();
      store.always('replace', 'hang');
      const operator = store.peer();
      const elsewhere = makeIdempotent(async (_id: string) => {}, {
        name: 'crashes while it runs',
        store: operator,
        lease: 6,
        clockTolerance: 2,
      });
      await clock.tickAsync(7_999);
      expect(await rejection(recordOf(elsewhere, 'a').forget())).to.be.instanceOf(InProgressError);
      await clock.tickAsync(1);
      expect(await recordOf(elsewhere, 'a').forget()).to.equal(true);
    } finally {
      clock.restore();
    }
  });
});
