import { expect } from 'chai';
import {
  currentExecution,
  type IdempotencyEvents,
  InMemoryStore,
  OutcomeUnknownError,
  onIdempotencyEvent,
  recordOf,
  StoreError,
} from 'retrysafe';
import { defer } from '../../support/defer.js';
import { deployable, restOfTurn, standing } from '../../support/deployment.js';
import { rejection } from '../../support/rejection.js';
import { type Fate, ScriptedStore } from '../../support/scripted-store.js';
import { fakeTime } from '../../support/time.js';

const options = { lease: 6, clockTolerance: 1, wait: 0 } as const;

describe('a store that fails', () => {
  let clock: ReturnType<typeof fakeTime>;
  let store: ScriptedStore;
  let peer: ScriptedStore;
  const cleanups: (() => void)[] = [];

  beforeEach(() => {
    clock = fakeTime();
    store = new ScriptedStore();
    peer = store.peer();
  });

  afterEach(() => {
    for (const cleanup of cleanups.splice(0)) cleanup();
    clock.restore();
  });

  function eventsOf<N extends keyof IdempotencyEvents>(name: N): IdempotencyEvents[N][] {
    const events: IdempotencyEvents[N][] = [];
    cleanups.push(onIdempotencyEvent(name, (event) => events.push(event)));
    return events;
  }

  function warnings(): Error[] {
    const seen: Error[] = [];
    const note = (warning: Error) => {
      if (warning.name === 'RetrysafeWarning') seen.push(warning);
    };
    process.on('warning', note);
    cleanups.push(() => process.off('warning', note));
    return seen;
  }

  async function status() {
    return (await standing(store))?.state.status;
  }

  describe('at the claim', () => {
    for (const fate of ['fail', 'hang'] as const) {
      it(`StoreError, and the method has not run, when it ${fate}s`, async () => {
        let runs = 0;
        const call = deployable(options)(store.always('claim', fate), async () => ++runs)('a');
        const error = rejection(call);
        await clock.tickAsync(10_000);
        expect(await error).to.be.instanceOf(StoreError);
        expect(await error).to.include({ code: 'ERR_IDEMPOTENCY_STORE', step: 'claim', statusCode: 503 });
        expect(runs).to.equal(0);
      });
    }

    it('the StoreError has the store’s own error as its cause, but neither its text nor the payload', async () => {
      const own = new Error('connection refused');
      store.always('claim', () => Promise.reject(own));
      const error = (await rejection(
        deployable(options)(store, async () => 1)('secret payload'),
      )) as StoreError;
      expect(error.cause).to.equal(own);
      expect(error.message)
        .to.match(/its? `cause`|error's `cause`/)
        .and.not.match(/secret|connection refused/);
    });

    it('a store that throws synchronously is a store that fails', async () => {
      store.always('claim', () => {
        throw new Error('at once');
      });
      const call = deployable(options)(store, async () => 1);
      expect(await rejection(call('a'))).to.be.instanceOf(StoreError);
    });

    it('one failure is retried, and the caller does not notice it', async () => {
      let runs = 0;
      expect(await deployable(options)(store.next('claim', 'fail'), async () => ++runs)('a')).to.equal(1);
      expect(store.count('claim')).to.equal(2);
    });

    it('with `onStoreFailure: run` the method runs, with an event', async () => {
      const events = eventsOf('store-failed');
      const call = deployable({ ...options, onStoreFailure: 'run' })(
        store.next('claim', 'fail', 'fail'),
        async () => 'done',
      );
      expect(await call('a')).to.equal('done');
      const opened = events.filter(({ failedOpen }) => failedOpen);
      expect(opened).to.have.length(1);
      expect(opened[0]).to.include({ step: 'claim', attempt: 1 });
      expect(opened[0]?.error).to.be.instanceOf(Error);
    });

    it('its outcome is recorded afterwards where the store recovers', async () => {
      const operation = deployable({ ...options, onStoreFailure: 'run' });
      await operation(store.next('claim', 'fail', 'fail'), async () => 'done')('a');
      expect(await operation(peer, async () => 'again')('a')).to.equal('done');
    });

    it('its failure leaves the key free', async () => {
      const operation = deployable({ ...options, onStoreFailure: 'run' });
      const fault = new Error('no');
      const call = operation(store.next('claim', 'fail', 'fail'), async () => Promise.reject(fault));
      expect(await rejection(call('a'))).to.equal(fault);
      expect(await operation(peer, async () => 'second')('a')).to.equal('second');
    });

    for (const fate of ['lose', 'swallow'] as const) {
      it(`a claim that was applied nevertheless (${fate}) is found and completed`, async () => {
        const operation = deployable({ ...options, onStoreFailure: 'run' });
        const call = operation(store.next('claim', fate, 'fail'), async () => 'done')('a');
        await clock.tickAsync(5_000);
        expect(await call).to.equal('done');
        expect(await status()).to.equal('completed');
        expect(await operation(peer, async () => 'again')('a')).to.equal('done');
      });
    }

    it('where the store stays down, the caller still gets its result', async () => {
      const operation = deployable({ ...options, onStoreFailure: 'run' });
      const call = operation(store.always('claim', 'fail'), async () => 'done')('a');
      await clock.tickAsync(6_000);
      expect(await call).to.equal('done');
    });

    it('a run without a claim overwrites no outcome', async () => {
      const operation = deployable({ ...options, onStoreFailure: 'run' });
      const end = defer<string>();
      const open = operation(store.next('claim', 'fail', 'fail'), () => end.promise)('a');
      await restOfTurn();
      expect(await operation(peer, async () => 'first')('a')).to.equal('first');
      const before = await standing(store);
      end.resolve('open');
      await open;
      expect(await standing(store)).to.deep.equal(before);
    });

    it('a run without a claim gets an error that says so where it asks for a completion', async () => {
      const operation = deployable({ ...options, onStoreFailure: 'run' });
      const call = operation(store.next('claim', 'fail', 'fail'), async () => {
        const { attempt, signal } = currentExecution();
        return [attempt, signal.aborted, ((await rejection(currentExecution().completion(1))) as Error).name];
      });
      expect(await call('a')).to.deep.equal([1, false, 'ClaimLostError']);
    });

    for (const fate of ['lose', 'swallow'] as const) {
      it(`applied, its response lost (${fate}), and retried: the call recognises its token and runs once`, async () => {
        let runs = 0;
        const call = deployable(options)(store.next('claim', fate), async () => ++runs)('a');
        await clock.tickAsync(3_000);
        expect(await call).to.equal(1);
        expect(runs).to.equal(1);
        expect(await status()).to.equal('completed');
      });
    }
  });

  describe('at the completion', () => {
    it('for a while: it is retried until it succeeds, and no caller notices', async () => {
      const warned = warnings();
      const lost = eventsOf('outcome-not-stored');
      const fates: Fate[] = ['fail', 'lose', 'fail'];
      const operation = deployable(options);
      const call = operation(store.next('replace', ...fates), async () => 'done')('a');
      await clock.tickAsync(4_000);
      expect(await call).to.equal('done');
      await restOfTurn();
      expect(await operation(peer, async () => 'again')('a')).to.equal('done');
      expect([warned.length, lost.length]).to.deep.equal([0, 0]);
    });

    it('the caller waits until it is recorded, where that takes less than 5 s', async () => {
      const call = deployable({ ...options, lease: 60 })(store.always('replace', 'fail'), async () => 'done')(
        'a',
      );
      let answered = false;
      void call.then(() => {
        answered = true;
      });
      await clock.tickAsync(2_500);
      expect(answered).to.equal(false);
      store.heal();
      await clock.tickAsync(1_000);
      expect(answered).to.equal(true);
      expect(await status()).to.equal('completed');
    });

    it('for good: the caller gets its result within 5 s, with one event and one process warning', async () => {
      const warned = warnings();
      const lost = eventsOf('outcome-not-stored');
      const call = deployable(options)(store.always('replace', 'fail'), async () => 'done');
      const answer = call('a');
      await clock.tickAsync(5_000);
      expect(await answer).to.equal('done');
      await clock.tickAsync(60_000);
      await restOfTurn();
      expect(lost).to.have.length(1);
      expect(warned).to.have.length(1);
      expect(warned[0]?.message).to.match(/onAbandoned/);
      expect((warned[0] as { code?: string }).code).to.equal('RETRYSAFE_OUTCOME_NOT_STORED');
    });

    it('the caller waits no longer than 5 s, even where the store fails at first and hangs then', async () => {
      const call = deployable({ ...options, lease: 60 })(store.always('replace', 'fail'), async () => 'done')(
        'a',
      );
      let answered = false;
      void call.then(() => {
        answered = true;
      });
      await clock.tickAsync(3_000);
      store.always('replace', 'hang');
      await clock.tickAsync(2_001);
      expect(answered).to.equal(true);
    });

    it('duplicates that joined get the result too', async () => {
      const end = defer<string>();
      const call = deployable({ ...options, wait: 10, lease: 60 })(
        store.always('replace', 'fail'),
        () => end.promise,
      );
      const calls = [call('a'), call('a')];
      await restOfTurn();
      end.resolve('done');
      await clock.tickAsync(6_000);
      expect(await Promise.all(calls)).to.deep.equal(['done', 'done']);
    });

    it('it is retried in the background until the lease ends, and succeeds where the store recovers', async () => {
      const operation = deployable({ ...options, lease: 60 });
      const call = operation(store.always('replace', 'fail'), async () => 'done')('a');
      await clock.tickAsync(6_000);
      expect(await call).to.equal('done');
      await clock.tickAsync(40_000);
      expect(await status()).to.equal('in-progress');
      store.heal();
      await clock.tickAsync(2_000);
      expect(await operation(peer, async () => 'again')('a')).to.equal('done');
      expect(clock.countTimers()).to.equal(0);
    });

    it('what is recorded in the background is the result as it was returned, whatever the caller does to it', async () => {
      const operation = deployable({ ...options, lease: 60 });
      const call = operation(store.always('replace', 'fail'), async () => ({ holds: [1] }))('a');
      await clock.tickAsync(6_000);
      ((await call) as { holds: number[] }).holds.push(2);
      store.heal();
      await clock.tickAsync(2_000);
      expect(await operation(peer, async () => 'again')('a')).to.deep.equal({ holds: [1] });
    });

    it('a call that begins meanwhile joins nothing: it asks the store', async () => {
      const call = deployable({ ...options, lease: 60, wait: 10 })(
        store.always('replace', 'fail'),
        async () => 'done',
      );
      const first = call('a');
      await clock.tickAsync(6_000);
      expect(await first).to.equal('done');
      const asked = store.count('claim');
      const second = call('a');
      await restOfTurn();
      expect(store.count('claim')).to.equal(asked + 1);
      store.heal();
      await clock.tickAsync(3_000);
      expect(await second).to.equal('done');
    });

    it('the retries end with the lease, and leave no timer', async () => {
      const call = deployable({ ...options, lease: 30 })(store.always('replace', 'fail'), async () => 'done')(
        'a',
      );
      await clock.tickAsync(30_000);
      await call;
      const sent = store.count();
      await clock.tickAsync(60_000);
      expect(store.count()).to.equal(sent);
      expect(clock.countTimers()).to.equal(0);
    });

    it('the record is then abandoned: `run` runs again after the lease', async () => {
      const operation = deployable(options);
      const call = operation(store.always('replace', 'fail'), async () => 'done')('a');
      await clock.tickAsync(7_000);
      await call;
      expect(await operation(peer, async () => currentExecution().attempt)('a')).to.equal(2);
    });

    it('the record is then abandoned: `refuse` refuses', async () => {
      const operation = deployable({ ...options, onAbandoned: 'refuse' });
      const call = operation(store.always('replace', 'fail'), async () => 'done')('a');
      await clock.tickAsync(7_000);
      await call;
      expect(await rejection(operation(peer, async () => 'x')('a'))).to.be.instanceOf(OutcomeUnknownError);
    });

    it('the record is then abandoned: a function decides', async () => {
      const operation = deployable({ ...options, onAbandoned: () => ({ value: 'found' }) });
      const call = operation(store.always('replace', 'fail'), async () => 'done')('a');
      await clock.tickAsync(7_000);
      await call;
      expect(await operation(peer, async () => 'x')('a')).to.equal('found');
    });

    it('a record that vanished from the store is completed nevertheless', async () => {
      let inner = new InMemoryStore();
      const emptied = new ScriptedStore({
        claim: (record, now) => inner.claim(record, now),
        replace: (record, token) => inner.replace(record, token),
        find: (key) => inner.find(key),
      });
      const end = defer<string>();
      const operation = deployable(options);
      const call = operation(emptied, () => end.promise)('a');
      await restOfTurn();
      inner = new InMemoryStore();
      end.resolve('done');
      expect(await call).to.equal('done');
      expect(await operation(emptied.peer(), async () => 'again')('a')).to.equal('done');
    });
  });

  describe('at the release', () => {
    for (const fate of ['fail', 'hang'] as const) {
      it(`the method’s own error wins when it ${fate}s`, async () => {
        const own = new Error('insufficient funds');
        const call = deployable(options)(store.always('replace', fate), async () => Promise.reject(own))('a');
        const error = rejection(call);
        await clock.tickAsync(5_000);
        expect(await error).to.equal(own);
      });
    }

    it('and the key is free after the lease', async () => {
      const operation = deployable(options);
      const error = rejection(
        operation(store.always('replace', 'fail'), async () => Promise.reject(new Error('no')))('a'),
      );
      await clock.tickAsync(7_000);
      await error;
      expect(await operation(peer, async () => 'second')('a')).to.equal('second');
    });

    it('one failure is retried: the key is free at once', async () => {
      const operation = deployable(options);
      await rejection(
        operation(store.next('replace', 'fail'), async () => Promise.reject(new Error('no')))('a'),
      );
      expect(await status()).to.equal('released');
    });

    it('that finds another holder returns that holder’s outcome', async () => {
      const operation = deployable({ ...options, wait: 10 });
      const end = defer<string>();
      const call = operation(store.always('replace', 'fail'), () => end.promise)('a');
      await clock.tickAsync(7_000);
      store.heal();
      const successor = defer<string>();
      const second = operation(peer, () => successor.promise)('a');
      await restOfTurn();
      end.reject(new Error('too late'));
      await clock.tickAsync(1_000);
      successor.resolve('second');
      await clock.tickAsync(1_000);
      expect(await Promise.all([call, second])).to.deep.equal(['second', 'second']);
    });

    it('whose response is lost has released the key once, and does not affect a later run', async () => {
      const operation = deployable(options);
      const own = new Error('no');
      let seconds = 0;
      store.next('replace', async (apply) => {
        await apply();
        // Another process takes over between the release and its repetition.
        await operation(peer, async () => ++seconds)('a');
        throw new Error('the answer is lost');
      });
      const answer = await operation(store, async () => Promise.reject(own))('a').then(
        (value) => ({ value }),
        (error: unknown) => ({ error }),
      );
      expect(answer).to.deep.equal({ value: 1 });
      expect(await operation(store, async () => 'third')('a')).to.equal(1);
    });
  });

  it('every fault causes an event with its step', async () => {
    const events = eventsOf('store-failed');
    const operation = deployable(options);
    const call = operation(store.next('claim', 'fail').next('replace', 'fail'), async () => 'done');
    const answer = call('a');
    await clock.tickAsync(1_000);
    await answer;
    expect(events.map(({ step, failedOpen }) => `${step} ${failedOpen}`)).to.deep.equal([
      'claim false',
      'replace false',
    ]);
    await recordOf(call, 'a').forget();
  });
});
