import { expect } from 'chai';
import { ClaimLostError, currentExecution, InProgressError, onIdempotencyEvent, StoreError } from 'retrysafe';
import { defer } from '../../support/defer.js';
import { deployable, restOfTurn, standing } from '../../support/deployment.js';
import { rejection } from '../../support/rejection.js';
import { ScriptedStore } from '../../support/scripted-store.js';
import { fakeTime } from '../../support/time.js';

const never = () => new Promise<never>(() => {});

describe('a clock that is set, or that stood still', () => {
  let clock: ReturnType<typeof fakeTime>;
  let store: ScriptedStore;
  let operation: ReturnType<typeof deployable>;

  beforeEach(() => {
    clock = fakeTime();
    store = new ScriptedStore();
    operation = deployable({ lease: 30, clockTolerance: 1, wait: 10 });
  });

  afterEach(() => {
    clock.restore();
  });

  describe('back by an hour', () => {
    for (const where of ['in one process', 'across processes'] as const) {
      it(`does not make a duplicate wait an hour longer: ${where}`, async () => {
        void operation(store, never)('a');
        await restOfTurn();
        const other = where === 'in one process' ? store : store.peer();
        const refused = rejection(operation(other, never)('a'));
        let isRefused = false;
        void refused.then(() => {
          isRefused = true;
        });
        await clock.tickAsync(1_000);
        clock.setSystemTime(Date.now() - 3_600_000);
        await clock.tickAsync(45_000);
        expect(isRefused).to.equal(true);
        expect(await refused).to.be.instanceOf(InProgressError);
      });
    }
  });

  describe('back by twenty seconds', () => {
    const setBack = () => clock.setSystemTime(Date.now() - 20_000);

    it('makes no caller wait longer than five seconds until its result is recorded', async () => {
      store.always('replace', 'fail');
      const from = store.count('replace');
      const call = operation(store, async () => 'done')('a');
      await restOfTurn();
      setBack();
      let isDone = false;
      void call.then(() => {
        isDone = true;
      });
      await clock.tickAsync(5_000);
      expect(isDone).to.equal(true);
      expect(store.count('replace') - from).to.be.below(15);
    });

    it('does not extend the time of a store call that hangs', async () => {
      const error = rejection(operation(store.always('claim', 'hang'), never, { lease: 6 })('a'));
      await clock.tickAsync(1_000);
      setBack();
      await clock.tickAsync(3_001);
      expect(await error).to.be.instanceOf(StoreError);
    });

    it('aborts the signal of a run whose renewals fail after the length of its lease, and not later', async () => {
      let signal!: AbortSignal;
      store.always('replace', 'fail');
      void operation(store, () => {
        signal = currentExecution().signal;
        return never();
      })('a');
      await clock.tickAsync(1_000);
      setBack();
      await clock.tickAsync(28_999);
      expect(signal.aborted).to.equal(false);
      await clock.tickAsync(1);
      expect(signal.reason).to.be.instanceOf(ClaimLostError);
    });

    it('neither delays renewals nor lets a method go on beyond renewFor', async () => {
      let signal!: AbortSignal;
      void operation(
        store,
        () => {
          signal = currentExecution().signal;
          return never();
        },
        { renewFor: 60 },
      )('a');
      await clock.tickAsync(1_000);
      setBack();
      await clock.tickAsync(9_001);
      expect(store.count('replace')).to.equal(1);
      await clock.tickAsync(50_000);
      expect(signal.reason).to.be.instanceOf(ClaimLostError);
    });

    it('lets no call join a run for longer than its lease', async () => {
      store.always('replace', 'fail');
      void operation(store, never, { wait: 60 })('a');
      await restOfTurn();
      setBack();
      await clock.tickAsync(29_999);
      const asked = store.count('claim');
      void operation(store, never, { wait: 60 })('a');
      await restOfTurn();
      expect(store.count('claim'), 'while it holds').to.equal(asked);
      await clock.tickAsync(2);
      expect(store.count('claim'), 'when it is over').to.be.above(asked);
    });

    it('still prevents the start of a run in the last half second of a Lambda invocation', async () => {
      const context = { awsRequestId: 'one', getRemainingTimeInMillis: () => 3_000 };
      void operation(store, never)('a');
      await restOfTurn();
      const refused = rejection(operation(store.peer(), never)('a', context));
      await clock.tickAsync(500);
      setBack();
      await clock.tickAsync(2_001);
      expect(await refused).to.be.instanceOf(InProgressError);
    });

    it('does not change the durations in events', async () => {
      const durations: number[] = [];
      const stop = onIdempotencyEvent('completed', ({ duration }) => durations.push(duration));
      const end = defer<unknown>();
      const call = operation(store, () => end.promise)('a');
      await clock.tickAsync(3_000);
      setBack();
      end.resolve('done');
      await call;
      stop();
      expect(durations).to.deep.equal([3]);
    });
  });

  describe('while its process was frozen for longer than its lease', () => {
    /** A method in a process that was frozen for so long, after its first second or later. */
    async function thawed(frozenFor: number, after = 1_000) {
      const end = defer<unknown>();
      let signal!: AbortSignal;
      const call = operation(store, () => {
        signal = currentExecution().signal;
        return end.promise;
      })('a');
      await clock.tickAsync(after);
      clock.setSystemTime(Date.now() + frozenFor);
      await clock.tickAsync(10_500 - after);
      return { call, end, signal };
    }

    // In the second case a renewal is the first that is due.
    for (const after of [1_000, 9_000]) {
      it(`does not revive the lease, and aborts the method’s signal: after ${after} ms`, async () => {
        const told: string[] = [];
        const stops = (['renewed', 'claim-lost'] as const).map((name) =>
          onIdempotencyEvent(name, () => told.push(name)),
        );
        const { signal } = await thawed(60_000, after);
        for (const stop of stops) stop();
        expect(signal.reason).to.be.instanceOf(ClaimLostError);
        expect(store.count('replace')).to.equal(0);
        expect(told).to.deep.equal(['claim-lost']);
        const next = operation(store.peer(), async () => 'second', { wait: 0 });
        expect(await next('a')).to.equal('second');
      });
    }

    it('still completes where no call took over', async () => {
      const { call, end } = await thawed(60_000);
      end.resolve('first');
      expect(await call).to.equal('first');
      expect(await standing(store)).to.have.nested.property('state.status', 'completed');
    });

    it('goes on under its claim where it was frozen for less', async () => {
      const { signal } = await thawed(15_000);
      expect(signal.aborted).to.equal(false);
      expect(store.count('replace')).to.equal(1);
    });
  });

  it('a renewal that returns after the lease lapsed does not revive the claim', async () => {
    const told: string[] = [];
    const stops = (['renewed', 'claim-lost'] as const).map((name) =>
      onIdempotencyEvent(name, () => told.push(name)),
    );
    const end = defer<unknown>();
    // Renewed every third of 6 s, and after a fault every 600 ms: the last answer comes at 6.4 s.
    store.next('replace', 'fail', 'fail', 'fail', 'fail', 'fail', 'fail', async (apply) => {
      const answer = await apply();
      await new Promise((resolve) => setTimeout(resolve, 800));
      return answer;
    });
    const call = operation(store, () => end.promise, { lease: 6 });
    const first = call('a');
    await clock.tickAsync(6_500);
    for (const stop of stops) stop();
    expect(told).to.deep.equal(['claim-lost']);
    expect(clock.countTimers()).to.equal(0);
    const asked = store.count('claim');
    const duplicate = call('a');
    await restOfTurn();
    expect(store.count('claim'), 'a duplicate asks the store and joins nothing').to.equal(asked + 1);
    end.resolve('first');
    await clock.tickAsync(2_000);
    expect(await Promise.all([first, duplicate])).to.deep.equal(['first', 'first']);
  });
});
