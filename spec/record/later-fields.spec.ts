import { expect } from 'chai';
import { currentExecution, type IdempotentOptions, type RecordState } from 'retrysafe';
import { deployable, restOfTurn, type Work } from '../support/deployment.js';
import { invocation } from '../support/invocation.js';
import { leftByALaterVersion, steps, type Unfinished } from '../support/later-records.js';
import { rejection } from '../support/rejection.js';
import { ScriptedStore } from '../support/scripted-store.js';
import { fakeTime } from '../support/time.js';

const MINUTE = 60_000;

describe('a field that a later version keeps in an unfinished record', () => {
  let clock: ReturnType<typeof fakeTime>;
  let store: ScriptedStore;
  let operation: ReturnType<typeof deployable>;

  beforeEach(() => {
    clock = fakeTime();
    store = new ScriptedStore();
    operation = deployable({ key: '@', lease: 6, clockTolerance: 1, wait: 0 });
  });

  afterEach(() => {
    clock.restore();
  });

  const never = () => new Promise<never>(() => {});
  const fail = () => Promise.reject(new Error('the bank is closed'));

  function expectKept(state: RecordState | undefined, status: string): void {
    expect(state).to.include({ format: 1, status }).and.to.have.deep.property('steps', steps);
  }

  for (const from of ['in-progress', 'released', 'unknown'] as const satisfies Unfinished[]) {
    describe(`that was ${from === 'in-progress' ? 'abandoned' : from}`, () => {
      let key: string;

      beforeEach(async () => {
        ({ key } = await leftByALaterVersion(operation, store, from));
      });

      const state = async () => (await store.inner.find(key))?.state;

      it('stays when this version takes the key over, and renews its lease', async () => {
        void operation(store, never)('a');
        await restOfTurn();
        expectKept(await state(), 'in-progress');
        expect(await state()).to.include({ attempt: 3 });
        const leaseUntil = (lease: RecordState | undefined) => (lease as { leaseUntil: number }).leaseUntil;
        const before = leaseUntil(await state());
        await clock.tickAsync(4_000);
        expectKept(await state(), 'in-progress');
        expect(leaseUntil(await state())).to.be.above(before);
      });

      it('stays when the answers to the take-over and to a renewal are lost', async () => {
        void operation(store.next('replace', 'lose'), never)('a');
        await restOfTurn();
        store.next('replace', 'lose');
        await clock.tickAsync(4_000);
        expectKept(await state(), 'in-progress');
      });

      for (const [decision, status] of [
        ['release', 'released'],
        ['unknown', 'unknown'],
      ] as const) {
        it(`stays when the method fails and the key is ${status}, for the next run as well`, async () => {
          const options: IdempotentOptions = { onError: () => decision };
          await rejection(operation(store, fail, options)('a'));
          expectKept(await state(), status);
          void operation(store.peer(), never)('a');
          await restOfTurn();
          expectKept(await state(), 'in-progress');
        });
      }

      it('stays when this version dies, and another process takes over', async () => {
        void operation(store, never)('a');
        await restOfTurn();
        store.always('replace', 'hang');
        await clock.tickAsync(MINUTE);
        void operation(store.peer(), never)('a');
        await restOfTurn();
        expectKept(await state(), 'in-progress');
        expect(await state()).to.include({ attempt: 4 });
      });

      it('stays when the method asked for a completion that it did not write', async () => {
        const forgetful: Work = async () => {
          await currentExecution().completion('done');
          return 'done';
        };
        const error = rejection(operation(store, forgetful)('a'));
        await clock.tickAsync(MINUTE);
        expect(await error).to.have.property('code', 'ERR_IDEMPOTENCY_OUTCOME_UNKNOWN');
        expectKept(await state(), 'unknown');
      });

      it('is gone when the key is completed', async () => {
        await operation(store, async () => 'done')('a');
        expect(await state())
          .to.include({ status: 'completed' })
          .and.not.to.have.property('steps');
      });
    });
  }

  it('stays when the end of a Lambda invocation gives the key back', async () => {
    const { key } = await leftByALaterVersion(operation, store, 'released');
    const late = store.peer().next('replace', async (apply) => {
      const answer = await apply();
      await new Promise((resolve) => setTimeout(resolve, 2_700));
      return answer;
    });
    const error = rejection(operation(late, async () => 'ran', { lease: 30 })('a', invocation(3_000)));
    await clock.tickAsync(3_000);
    expect(await error).to.have.property('code', 'ERR_IDEMPOTENCY_IN_PROGRESS');
    expectKept((await store.inner.find(key))?.state, 'released');
  });

  for (const [what, onAbandoned] of [
    ['fails', () => Promise.reject(new Error('the bank is closed'))],
    ['refuses', () => 'refuse' as const],
  ] as const) {
    it(`stays when a recovery function ${what}`, async () => {
      const { key } = await leftByALaterVersion(operation, store, 'in-progress');
      await rejection(operation(store, async () => 'ran', { onAbandoned })('a'));
      expectKept((await store.inner.find(key))?.state, 'unknown');
    });
  }

  it('stays when a recovery function has the method run', async () => {
    const { key } = await leftByALaterVersion(operation, store, 'unknown');
    void operation(store, never, { onAbandoned: () => 'run' })('a');
    await restOfTurn();
    expectKept((await store.inner.find(key))?.state, 'in-progress');
  });

  it('is gone with a record that has expired: the next claim begins anew', async () => {
    const { key } = await leftByALaterVersion(operation, store, 'released');
    await clock.tickAsync(2 * 24 * 60 * MINUTE);
    void operation(store, never)('a');
    await restOfTurn();
    const state = (await store.inner.find(key))?.state;
    expect(state).to.include({ status: 'in-progress', attempt: 1 }).and.not.to.have.property('steps');
  });
});
