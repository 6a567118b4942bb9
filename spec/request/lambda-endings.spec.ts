import { expect } from 'chai';
import {
  currentExecution,
  type IdempotentOptions,
  InProgressError,
  makeIdempotent,
  OutcomeUnknownError,
  onIdempotencyEvent,
} from 'retrysafe';
import { defer } from '../support/defer.js';
import { crash, deployable, restOfTurn, standing } from '../support/deployment.js';
import { invocation } from '../support/invocation.js';
import { rejection } from '../support/rejection.js';
import { type Fate, ScriptedStore } from '../support/scripted-store.js';
import { fakeTime } from '../support/time.js';

const start = Date.UTC(2026, 0, 1);
const never = () => new Promise<never>(() => {});
const pause = (time: number) => new Promise<void>((resolve) => setTimeout(resolve, time));
const answeredAfter =
  (time: number): Fate =>
  async (apply) => {
    const answer = await apply();
    await pause(time);
    return answer;
  };

describe('the end of a Lambda invocation', () => {
  let clock: ReturnType<typeof fakeTime>;
  let store: ScriptedStore;
  let runs: number[];

  beforeEach(() => {
    clock = fakeTime(start);
    store = new ScriptedStore();
    runs = [];
  });

  afterEach(() => {
    clock.restore();
  });

  /** A method that records which attempt it is. */
  const method = async () => {
    runs.push(currentExecution().attempt);
    return 'ran';
  };
  const deployed = (options: IdempotentOptions = {}) =>
    deployable({ key: '@', clockTolerance: 1, onAbandoned: 'refuse', ...options });
  const status = async () => (await standing(store))?.state.status;

  describe('that comes before a claim is answered', () => {
    it('frees the key: the next call runs at once, and `onAbandoned` is not called', async () => {
      const operation = deployed();
      const error = rejection(
        operation(store.next('claim', answeredAfter(2_700)), method)('a', invocation(3_000)),
      );
      await clock.tickAsync(2_700);
      expect(await error)
        .to.be.instanceOf(InProgressError)
        .and.to.include({ retryAfter: 1 });
      expect(await status()).to.equal('released');
      expect(await operation(store.peer(), method, { wait: 0 })('a')).to.equal('ran');
      expect(runs).to.deep.equal([1]);
    });

    it('frees a key that was released before, too, and does not change its attempts', async () => {
      const operation = deployed();
      await rejection(operation(store, () => Promise.reject(new Error('busy')))('a'));
      const other = store.peer().next('replace', answeredAfter(2_700));
      const error = rejection(operation(other, method)('a', invocation(3_000)));
      await clock.tickAsync(3_000);
      expect(await error).to.be.instanceOf(InProgressError);
      expect(await status()).to.equal('released');
      expect(await operation(store.peer(), method, { wait: 0 })('a')).to.equal('ran');
      expect(runs).to.deep.equal([2]);
    });

    it('does not free a key that was abandoned before: its recovery is still to come', async () => {
      const operation = deployed({ lease: 3 });
      await crash(operation, store, 'a');
      await clock.tickAsync(5_000);
      const other = store.peer().next('replace', answeredAfter(900), answeredAfter(900));
      const error = rejection(operation(other, method, { onAbandoned: 'run' })('a', invocation(1_300)));
      await clock.tickAsync(1_300);
      expect(await error).to.be.instanceOf(InProgressError);
      expect(await status()).to.equal('in-progress');
      await clock.tickAsync(4_000);
      expect(await rejection(operation(store.peer(), method)('a'))).to.be.instanceOf(OutcomeUnknownError);
      expect(runs).to.deep.equal([]);
    });

    for (const before of ['abandoned', 'unknown'] as const) {
      it(`counts no attempt, however often the claim of an ${before} key is given back`, async () => {
        const operation = deployed({ lease: 3, onAbandoned: 'run' });
        if (before === 'abandoned') await crash(operation, store, 'a');
        else
          await rejection(
            operation(store, () => Promise.reject(new Error('busy')), { onError: () => 'unknown' })('a'),
          );
        await clock.tickAsync(5_000);
        const earlier = (await standing(store))?.state;
        for (let call = 1; call <= 3; call += 1) {
          const peer = store.peer().next('replace', answeredAfter(900));
          const error = rejection(operation(peer, method)('a', invocation(1_300)));
          await clock.tickAsync(1_300);
          expect(await error).to.be.instanceOf(InProgressError);
          const { fencingToken, about, ...given } = (await standing(store))?.state ?? {};
          const { fencingToken: first, about: before, ...kept } = earlier ?? {};
          expect(given).to.deep.equal(kept);
          expect(about).to.deep.equal({ ...before, run: fencingToken });
          expect(fencingToken).to.be.greaterThan(first as number);
        }
        expect(await operation(store.peer(), method, { wait: 0 })('a')).to.equal('ran');
        expect(runs).to.deep.equal([2]);
      });
    }

    it('is reported as it is where the key cannot be freed', async () => {
      const operation = deployed();
      store.next('claim', answeredAfter(2_700)).always('replace', 'fail');
      const error = rejection(operation(store, method)('a', invocation(3_000)));
      await clock.tickAsync(3_000);
      expect(await error).to.be.instanceOf(InProgressError);
      expect(runs).to.deep.equal([]);
    });

    it('leaves nothing abandoned where the call had waited for one that was released in the last 500 ms', async () => {
      const operation = deployed({ wait: 30 });
      const end = defer<never>();
      const first = rejection(operation(store, () => end.promise)('a'));
      await restOfTurn();
      const peer = store.peer();
      const second = rejection(operation(peer, method)('a', invocation(3_000)));
      await clock.tickAsync(2_400);
      peer.always('find', 'fail').always('claim', async (apply) => {
        await pause(50);
        return apply();
      });
      await clock.tickAsync(120);
      const own = new Error('declined');
      end.reject(own);
      await clock.tickAsync(3_000);
      expect(await first).to.equal(own);
      expect(await second).to.be.instanceOf(InProgressError);
      expect(await operation(store.peer(), method, { wait: 0 })('a')).to.equal('ran');
      expect(runs).to.deep.equal([2]);
    });
  });

  describe('that comes while a recovery function runs', () => {
    for (const takes of [2_800, 4_000]) {
      it(`prevents the start of the method: recovery took ${takes} ms of 3,000`, async () => {
        const asked: number[] = [];
        const operation = deployed({
          lease: 3,
          onAbandoned: async ({ attempt }) => {
            asked.push(attempt);
            if (asked.length === 1) await pause(takes);
            return 'run' as const;
          },
        });
        await crash(operation, store, 'a');
        await clock.tickAsync(5_000);
        const error = rejection(operation(store.peer(), method)('a', invocation(3_000)));
        await clock.tickAsync(6_000);
        expect(await error).to.be.instanceOf(InProgressError);
        expect(runs).to.deep.equal([]);
        // It was no attempt: the next call recovers the same one.
        expect(await operation(store.peer(), method)('a', invocation(60_000))).to.equal('ran');
        expect({ asked, runs }).to.deep.equal({ asked: [1, 1], runs: [2] });
      });
    }
  });

  describe('and a completion for the transaction', () => {
    /** How many writes a completion takes with so many milliseconds left of the invocation. */
    async function writesFor(left: number, lease: number, before = async () => {}): Promise<number> {
      const operation = deployed({ lease });
      let writes = Number.NaN;
      const call = operation(store, async () => {
        await before();
        const sent = store.count('replace');
        const { record, token } = await currentExecution().completion('held');
        writes = store.count('replace') - sent;
        await store.inner.replace(record, token);
        return 'held';
      })('a', invocation(left));
      await clock.tickAsync(left);
      expect(await call).to.equal('held');
      return writes;
    }

    it('needs no renewal where the lease already lasts until the end of the invocation', async () => {
      expect(await writesFor(10_000, 30)).to.equal(0);
    });

    it('needs none with little left, either', async () => {
      expect(await writesFor(10_000, 30, () => pause(9_000))).to.equal(0);
    });

    it('needs no renewal that could gain nothing, so it also works where the store fails', async () => {
      store.always('replace', 'fail');
      expect(await writesFor(10_000, 30)).to.equal(0);
    });

    it('renews where that gains more than half of a lease', async () => {
      store.next('replace', 'fail', 'fail', 'fail', 'fail');
      expect(await writesFor(60_000, 6, () => pause(4_100))).to.equal(1);
    });
  });

  describe('and the calls that are made in it', () => {
    /** The end of the first lease, in milliseconds since the start. */
    const leaseEnd = (one: ScriptedStore) => {
      const state = one.calls[0]?.record?.state;
      return state?.status === 'in-progress' ? state.leaseUntil - start : Number.NaN;
    };

    for (const [what, more] of [
      ['that has ended', {}],
      ['that has ended and is not idempotent just now', { enabled: false }],
    ] as const) {
      it(`still applies to work that a nested call ${what} left running, while the enclosing one runs`, async () => {
        const [inmost, gate, left] = [new ScriptedStore(), defer(), defer()];
        const third = deployed()(inmost, never);
        const second = deployed(more)(new ScriptedStore(), async (id) => {
          void gate.promise.then(() => {
            void third(id);
            left.resolve();
          });
        });
        const first = deployed()(store, async (id) => {
          await second(id);
          gate.resolve();
          await left.promise;
          return never();
        });
        void first('a', invocation(5_000));
        await restOfTurn();
        expect(leaseEnd(inmost)).to.equal(5_000);
      });
    }

    it('applies through a nested call whose idempotency is disabled', async () => {
      const inmost = new ScriptedStore();
      const third = deployed()(inmost, never);
      const second = deployed({ enabled: false })(new ScriptedStore(), (id) => third(id));
      void deployed()(store, (id) => second(id))('a', invocation(5_000));
      await restOfTurn();
      expect(leaseEnd(inmost)).to.equal(5_000);
    });

    it('does not apply to work that still runs when all of them have ended', async () => {
      const [later, gate] = [new ScriptedStore(), defer()];
      const third = deployed()(later, never);
      const second = deployed()(new ScriptedStore(), async (id) => {
        void gate.promise.then(() => third(id));
      });
      await deployed()(store, (id) => second(id))('a', invocation(5_000));
      gate.resolve();
      await restOfTurn();
      expect(leaseEnd(later)).to.equal(30_000);
    });

    it('still refuses a call with the enclosing call’s key by work that a nested call left running', async () => {
      const [gate, refused] = [defer(), defer<unknown>()];
      const second = deployed()(new ScriptedStore(), async () => {
        void gate.promise.then(() => refused.resolve(rejection(first('a'))));
      });
      const first = makeIdempotent(
        async (id: string) => {
          await second(id);
          gate.resolve();
          await refused.promise;
        },
        { name: 'Lambda.encloses', store },
      );
      await first('a');
      expect(await refused.promise).to.have.property('name', 'ReentrantCallError');
    });
  });

  it('that comes while a call waits is no fault of the store: no read starts with hardly any time left', async () => {
    const faults: unknown[] = [];
    const stop = onIdempotencyEvent('store-failed', ({ step }) => faults.push(step));
    const operation = deployed({ wait: 10 });
    void operation(store, never)('a');
    await restOfTurn();
    const peer = store.peer();
    for (const step of ['find', 'claim'] as const) peer.always(step, answeredAfter(5));
    const error = rejection(operation(peer, method)('a', invocation(3_000)));
    const { random } = Math;
    try {
      // The pauses before the reads are 50 ms, 100 ms, 200 ms and so on, and the last ends with the wait.
      Math.random = () => 1;
      await clock.tickAsync(4_000);
    } finally {
      Math.random = random;
      stop();
    }
    expect(await error).to.be.instanceOf(InProgressError);
    expect(faults).to.deep.equal([]);
  });
});
