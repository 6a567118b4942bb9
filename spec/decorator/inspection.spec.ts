import { expect } from 'chai';
import {
  ClaimLostError,
  ConfigurationError,
  configureIdempotency,
  currentExecution,
  type IdempotencyRecord,
  Idempotent,
  InProgressError,
  KeyError,
  keyOf,
  makeIdempotent,
  recordOf,
  StoreError,
} from 'retrysafe';
import type { SinonFakeTimers } from 'sinon';
import { type Deferred, defer } from '../support/defer.js';
import { rejection, thrown } from '../support/rejection.js';
import { ScriptedStore } from '../support/scripted-store.js';
import { fakeTime } from '../support/time.js';

interface Refund {
  readonly id: string;
  readonly amount: number;
}

class Declined extends Error {}

let runs: number;
let gate: Deferred<void> | undefined;
let failure: unknown;

class RefundDesk {
  @Idempotent({ key: 'id', ttl: 300, lease: 30, wait: 0, fingerprint: 'amount', remember: [Declined] })
  async refund({ id, amount }: Refund): Promise<unknown> {
    runs += 1;
    await gate?.promise;
    if (failure) throw failure;
    return { secret: `refunded ${amount} for ${id}`, by: currentExecution().attempt };
  }

  @Idempotent({ key: 'id', onError: () => 'unknown' })
  async gamble(_refund: Refund) {
    throw new Error('nobody knows');
  }

  @Idempotent()
  static async count(_of: string) {
    runs += 1;
    return runs;
  }

  async undecorated(_refund: Refund) {}
}

const lookUp = makeIdempotent(async function lookUpRefund(_id: string) {
  runs += 1;
  return runs;
});

const refund = { id: 'r1', amount: 5 };

