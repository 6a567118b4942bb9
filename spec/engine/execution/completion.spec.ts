import { expect } from 'chai';
import {
  ClaimLostError,
  type Completion,
  currentExecution,
  OutcomeUnknownError,
  onIdempotencyEvent,
  StoreError,
} from 'retrysafe';
import { type Deferred, defer } from '../../support/defer.js';
import { deployable, restOfTurn, standing } from '../../support/deployment.js';
import { rejection } from '../../support/rejection.js';
import { ScriptedStore } from '../../support/scripted-store.js';
import { fakeTime } from '../../support/time.js';
import { unhandledDuring } from '../../support/unhandled-rejections.js';

describe('a method that writes its own completion', () => {
  let clock: ReturnType<typeof fakeTime>;
  let store: ScriptedStore;
  let peer: ScriptedStore;
  let operation: ReturnType<typeof deployable>;

  beforeEach(() => {
    clock = fakeTime();
    store = new ScriptedStore();
    peer = store.peer();
    operation = deployable({ lease: 6, clockTolerance: 1, wait: 10 });
  });

  afterEach(() => {
    clock.restore();
  });

  /** The application's transaction, which bypasses the engine's store. Returns whether the completion was written with it. */
  async function commit({ record, token }: Completion): Promise<boolean> {
    return (await store.inner.replace(record, token))?.token === record.token;
  }

  const complete = async (result: unknown) => commit(await currentExecution().completion(result));
  const replay = () => operation(store.peer(), async () => 'ran again')('a');
  const steps = () => store.calls.map(({ step }) => step);

  it('causes no second write, and its outcome is replayed', async () => {
    let completions = 0;
    const stop = onIdempotencyEvent('completed', () => {
      completions += 1;
    });
    const call = operation(store, async () => {
      expect(await complete({ hold: 7 })).to.equal(true);
      return { hold: 7 };
    });
    expect(await call('a')).to.deep.equal({ hold: 7 });
    stop();
    expect(store.count('claim')).to.equal(1);
    expect(store.count('replace')).to.equal(0);
    expect(await replay()).to.deep.equal({ hold: 7 });
    expect(completions).to.equal(1);
    expect(clock.countTimers()).to.equal(0);
  });

  it('may return without awaiting it: that there is none any more is no unhandled rejection', async () => {
    const renewal = defer<void>();
    store.next('replace', async (apply) => {
      await renewal.promise;
      return apply();
    });
    const end = defer<void>();
    let completion!: Promise<Completion>;
    const unhandled = await unhandledDuring(async () => {
      const call = operation(store, async () => {
        await end.promise;
        completion = currentExecution().completion('done');
        return 'done';
      })('a');
      await clock.tickAsync(2_000);
      expect(steps()).to.deep.equal(['claim', 'replace']);
      end.resolve();
      await restOfTurn();
      renewal.resolve();
      expect(await call).to.equal('done');
    });
    expect(unhandled).to.deep.equal([]);
    expect(await rejection(completion)).to.be.instanceOf(ClaimLostError);
  });

  for (const [left, isRenewed] of [
    [2_900, true],
    [3_100, false],
  ] as const) {
    it(`has ${isRenewed ? 'a whole lease' : 'the rest of it'} for its transaction where ${left} of 6,000 ms are left`, async () => {
      const call = operation(store, async () => {
        clock.setSystemTime(Date.now() + 6_000 - left);
        const { token } = await currentExecution().completion('done');
        const holder = await standing(store);
        expect(holder?.token).to.equal(token);
        expect(holder?.state).to.have.property('leaseUntil', Date.now() + (isRenewed ? 6_000 : left));
        throw new Error('rolled back');
      });
      expect(await rejection(call('a'))).to.have.property('message', 'rolled back');
    });
  }

  it('may write it through the store that its decorator uses', async () => {
    const call = operation(store, async () => {
      const { record, token } = await currentExecution().completion('done');
      expect((await store.replace(record, token))?.token).to.equal(record.token);
      return 'done';
    });
    expect(await call('a')).to.equal('done');
    expect(store.count('replace')).to.equal(1);
    expect(await replay()).to.equal('done');
  });

  it('keeps rich values, the ttl and the fingerprint, like any other outcome', async () => {
    const at = new Date(5);
    const options = {
      ttl: (result: unknown) => (result as { seconds: number }).seconds,
      fingerprint: () => 'f',
    };
    const call = operation(
      store,
      async () => {
        await complete({ at, seconds: 60 });
        return { at, seconds: 60 };
      },
      options,
    );
    await call('a');
    expect((await standing(store))?.expiresAt).to.equal(Date.now() + 60_000);
    expect((await standing(store))?.state.fingerprint).to.be.a('string');
    expect(await operation(peer, async () => 'x', options)('a')).to.deep.equal({ at, seconds: 60 });
  });

  it('gives the recorded value to the duplicates that joined', async () => {
    const end = defer();
    const call = operation(store, async () => {
      await complete('recorded');
      await end.promise;
      throw new Error('after the commit');
    });
    const calls = [call('a'), call('a')];
    await restOfTurn();
    end.resolve();
    expect(await Promise.all(calls)).to.deep.equal(['recorded', 'recorded']);
  });

  it('and fails afterwards keeps the outcome, and returns it', async () => {
    const call = operation(store, async () => {
      await complete('recorded');
      throw new Error('after the commit');
    });
    expect(await call('a')).to.equal('recorded');
    expect(await call('a')).to.equal('recorded');
    expect(await replay()).to.equal('recorded');
  });

  it('and fails afterwards with an error to remember keeps the outcome', async () => {
    const call = operation(
      store,
      async () => {
        await complete('recorded');
        throw new RangeError('after the commit');
      },
      { remember: [RangeError], onError: () => 'remember' },
    );
    expect(await call('a')).to.equal('recorded');
    expect(await replay()).to.equal('recorded');
  });

  it('and fails because its transaction was rolled back frees the key', async () => {
    const own = new Error('rolled back');
    const call = operation(store, async () => {
      await currentExecution().completion('never written');
      throw own;
    });
    expect(await rejection(call('a'))).to.equal(own);
    expect((await standing(store))?.state.status).to.equal('released');
    expect(await replay()).to.equal('ran again');
  });

  it('and returns something else resolves to what is recorded', async () => {
    const call = operation(store, async () => {
      await complete('recorded');
      return 'something else';
    });
    expect(await call('a')).to.equal('recorded');
    expect(await replay()).to.equal('recorded');
  });

  it('and swallows that its transaction failed: OutcomeUnknownError, and the key is unknown', async () => {
    const call = operation(store, async () => {
      await currentExecution().completion('done');
      return 'done';
    });
    expect(await rejection(call('a'))).to.be.instanceOf(OutcomeUnknownError);
    expect((await standing(store))?.state.status).to.equal('unknown');
    const find = store.calls.find(({ step }) => step === 'find');
    expect(find, 'it read back').to.not.equal(undefined);
  });

  it('is read back with a consistent read', async () => {
    const asked: unknown[] = [];
    const { inner } = store;
    const spied = new ScriptedStore({
      claim: (record, now) => inner.claim(record, now),
      replace: (record, token) => inner.replace(record, token),
      find: (key, how) => {
        asked.push(how);
        return inner.find(key);
      },
    });
    await operation(spied, () => complete('x').then(() => 'x'))('a');
    expect(asked).to.deep.equal([{ consistent: true }]);
  });

  it('whose transaction commits later, just after the read: the outcome stays', async () => {
    let completion!: Completion;
    const call = operation(store, async () => {
      completion = await currentExecution().completion('done');
      return 'done';
    });
    store.next('find', async (apply) => {
      const answer = await apply();
      await commit(completion);
      return answer;
    });
    expect(await call('a')).to.equal('done');
    expect((await standing(store))?.state.status).to.equal('completed');
  });

  it('and cannot be read back: the record decides, and nothing is overwritten', async () => {
    const call = operation(store.next('find', 'fail'), async () => {
      await complete('done');
      return 'done';
    });
    expect(await call('a')).to.equal('done');
    expect(await replay()).to.equal('done');
  });

  it('cannot commit once its key is unknown, released or taken over', async () => {
    const completions: Completion[] = [];
    const work = async () => {
      completions.push(await currentExecution().completion('late'));
      return 'late';
    };
    await rejection(operation(store, work)('a'));
    expect(await commit(completions[0] as Completion)).to.equal(false);
    expect((await standing(store))?.state.status).to.equal('unknown');
  });

  describe('a second completion', () => {
    it('voids the first', async () => {
      const call = operation(store, async () => {
        const first = await currentExecution().completion('first');
        const second = await currentExecution().completion('second');
        expect(await commit(first)).to.equal(false);
        expect(await commit(second)).to.equal(true);
        return 'second';
      });
      expect(await call('a')).to.equal('second');
      expect(await replay()).to.equal('second');
    });

    it('voids the first also where both are requested at once', async () => {
      const call = operation(store, async () => {
        await clock.tickAsync(0);
        const both = await Promise.all([
          currentExecution().completion('first'),
          currentExecution().completion('second'),
        ]);
        const committed: boolean[] = [];
        for (const one of both) committed.push(await commit(one));
        expect(committed).to.deep.equal([false, true]);
        return 'second';
      });
      expect(await call('a')).to.equal('second');
    });

    it('after the first was applied: ClaimLostError, and the first stays', async () => {
      const call = operation(store, async () => {
        await complete('first');
        const error = await rejection(currentExecution().completion('second'));
        expect(error).to.be.instanceOf(ClaimLostError);
        throw error;
      });
      expect(await call('a')).to.equal('first');
      expect(await replay()).to.equal('first');
    });

    it('after the first was applied: the claim is completed, and not lost', async () => {
      const lost: unknown[] = [];
      const stop = onIdempotencyEvent('claim-lost', (event) => lost.push(event));
      const call = operation(store, async () => {
        const { signal } = currentExecution();
        await complete('first');
        const error = (await rejection(currentExecution().completion('second'))) as Error;
        expect(error.message).to.include('an earlier completion of it was applied');
        expect(signal.aborted).to.equal(false);
        return 'first';
      });
      expect(await call('a')).to.equal('first');
      stop();
      expect(lost).to.deep.equal([]);
    });
  });

  it('gets no completion that it did not wait for: its result is recorded', async () => {
    let refused!: Promise<unknown>;
    // A renewal is in flight when it asks.
    store.next('replace', 'hold');
    const call = operation(store, async () => {
      await new Promise((resolve) => setTimeout(resolve, 2_500));
      refused = rejection(currentExecution().completion('not written'));
      return 'done';
    })('a');
    await clock.tickAsync(2_600);
    await store.held[0]?.release();
    expect(await refused).to.be.instanceOf(ClaimLostError);
    expect(await call).to.equal('done');
    expect(await replay()).to.equal('done');
  });

  describe('and its lease', () => {
    let step: Deferred<void>;
    let completion: Completion | undefined;
    let committed: boolean | undefined;
    let caught: unknown;

    /** A method that asks for its completion at `step`, and writes it at once. */
    function start(work = async () => {}): Promise<unknown> {
      step = defer();
      completion = undefined;
      committed = undefined;
      caught = undefined;
      return operation(store, async () => {
        await step.promise;
        try {
          completion = await currentExecution().completion('done');
        } catch (error) {
          caught = error;
          throw error;
        }
        await work();
        committed = await commit(completion);
        return 'done';
      })('a');
    }

    it('is not renewed when more than half of it is left', async () => {
      const call = start();
      await clock.tickAsync(1_500);
      step.resolve();
      expect(await call).to.equal('done');
      expect(steps().filter((one) => one === 'replace')).to.have.length(0);
    });

    it('is renewed first when less than half of it is left', async () => {
      store.always('replace', 'fail');
      const call = start();
      await clock.tickAsync(3_100);
      store.heal();
      const sent = store.count('replace');
      step.resolve();
      expect(await call).to.equal('done');
      expect(store.count('replace')).to.equal(sent + 1);
      expect(store.calls.findLast((made) => made.step === 'replace')?.record?.state).to.include({
        leaseUntil: Date.now() + 6_000,
      });
      expect(completion?.token).to.equal(
        store.calls.findLast((made) => made.step === 'replace')?.record?.token,
      );
    });

    it('is renewed by a renewal in flight, which is awaited', async () => {
      store.next('replace', 'hold');
      const call = start();
      await clock.tickAsync(2_100);
      step.resolve();
      await restOfTurn();
      expect(completion).to.equal(undefined);
      await store.held[0]?.release();
      expect(await call).to.equal('done');
      expect(completion?.token).to.equal(store.held[0]?.made.record?.token);
      expect(committed).to.equal(true);
    });

    it('is not renewed after the completion was requested: nothing else changes the token', async () => {
      const end = defer();
      const call = start(() => end.promise);
      await clock.tickAsync(100);
      step.resolve();
      await clock.tickAsync(5_000);
      expect(store.count('replace')).to.equal(0);
      end.resolve();
      expect(await call).to.equal('done');
      expect(committed).to.equal(true);
    });

    it('the signal still aborts at its end, and a successor makes the transaction fail', async () => {
      const end = defer();
      let signal!: AbortSignal;
      const call = start(() => {
        signal = currentExecution().signal;
        return end.promise;
      });
      await clock.tickAsync(100);
      step.resolve();
      await clock.tickAsync(5_899);
      expect(signal.aborted).to.equal(false);
      await clock.tickAsync(1);
      expect(signal.reason).to.be.instanceOf(ClaimLostError);
      await clock.tickAsync(1_000);
      expect(await replay()).to.equal('ran again');
      end.resolve();
      expect(await call).to.equal('ran again');
      expect(committed).to.equal(false);
    });

    it('that lapsed: ClaimLostError, before any transaction begins', async () => {
      store.always('replace', 'fail');
      const call = start().catch(() => {});
      await clock.tickAsync(6_000);
      step.resolve();
      await clock.tickAsync(2_000);
      await call;
      expect(caught).to.be.instanceOf(ClaimLostError);
    });

    it('that another call took: ClaimLostError', async () => {
      store.always('replace', 'fail');
      const call = start();
      await clock.tickAsync(3_500);
      store.heal();
      const record = await standing(store);
      await store.inner.replace({ ...record, token: 'another.1' } as never, record?.token as string);
      step.resolve();
      const error = rejection(call);
      await clock.tickAsync(60_000);
      expect(caught).to.be.instanceOf(ClaimLostError);
      expect(await error).to.be.instanceOf(ClaimLostError);
    });

    it('that lapsed while its process was frozen: ClaimLostError, and it is not renewed', async () => {
      const call = start().catch(() => {});
      await clock.tickAsync(1_000);
      clock.setSystemTime(Date.now() + 60_000);
      step.resolve();
      await restOfTurn();
      await call;
      expect(caught).to.be.instanceOf(ClaimLostError);
      // What releases the key is the only write.
      expect(store.calls.flatMap(({ record }) => record?.state.status ?? [])).to.deep.equal([
        'in-progress',
        'released',
      ]);
    });

    it('that is short is renewed after one fault of the store, too', async () => {
      store.always('replace', 'fail');
      const call = start();
      await clock.tickAsync(3_500);
      store.heal().next('replace', 'fail');
      step.resolve();
      expect(await call).to.equal('done');
      expect(caught).to.equal(undefined);
    });

    it('that is short and cannot be renewed: StoreError, before any transaction begins', async () => {
      store.always('replace', 'fail');
      const call = start().catch(() => {});
      await clock.tickAsync(3_500);
      step.resolve();
      await clock.tickAsync(2_000);
      await call;
      expect(caught).to.be.instanceOf(StoreError);
    });
  });

  it('cannot ask for one where a listener of the loss does: ClaimLostError', async () => {
    const end = defer<string>();
    let refused: Promise<unknown> | undefined;
    const call = operation(store.always('replace', 'fail'), () => {
      const execution = currentExecution();
      const stop = onIdempotencyEvent('claim-lost', () => {
        refused = rejection(execution.completion('late'));
        stop();
      });
      return end.promise;
    })('a').catch(() => {});
    await clock.tickAsync(7_000);
    expect(await refused).to.be.instanceOf(ClaimLostError);
    end.resolve('done');
    await clock.tickAsync(7_000);
    await call;
  });

  it('cannot ask for one after it has returned: ClaimLostError', async () => {
    let late!: () => Promise<unknown>;
    const call = operation(store, async () => {
      const execution = currentExecution();
      late = () => execution.completion('late');
      return 'done';
    });
    expect(await call('a')).to.equal('done');
    expect(await rejection(late())).to.be.instanceOf(ClaimLostError);
    expect(await replay()).to.equal('done');
  });
});
