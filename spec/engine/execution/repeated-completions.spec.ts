import { expect } from 'chai';
import {
  ClaimLostError,
  type Completion,
  currentExecution,
  type IdempotentOptions,
  OutcomeUnknownError,
  onIdempotencyEvent,
} from 'retrysafe';
import { crash, deployable, restOfTurn, standing } from '../../support/deployment.js';
import { rejection } from '../../support/rejection.js';
import { ScriptedStore } from '../../support/scripted-store.js';
import { fakeTime } from '../../support/time.js';

/** The application's own database. Its ledger and the completion are written together, or neither is. */
class Bank {
  holds = 0;

  constructor(readonly store: ScriptedStore) {}

  async place({ record, token }: Completion, { isAnswerLost = false } = {}): Promise<void> {
    if ((await this.store.inner.replace(record, token))?.token !== record.token)
      throw new Error('rolled back');
    this.holds += 1;
    if (isAnswerLost) throw new Error('the answer of the transaction is lost');
  }
}

describe('a completion that was committed', () => {
  let clock: ReturnType<typeof fakeTime>;
  let store: ScriptedStore;
  let bank: Bank;
  let operation: ReturnType<typeof deployable>;
  const options: IdempotentOptions = { lease: 6, clockTolerance: 1, wait: 10 };

  beforeEach(() => {
    clock = fakeTime();
    store = new ScriptedStore();
    bank = new Bank(store);
    operation = deployable(options);
  });

  afterEach(() => {
    clock.restore();
  });

  const replay = () => operation(store.peer(), async () => 'ran again')('a');

  describe('by a transaction whose response was lost', () => {
    /** Repeats the transaction until it has a response, or was tried so often. Each try commits if it can. */
    async function placeHold(tries: number, errors: unknown[]): Promise<unknown> {
      for (let hold = 1; ; hold += 1) {
        try {
          await bank.place(await currentExecution().completion({ hold }), { isAnswerLost: true });
        } catch (error) {
          errors.push(error);
          if (hold === tries) throw error;
        }
      }
    }

    for (const tries of [2, 3, 4]) {
      it(`is never overwritten, even where the method asks for another ${tries} times`, async () => {
        const errors: unknown[] = [];
        const call = operation(store, () => placeHold(tries, errors));
        expect(await call('a')).to.deep.equal({ hold: 1 });
        expect(bank.holds).to.equal(1);
        expect(errors).to.have.length(tries);
        for (const error of errors.slice(1)) expect(error).to.be.instanceOf(ClaimLostError);
        expect(await replay()).to.deep.equal({ hold: 1 });
      });
    }

    it('is not overwritten by the renewal for a completion that is requested when the lease is short', async () => {
      const errors: unknown[] = [];
      const call = operation(store, async () => {
        await bank.place(await currentExecution().completion({ hold: 1 }));
        await new Promise((resolve) => setTimeout(resolve, 4_000));
        return placeHold(3, errors);
      })('a');
      await clock.tickAsync(5_000);
      expect(await call).to.deep.equal({ hold: 1 });
      expect(bank.holds).to.equal(1);
      expect(errors).to.have.length(3);
    });
  });

  describe('by a recovery function', () => {
    let runs: number;

    beforeEach(() => {
      runs = 0;
    });

    /** The outcome of a call that finds an abandoned attempt and recovers it. */
    async function recovering(answer: () => unknown): Promise<unknown> {
      await crash(operation, store, 'a');
      await clock.tickAsync(8_000);
      const onAbandoned = async () => {
        const committed = bank.place(await currentExecution().completion({ hold: 'recovered' }), {
          isAnswerLost: true,
        });
        await rejection(committed);
        return answer() as 'run';
      };
      const method = async () => {
        runs += 1;
        return { hold: 'of a second run' };
      };
      const call = operation(store.peer(), method, { onAbandoned })('a');
      await clock.tickAsync(2_000);
      return call;
    }

    const answers: Record<string, () => unknown> = {
      'asks for a run': () => 'run',
      refuses: () => 'refuse',
      'has another value': () => ({ value: 'another' }),
      throws: () => {
        throw new Error('unknown');
      },
    };
    for (const [what, answer] of Object.entries(answers)) {
      it(`stays where that then ${what}: the method does not run`, async () => {
        expect(await recovering(answer)).to.deep.equal({ hold: 'recovered' });
        expect({ runs, holds: bank.holds }).to.deep.equal({ runs: 0, holds: 1 });
        expect(await replay()).to.deep.equal({ hold: 'recovered' });
      });
    }

    it('causes the event `completed`, and none of a run', async () => {
      const told: string[] = [];
      const stops = (['completed', 'released', 'unknown'] as const).map((name) =>
        onIdempotencyEvent(name, () => told.push(name)),
      );
      await recovering(() => 'run');
      for (const stop of stops) stop();
      expect(told).to.deep.equal(['completed']);
    });
  });

  describe('and then returned, while the store is unreachable', () => {
    /** A method that commits its completion, after which the store does as `then` says. */
    const committing =
      (result: unknown, then: () => void, isCommitted = true) =>
      async () => {
        const completion = await currentExecution().completion(result);
        if (isCommitted) await bank.place(completion);
        then();
        return result;
      };
    const down = () => store.always('find', 'fail').always('replace', 'fail').always('claim', 'fail');
    const downFor = (time: number) => () => {
      down();
      setTimeout(() => store.heal(), time);
    };

    it('is the outcome after a short fault: the caller gets its own result', async () => {
      const result = { hold: 1 };
      const call = operation(store, committing(result, downFor(1_000)))('a');
      await clock.tickAsync(3_000);
      expect(await call).to.equal(result);
      expect(await replay()).to.deep.equal({ hold: 1 });
    });

    it('is the outcome for the duplicates that joined, too', async () => {
      const call = operation(store, committing({ hold: 1 }, downFor(1_000)));
      const calls = [call('a'), call('a')];
      await clock.tickAsync(3_000);
      expect(await Promise.all(calls)).to.deep.equal([{ hold: 1 }, { hold: 1 }]);
      expect(bank.holds).to.equal(1);
    });

    it('is the outcome where only the read failed and the result cannot be stored', async () => {
      const result = { hold: 1, print: () => 'a receipt' };
      const call = operation(
        store,
        committing(result, () => store.next('find', 'fail')),
      );
      expect(await call('a')).to.equal(result);
      expect(await standing(store)).to.have.nested.property('state.status', 'completed');
    });

    it('ends with OutcomeUnknownError after about 5 s of tries; the outcome stays', async () => {
      const call = operation(store, committing({ hold: 1 }, down))('a');
      let endedAfter = Number.NaN;
      const from = Date.now();
      const error = rejection(call).finally(() => {
        endedAfter = Date.now() - from;
      });
      await clock.tickAsync(10_000);
      expect(await error).to.be.instanceOf(OutcomeUnknownError);
      expect((await error) as Error)
        .to.have.property('message')
        .that.includes('the store does not answer');
      expect(endedAfter).to.be.within(4_000, 5_000);
      expect(store.count('replace')).to.be.above(4);
      store.heal();
      expect(await replay()).to.deep.equal({ hold: 1 });
      expect(bank.holds).to.equal(1);
    });

    it('ends the same way where it was never committed, and is left to `onAbandoned`', async () => {
      const call = operation(store, committing({ hold: 1 }, down, false))('a');
      const error = rejection(call);
      await clock.tickAsync(7_000);
      expect(await error).to.be.instanceOf(OutcomeUnknownError);
      store.heal();
      expect(await rejection(operation(store.peer(), async () => 1, { onAbandoned: 'refuse' })('a')))
        .to.be.instanceOf(OutcomeUnknownError)
        .and.to.have.property('message')
        .that.includes('ended without a recorded outcome');
      expect(await replay()).to.equal('ran again');
    });

    it('ends at once where the store says that it was never committed', async () => {
      const call = operation(
        store,
        committing({ hold: 1 }, () => {}, false),
      )('a');
      expect(await rejection(call))
        .to.have.property('message')
        .that.includes('was not applied');
      await restOfTurn();
      expect(await standing(store)).to.have.nested.property('state.status', 'unknown');
    });
  });
});
