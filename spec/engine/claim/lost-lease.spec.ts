import { expect } from 'chai';
import { ClaimLostError, currentExecution, type IdempotencyRecord, recordOf } from 'retrysafe';
import { type Deferred, defer } from '../../support/defer.js';
import { deployable, restOfTurn, standing } from '../../support/deployment.js';
import { rejection } from '../../support/rejection.js';
import { type Fate, ScriptedStore } from '../../support/scripted-store.js';
import { fakeTime } from '../../support/time.js';

// Lease 6 s, renewed at 2 s; it lapses at 6 s and is taken over from 7 s on.
const options = { lease: 6, clockTolerance: 1, wait: 10 } as const;

describe('a lost lease', () => {
  let clock: ReturnType<typeof fakeTime>;
  let store: ScriptedStore;
  let operation: ReturnType<typeof deployable>;

  beforeEach(() => {
    clock = fakeTime();
    store = new ScriptedStore();
    operation = deployable(options);
  });

  afterEach(() => {
    clock.restore();
  });

  interface Held {
    readonly call: Promise<unknown>;
    readonly end: Deferred<unknown>;
    readonly signal: () => AbortSignal;
  }

  /** A method held open; after 7 s its claim can be taken over, since renewals met `fate`. */
  async function lapsed(fate: Fate, more = {}): Promise<Held> {
    const end = defer<unknown>();
    let signal!: AbortSignal;
    const work = () => {
      signal = currentExecution().signal;
      return end.promise;
    };
    const call = operation(store.always('replace', fate), work, more)('a');
    call.catch(() => {});
    await clock.tickAsync(7_000);
    store.heal();
    return { call, end, signal: () => signal };
  }

  /** Lets time pass while this process is frozen: no timer fires before the response arrives. */
  const frozenFor =
    (milliseconds: number): Fate =>
    async (apply) => {
      clock.setSystemTime(Date.now() + milliseconds);
      return apply();
    };

  /** A method that returns how much is left of its lease. */
  const leaseLeft = async () => {
    const claim = (await standing(store))?.state;
    return claim?.status === 'in-progress' && claim.leaseUntil - Date.now();
  };

  for (const fate of ['fail', 'hang', 'hold'] as const) {
    describe(`when renewals ${fate === 'fail' ? 'fail' : fate === 'hang' ? 'never arrive' : 'arrive late'}`, () => {
      it('the successor runs, and the late runner’s signal is aborted', async () => {
        const late = await lapsed(fate);
        expect(late.signal().aborted).to.equal(true);
        expect(late.signal().reason).to.be.instanceOf(ClaimLostError);
        expect(late.signal().reason).to.include({ code: 'ERR_IDEMPOTENCY_CLAIM_LOST' });
        let seen: unknown;
        const answer = await operation(store.peer(), async () => {
          seen = currentExecution().attempt;
          return 'second';
        })('a');
        expect([answer, seen]).to.deep.equal(['second', 2]);
      });

      for (const [ends, settle] of [
        ['completion', (end: Deferred<unknown>) => end.resolve('first')],
        ['failure', (end: Deferred<unknown>) => end.reject(new Error('too late'))],
      ] as const) {
        it(`the late runner's ${ends} changes nothing, and its caller gets the successor's outcome`, async () => {
          const late = await lapsed(fate);
          expect(await operation(store.peer(), async () => 'second')('a')).to.equal('second');
          const completed = await standing(store);
          settle(late.end);
          expect(await late.call).to.equal('second');
          for (const held of store.held.splice(0)) await held.release();
          await clock.tickAsync(60_000);
          expect(await standing(store)).to.deep.equal(completed);
        });
      }
    });
  }

  it('the signal aborts at the end of the last confirmed lease, and not before, though no call took over', async () => {
    let signal!: AbortSignal;
    void operation(store, () => {
      signal = currentExecution().signal;
      return new Promise(() => {});
    })('a');
    await clock.tickAsync(3_000);
    store.always('replace', 'fail');
    await clock.tickAsync(4_999);
    expect(signal.aborted, 'just before 2 s + 6 s').to.equal(false);
    await clock.tickAsync(1);
    expect(signal.aborted).to.equal(true);
  });

  it('the signal is aborted already where the method first asks for it after the loss', async () => {
    const end = defer<void>();
    let signal: AbortSignal | undefined;
    const call = operation(store.always('replace', 'fail'), async () => {
      await end.promise;
      signal = currentExecution().signal;
      return 'late';
    })('a');
    await clock.tickAsync(6_001);
    store.heal();
    end.resolve();
    await call;
    expect(signal?.aborted).to.equal(true);
    expect(signal?.reason).to.be.instanceOf(ClaimLostError);
  });

  it('a runner whose lease lapsed still completes where no call took over', async () => {
    const late = await lapsed('fail');
    late.end.resolve('first');
    expect(await late.call).to.equal('first');
    expect(await operation(store.peer(), async () => 'again')('a')).to.equal('first');
  });

  it("a late renewal that returns the successor's record aborts the signal at once", async () => {
    const end = defer<unknown>();
    let signal!: AbortSignal;
    void operation(store, () => {
      signal = currentExecution().signal;
      return end.promise;
    })('a').catch(() => {});
    await clock.tickAsync(1_000);
    const record = (await standing(store)) as IdempotencyRecord;
    await store.inner.replace({ ...record, token: 'another.1' }, record.token);
    await clock.tickAsync(999);
    expect(signal.aborted).to.equal(false);
    await clock.tickAsync(1);
    expect(signal.reason).to.be.instanceOf(ClaimLostError);
    expect((await standing(store))?.token).to.equal('another.1');
  });

  it("the late runner's caller waits for the successor where that is still running", async () => {
    const late = await lapsed('fail');
    const successor = defer<unknown>();
    const second = operation(store.peer(), () => successor.promise)('a');
    await restOfTurn();
    late.end.resolve('first');
    let answered = false;
    void late.call.then(() => {
      answered = true;
    });
    await clock.tickAsync(5_000);
    expect(answered).to.equal(false);
    successor.resolve('second');
    await clock.tickAsync(1_000);
    expect(await Promise.all([late.call, second])).to.deep.equal(['second', 'second']);
  });

  it('a stale read of the record does not make the late runner give up on its successor', async () => {
    const late = await lapsed('fail');
    const successor = defer<unknown>();
    const second = operation(store.peer(), () => successor.promise)('a');
    await restOfTurn();
    store.next('find', async () => undefined);
    late.end.resolve('first');
    await clock.tickAsync(2_000);
    successor.resolve('second');
    await clock.tickAsync(2_000);
    expect(await Promise.all([late.call, second])).to.deep.equal(['second', 'second']);
  });

  it('nor does a stale read and then a store that is unreachable for a moment', async () => {
    const late = await lapsed('fail');
    const successor = defer<unknown>();
    const second = operation(store.peer(), () => successor.promise)('a');
    await restOfTurn();
    store.next('find', async () => undefined);
    late.end.resolve('first');
    await restOfTurn();
    // The completion was refused. The read after the stale one gets no response.
    const asked = store.next('replace', 'fail').count('replace');
    await clock.tickAsync(2_000);
    expect(store.count('replace')).to.equal(asked + 1);
    successor.resolve('second');
    await clock.tickAsync(2_000);
    expect(await Promise.all([late.call, second])).to.deep.equal(['second', 'second']);
  });

  it('its own error is the cause of ClaimLostError where the successor fails', async () => {
    const late = await lapsed('fail');
    const successor = defer<unknown>();
    const second = rejection(operation(store.peer(), () => successor.promise)('a'));
    await restOfTurn();
    const own = new Error('stopped by the signal');
    late.end.reject(own);
    await clock.tickAsync(2_000);
    successor.reject(new Error('the successor failed'));
    await clock.tickAsync(2_000);
    await second;
    const error = await rejection(late.call);
    expect(error).to.be.instanceOf(ClaimLostError);
    expect((error as ClaimLostError).cause).to.equal(own);
  });

  it('ClaimLostError where the successor has no outcome within `wait`', async () => {
    const late = await lapsed('fail', { wait: 3 });
    void operation(store.peer(), () => new Promise(() => {}))('a');
    await restOfTurn();
    late.end.resolve('first');
    let ended = false;
    const error = rejection(late.call).finally(() => {
      ended = true;
    });
    await clock.tickAsync(2_900);
    expect(ended).to.equal(false);
    await clock.tickAsync(1_100);
    expect(await error).to.be.instanceOf(ClaimLostError);
  });

  it('ClaimLostError where the key was forgotten and no call runs', async () => {
    const late = await lapsed('fail');
    const other = operation(store.peer(), async () => 'other');
    expect(await recordOf(other, 'a').forget()).to.equal(true);
    const released = await standing(store);
    late.end.resolve('first');
    await clock.tickAsync(11_000);
    expect(await rejection(late.call)).to.be.instanceOf(ClaimLostError);
    expect(await standing(store)).to.deep.equal(released);
  });

  it('no method begins under a claim that lapsed while its process was frozen', async () => {
    store.next('claim', frozenFor(5_000)).next('replace', 'lose', frozenFor(7_000));
    expect(await operation(store, leaseLeft)('a')).to.equal(6_000);
  });

  it('nor does the attempt that a recovery function decided on', async () => {
    const late = await lapsed('hang');
    const asking = store.peer().next('replace', (apply) => apply(), frozenFor(7_000), frozenFor(7_000));
    expect(await operation(asking, leaseLeft, { onAbandoned: () => 'run' })('a')).to.equal(6_000);
    late.end.resolve('done');
  });

  it('all of this holds between two calls of one process, too', async () => {
    const ends: Deferred<unknown>[] = [];
    const here = operation(store.next('replace', ...Array<Fate>(12).fill('fail')), () => {
      const end = defer<unknown>();
      ends.push(end);
      return end.promise;
    });
    const first = here('a');
    await clock.tickAsync(3_000);
    const second = here('a');
    await clock.tickAsync(3_999);
    expect(ends.length).to.equal(1);
    store.heal();
    await clock.tickAsync(2);
    expect(ends.length, 'the second runs as soon as the lease has lapsed for long enough').to.equal(2);
    ends[0]?.resolve('first');
    await clock.tickAsync(1_000);
    ends[1]?.resolve('second');
    await restOfTurn();
    expect(await Promise.all([first, second, here('a')])).to.deep.equal(['second', 'second', 'second']);
  });

  it('a caller that read the lapsed lease just before the runner renewed it does not take over', async () => {
    const end = defer<unknown>();
    // The last renewal before the lapse takes long.
    const first = operation(
      store.next('replace', 'fail', 'fail', 'fail', 'fail', 'fail', 'fail', 'hold'),
      () => end.promise,
    )('a');
    await clock.tickAsync(7_000);
    const peer = store.peer().next('replace', 'hold');
    let runs = 0;
    const second = operation(peer, async () => ++runs)('a');
    await restOfTurn();
    expect(peer.held.length, 'it has read the lapsed lease').to.equal(1);
    expect(store.held.length, 'a renewal is on its way').to.equal(1);
    await store.held[0]?.release();
    const renewed = await standing(store);
    await peer.held[0]?.release();
    expect(await standing(store)).to.deep.equal(renewed);
    end.resolve('first');
    await clock.tickAsync(1_000);
    expect(await Promise.all([first, second])).to.deep.equal(['first', 'first']);
    expect(runs).to.equal(0);
  });

  describe('a write that arrives after it was given up and others were made', () => {
    it('changes nothing where it is a renewal, not even our own later completion', async () => {
      const end = defer<unknown>();
      const call = operation(store.next('replace', 'hold'), () => end.promise)('a');
      await clock.tickAsync(5_000);
      end.resolve('done');
      expect(await call).to.equal('done');
      const completed = await standing(store);
      await store.held[0]?.release();
      expect(await standing(store)).to.deep.equal(completed);
    });

    it('changes nothing where it is a renewal and a successor is running', async () => {
      const late = await lapsed('hold');
      const second = operation(store.peer(), () => new Promise(() => {}))('a');
      await restOfTurn();
      const running = await standing(store);
      expect(store.held.length).to.be.at.least(1);
      for (const held of store.held) await held.release();
      expect(await standing(store)).to.deep.equal(running);
      void second;
      void late;
    });

    it('changes nothing where it is a completion', async () => {
      const call = operation(store.next('replace', 'hold'), async () => 'done')('a');
      await clock.tickAsync(3_000);
      expect(await call).to.equal('done');
      const completed = await standing(store);
      await store.held[0]?.release();
      expect(await standing(store)).to.deep.equal(completed);
    });

    it('changes nothing where it is a completion and the key was forgotten and ran again', async () => {
      const here = operation(store.next('replace', 'hold'), async () => 'done');
      const call = here('a');
      await clock.tickAsync(3_000);
      await call;
      await recordOf(here, 'a').forget();
      expect(await operation(store.peer(), async () => 'second run')('a')).to.equal('second run');
      const completed = await standing(store);
      await store.held[0]?.release();
      expect(await standing(store)).to.deep.equal(completed);
    });

    it('changes nothing where it is a claim and the call has completed', async () => {
      const call = operation(store.next('claim', 'hold'), async () => 'done')('a');
      await clock.tickAsync(3_000);
      expect(await call).to.equal('done');
      const completed = await standing(store);
      await store.held[0]?.release();
      expect(await standing(store)).to.deep.equal(completed);
    });

    it('changes nothing where it is a claim and the outcome has expired since', async () => {
      const call = operation(store.next('claim', 'hold'), async () => 'done', { ttl: 1 })('a');
      await clock.tickAsync(3_000);
      await call;
      await clock.tickAsync(60_000);
      const completed = await standing(store);
      await store.held[0]?.release();
      expect(await standing(store)).to.deep.equal(completed);
    });
  });
});
