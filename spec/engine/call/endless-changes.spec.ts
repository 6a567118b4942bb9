import { expect } from 'chai';
import {
  currentExecution,
  type IdempotencyRecord,
  InProgressError,
  type RecordState,
  StoreError,
} from 'retrysafe';
import { deployable, restOfTurn } from '../../support/deployment.js';
import { rejection } from '../../support/rejection.js';
import { ScriptedStore } from '../../support/scripted-store.js';
import { fakeTime } from '../../support/time.js';

describe('a store whose record changes its owner without end', () => {
  let clock: ReturnType<typeof fakeTime>;
  let store: ScriptedStore;
  let operation: ReturnType<typeof deployable>;
  let tokens: number;

  beforeEach(() => {
    clock = fakeTime();
    store = new ScriptedStore();
    operation = deployable({ lease: 30, clockTolerance: 1, wait: 3 });
    tokens = 0;
  });

  afterEach(() => clock.restore());

  /** A record of another owner, with a new token each time. */
  function another(state: Partial<RecordState>, more: Partial<IdempotencyRecord> = {}): IdempotencyRecord {
    const [first] = store.calls;
    tokens += 1;
    const full = { format: 1, attempt: tokens, fencingToken: Date.now() + tokens, ...state } as RecordState;
    const key = first?.record?.key as string;
    return { key, token: `other.${tokens}`, expiresAt: Date.now() + 60_000, ...more, state: full };
  }

  const released = async () => another({ status: 'released' });
  const changing: Record<string, () => void> = {
    'is released each time': () => store.always('claim', released).always('replace', released),
    'is released to a claim and has expired to a take-over': () =>
      store
        .always('claim', released)
        .always('replace', async () => another({ status: 'released' }, { expiresAt: Date.now() })),
    'is abandoned each time': () => {
      const abandoned = async () => another({ status: 'in-progress', leaseUntil: Date.now() - 5_000 });
      store.always('claim', abandoned).always('replace', abandoned);
    },
    'is renewed and lapses each time': () => {
      store
        .always('claim', async () => another({ status: 'in-progress', leaseUntil: Date.now() }))
        .always('replace', released);
    },
  };

  for (const [what, change] of Object.entries(changing)) {
    it(`and ${what}: the call pauses between its tries, and is refused when its wait is over`, async () => {
      change();
      let runs = 0;
      const error = rejection(
        operation(store, async () => {
          runs += 1;
        })('a'),
      );
      await restOfTurn();
      expect(store.count(), 'before it pauses').to.be.below(8);
      await clock.tickAsync(3_500);
      expect(await error).to.be.instanceOf(InProgressError);
      expect(await error).to.include({ retryAfter: 1 });
      expect(runs).to.equal(0);
      expect(store.count()).to.be.below(60);
    });
  }

  it('refuses a call that does not wait after a few tries', async () => {
    store.always('claim', released).always('replace', released);
    const error = await rejection(operation(store, async () => {}, { wait: 0 })('a'));
    expect(error).to.be.instanceOf(InProgressError);
    expect(store.count()).to.be.below(8);
  });

  it('still lets a call that does not wait win the second race', async () => {
    store.next('claim', released).next('replace', released);
    expect(await operation(store, async () => 'mine', { wait: 0 })('a')).to.equal('mine');
  });

  it('does not call a recovery function without end', async () => {
    let asked = 0;
    const abandoned = async () => another({ status: 'in-progress', leaseUntil: Date.now() - 5_000 });
    store.always('claim', abandoned);
    let isTakeOver = false;
    store.always('replace', async (apply) => {
      isTakeOver = !isTakeOver;
      if (!isTakeOver) return abandoned();
      await apply();
      return store.calls.at(-1)?.record;
    });
    const call = operation(store, async () => 'ran', {
      onAbandoned: () => {
        asked += 1;
        return 'run';
      },
    });
    const error = rejection(call('a'));
    await clock.tickAsync(3_500);
    expect(await error).to.be.instanceOf(InProgressError);
    expect(asked).to.be.within(2, 20);
  });

  describe('between two earlier writes of the same call', () => {
    /** Returns the call's own claim for each write, with another of its tokens each time. */
    function lagging() {
      const claim = store.calls[0]?.record as IdempotencyRecord;
      const [owner] = claim.token.split('.');
      store.always('replace', async () => {
        tokens += 1;
        return { ...structuredClone(claim), token: `${owner}.${1_000 + tokens}` };
      });
    }

    it('returns the result to the caller after five seconds', async () => {
      const call = operation(store, async () => {
        lagging();
        return 'done';
      })('a');
      await restOfTurn();
      expect(store.count('replace'), 'before it pauses').to.be.below(5);
      await clock.tickAsync(5_500);
      expect(await call).to.equal('done');
      expect(store.count('replace')).to.be.below(60);
    });

    it('provides no completion to write', async () => {
      store.next('replace', 'fail');
      const call = operation(store, async () => {
        await currentExecution().completion('first');
        lagging();
        return currentExecution().completion('second');
      })('a');
      const error = rejection(call);
      await clock.tickAsync(5_500);
      expect(await error).to.be.instanceOf(StoreError);
      expect(store.count('replace')).to.be.below(60);
    });
  });
});
