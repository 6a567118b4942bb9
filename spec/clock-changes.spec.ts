import { expect } from 'chai';
import { ClaimLostError, currentExecution, InProgressError, onIdempotencyEvent } from 'retrysafe';
import { defer } from './support/defer.js';
import { deployable, restOfTurn, standing } from './support/deployment.js';
import { rejection } from './support/rejection.js';
import { ScriptedStore } from './support/scripted-store.js';
import { fakeTime } from './support/time.js';

const never = () => new Promise<never>(() => {});

describe('a clock that is set, or stood still (15, 17)', () => {
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
      it(`gives a waiting duplicate no further hour: ${where}`, async () => {
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

  describe('while its process was frozen for longer than its lease', () => {
    /** A method that goes on in a process that was frozen from its first second on, for so long. */
    async function thawed(frozenFor: number) {
      const end = defer<unknown>();
      let signal!: AbortSignal;
      const call = operation(store, () => {
        signal = currentExecution().signal;
        return end.promise;
      })('a');
      await clock.tickAsync(1_000);
      clock.setSystemTime(Date.now() + frozenFor);
      await clock.tickAsync(9_500);
      return { call, end, signal };
    }

    it('does not bring the lease back to life, and tells the method by its signal', async () => {
      const told: string[] = [];
      const stops = (['renewed', 'claim-lost'] as const).map((name) =>
        onIdempotencyEvent(name, () => told.push(name)),
      );
      const { signal } = await thawed(60_000);
      for (const stop of stops) stop();
      expect(signal.reason).to.be.instanceOf(ClaimLostError);
      expect(store.count('replace')).to.equal(0);
      expect(told).to.deep.equal(['claim-lost']);
      const next = operation(store.peer(), async () => 'second', { wait: 0 });
      expect(await next('a')).to.equal('second');
    });

    it('still completes where nobody took over', async () => {
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

  it('a renewal that is answered after the lease lapsed does not take back that it is lost', async () => {
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