describe('the record of a call', () => {
  const started = Date.UTC(2026, 0, 1);
  let clock: SinonFakeTimers;
  let store: ScriptedStore;
  let desk: RefundDesk;

  beforeEach(() => {
    clock = fakeTime(started);
    runs = 0;
    gate = undefined;
    failure = undefined;
    store = new ScriptedStore();
    configureIdempotency({ store });
    desk = new RefundDesk();
  });
  afterEach(() => {
    configureIdempotency({});
    clock.restore();
  });

  it('shows nothing before the first call, and runs nothing', async () => {
    expect(await recordOf(desk, 'refund', refund).inspect()).to.equal(undefined);
    expect(runs).to.equal(0);
    expect(store.calls.map(({ step }) => step)).to.deep.equal(['find']);
  });

  it('shows a running call with the end of its lease, and an abandoned one as that', async () => {
    gate = defer();
    const running = desk.refund(refund);
    await clock.tickAsync(0);
    const view = await recordOf(desk, 'refund', refund).inspect();
    expect(view).to.deep.include({
      operation: 'RefundDesk.refund',
      status: 'in-progress',
      attempt: 1,
      fencingToken: started,
      startedAt: started,
      leaseUntil: started + 30_000,
    });
    expect(view?.key).to.match(/^RefundDesk\.refund#[0-9a-f]{64}$/);
    expect(view?.fingerprint).to.be.a('string');

    store.always('replace', 'fail');
    await clock.tickAsync(30_999);
    expect((await recordOf(desk, 'refund', refund).inspect())?.status).to.equal('in-progress');
    await clock.tickAsync(1);
    expect((await recordOf(desk, 'refund', refund).inspect())?.status).to.equal('abandoned');
    store.heal();
    gate.resolve();
    await running;
  });

  it('shows a completed call with what is kept of its outcome and until when, never the outcome itself', async () => {
    await desk.refund(refund);
    const view = await recordOf(desk, 'refund', refund).inspect();
    expect(view).to.deep.include({
      status: 'completed',
      outcome: 'value',
      completedAt: started,
      expiresAt: started + 300_000,
    });
    expect(JSON.stringify(view)).not.to.match(/refunded|secret|r1/);
    expect(await recordOf(desk, 'refund', { id: 'r2', amount: 5 }).inspect(), 'another payload').to.equal(
      undefined,
    );
  });

  it('shows a remembered error, a result that could not be kept, a release and an unknown outcome', async () => {
    failure = new Declined();
    await rejection(desk.refund(refund));
    expect(await recordOf(desk, 'refund', refund).inspect()).to.include({
      status: 'completed',
      outcome: 'error',
    });

    failure = new Error('try again');
    await rejection(desk.refund({ id: 'r2', amount: 5 }));
    expect((await recordOf(desk, 'refund', { id: 'r2', amount: 5 }).inspect())?.status).to.equal('released');

    await rejection(desk.gamble(refund));
    expect((await recordOf(desk, 'gamble', refund).inspect())?.status).to.equal('unknown');

    const unkeepable = makeIdempotent(async (_id: string) => () => 1, { name: 'unkeepableRefund' });
    await unkeepable('a');
    expect(await recordOf(unkeepable, 'a').inspect()).to.include({ status: 'completed', outcome: 'none' });
  });

  it('shows nothing once the record has expired', async () => {
    await desk.refund(refund);
    await clock.tickAsync(299_999);
    expect((await recordOf(desk, 'refund', refund).inspect())?.status).to.equal('completed');
    await clock.tickAsync(1);
    expect(await recordOf(desk, 'refund', refund).inspect()).to.equal(undefined);
  });

  it('shows a record of a newer version as unreadable', async () => {
    await desk.refund(refund);
    const view = await recordOf(desk, 'refund', refund).inspect();
    const record = (await store.inner.find(view?.key ?? '')) as IdempotencyRecord;
    const state = { ...record.state, format: 99 } as never;
    await store.inner.replace({ ...record, token: 'newer.1', state }, record.token);
    expect(await recordOf(desk, 'refund', refund).inspect()).to.include({
      status: 'unreadable',
      key: view?.key,
    });
  });

  it('looks with a consistent read', async () => {
    const reads: unknown[] = [];
    const { find } = store.inner;
    store.inner.find = (key, options) => {
      reads.push(options?.consistent);
      return find.call(store.inner, key, options);
    };
    await recordOf(desk, 'refund', refund).inspect();
    expect(reads).to.deep.equal([true]);
  });

  it('looks at static methods, functions, and functions that are fields of a service', async () => {
    await RefundDesk.count('a');
    expect((await recordOf(RefundDesk, 'count', 'a').inspect())?.operation).to.equal('RefundDesk.count');
    await lookUp('a');
    expect((await recordOf(lookUp, 'a').inspect())?.operation).to.equal('lookUpRefund');
    expect((await recordOf({ lookUp }, 'lookUp', 'a').inspect())?.operation).to.equal('lookUpRefund');
  });

  it('fails where such a call would fail: without a key, with a store that is down, for no such method', async () => {
    for (const ask of [recordOf, keyOf]) {
      const keyless = thrown(() => ask(desk, 'refund', { amount: 5 } as Refund));
      expect(keyless).to.be.instanceOf(KeyError);
      const missing = thrown(() => ask(desk, 'undecorated', refund));
      expect(missing).to.be.instanceOf(ConfigurationError);
      expect((missing as Error).message).to.match(
        new RegExp(`^${ask.name}: .*no idempotent method undecorated.*expected ${ask.name}\\(`),
      );
      // biome-ignore lint/suspicious/noExplicitAny: the compiler refuses it as well
      expect(thrown(() => ask(null as any, 'refund'))).to.be.instanceOf(ConfigurationError);
    }

    store.next('find', 'fail');
    const down = await rejection(recordOf(desk, 'refund', refund).inspect());
    expect(down).to.be.instanceOf(StoreError).and.include({ step: 'find', operation: 'RefundDesk.refund' });
  });

  describe('forget', () => {
    it('frees a completed key: the next call runs, also with another fingerprint', async () => {
      await desk.refund(refund);
      const token = (await recordOf(desk, 'refund', refund).inspect())?.fencingToken;
      expect(await recordOf(desk, 'refund', refund).forget()).to.equal(true);
      expect((await recordOf(desk, 'refund', refund).inspect())?.status).to.equal('released');
      expect(await desk.refund({ ...refund, amount: 7 })).to.deep.equal({
        secret: 'refunded 7 for r1',
        by: 1,
      });
      expect((await recordOf(desk, 'refund', refund).inspect())?.fencingToken).to.be.greaterThan(
        token as number,
      );
      expect(runs).to.equal(2);
    });

    it('says whether there was anything to forget', async () => {
      expect(await recordOf(desk, 'refund', refund).forget(), 'never called').to.equal(false);
      await desk.refund(refund);
      expect(await recordOf(desk, 'refund', refund).forget()).to.equal(true);
      expect(await recordOf(desk, 'refund', refund).forget(), 'forgotten already').to.equal(false);
      await desk.refund(refund);
      await clock.tickAsync(300_000);
      expect(await recordOf(desk, 'refund', refund).forget(), 'expired').to.equal(false);
    });

    it('removes nothing: it leaves a released record, which a late writer cannot undo', async () => {
      await desk.refund(refund);
      const key = (await recordOf(desk, 'refund', refund).inspect())?.key ?? '';
      const before = await store.inner.find(key);
      await recordOf(desk, 'refund', refund).forget();
      const after = await store.inner.find(key);
      expect(after?.state.status).to.equal('released');
      expect(after?.token).not.to.equal(before?.token);
      await store.inner.replace(before as IdempotencyRecord, before?.token ?? '');
      expect((await store.inner.find(key))?.state.status).to.equal('released');
    });

    it('refuses to take the key of a running call', async () => {
      gate = defer();
      const running = desk.refund(refund);
      await clock.tickAsync(0);
      const error = await rejection(recordOf(desk, 'refund', refund).forget());
      expect(error).to.be.instanceOf(InProgressError).and.include({ retryAfter: 31 });
      gate.resolve();
      await running;
      expect((await recordOf(desk, 'refund', refund).inspect())?.status).to.equal('completed');
    });

    it('takes the key of a running call by force: its outcome is not recorded, and its caller hears of it', async () => {
      gate = defer();
      const running = rejection(desk.refund(refund));
      await clock.tickAsync(0);
      expect(await recordOf(desk, 'refund', refund).forget({ force: true })).to.equal(true);
      expect((await recordOf(desk, 'refund', refund).inspect())?.status).to.equal('released');
      gate.resolve();
      expect(await running)
        .to.be.instanceOf(ClaimLostError)
        .and.include({ operation: 'RefundDesk.refund' });
      expect((await recordOf(desk, 'refund', refund).inspect())?.status).to.equal('released');
      expect(await desk.refund(refund)).to.deep.include({ by: 1 });
      expect(runs).to.equal(2);
    });

    it('by force lets the next call run at once; both callers get its outcome', async () => {
      const gates = [defer(), defer()];
      const held = makeIdempotent(
        async (_id: string) => {
          const at = runs;
          runs += 1;
          await gates[at]?.promise;
          return at;
        },
        { name: 'heldRefund' },
      );
      const first = held('a');
      await clock.tickAsync(0);
      await recordOf(held, 'a').forget({ force: true });
      const second = held('a');
      await clock.tickAsync(0);
      expect(runs).to.equal(2);
      gates[0]?.resolve();
      gates[1]?.resolve();
      await clock.tickAsync(2_000);
      expect([await first, await second], 'one outcome, that of the holder').to.deep.equal([1, 1]);
    });

    it('by force aborts the signal of the running call at its next renewal', async () => {
      gate = defer();
      let signal: AbortSignal | undefined;
      const held = makeIdempotent(
        async (_id: string) => {
          ({ signal } = currentExecution());
          await gate?.promise;
        },
        { name: 'signalledRefund', lease: 30 },
      );
      const running = rejection(held('a'));
      await clock.tickAsync(0);
      await recordOf(held, 'a').forget({ force: true });
      await clock.tickAsync(9_999);
      expect(signal?.aborted).to.equal(false);
      await clock.tickAsync(1);
      expect(signal?.reason).to.be.instanceOf(ClaimLostError);
      gate.resolve();
      expect(await running).to.be.instanceOf(ClaimLostError);
    });

    it('frees an abandoned, an unknown and an unreadable record without force', async () => {
      await rejection(desk.gamble(refund));
      expect(await recordOf(desk, 'gamble', refund).forget()).to.equal(true);

      await desk.refund(refund);
      const key = (await recordOf(desk, 'refund', refund).inspect())?.key ?? '';
      const record = (await store.inner.find(key)) as IdempotencyRecord;
      await store.inner.replace(
        { ...record, token: 'newer.1', state: { format: 99 } as never },
        record.token,
      );
      expect(await recordOf(desk, 'refund', refund).forget()).to.equal(true);
      expect(await desk.refund(refund)).to.deep.include({ by: 1 });

      gate = defer();
      const other = { id: 'r2', amount: 5 };
      const running = desk.refund(other).catch(() => {});
      await clock.tickAsync(0);
      store.always('replace', 'fail');
      await clock.tickAsync(31_000);
      store.heal();
      expect(await recordOf(desk, 'refund', other).forget()).to.equal(true);
      gate.resolve();
      await running;
    });

    it('drops what keepLocal keeps in this process', async () => {
      const kept = makeIdempotent(async (_id: string) => ++runs, { name: 'keptRefund', keepLocal: 10 });
      await kept('a');
      const asked = store.count();
      expect(await kept('a')).to.equal(1);
      expect(store.count(), 'the second call asked no store').to.equal(asked);
      await recordOf(kept, 'a').forget();
      expect(await kept('a')).to.equal(2);
    });

    it('follows a record that changes under its hands', async () => {
      await desk.refund(refund);
      store.next('replace', async (apply) => {
        const key = (await recordOf(desk, 'refund', refund).inspect())?.key ?? '';
        const record = (await store.inner.find(key)) as IdempotencyRecord;
        await store.inner.replace({ ...record, token: 'other.2' }, record.token);
        return apply();
      });
      expect(await recordOf(desk, 'refund', refund).forget()).to.equal(true);
      expect((await recordOf(desk, 'refund', refund).inspect())?.status).to.equal('released');
    });

    it('works on static methods and functions, and names the fault of the store', async () => {
      await RefundDesk.count('a');
      expect(await recordOf(RefundDesk, 'count', 'a').forget()).to.equal(true);
      await lookUp('a');
      expect(await recordOf(lookUp, 'a').forget()).to.equal(true);
      expect(await RefundDesk.count('a')).to.equal(3);
      expect(await lookUp('a')).to.equal(4);

      store.next('replace', 'fail');
      const error = await rejection(recordOf(lookUp, 'a').forget());
      expect(error).to.be.instanceOf(StoreError).and.include({ step: 'replace' });
    });
  });
});
