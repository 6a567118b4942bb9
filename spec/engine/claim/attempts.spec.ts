import { expect } from 'chai';
import {
  AttemptsExhaustedError,
  ConfigurationError,
  currentExecution,
  type IdempotencyRecord,
  type IdempotentOptions,
  InProgressError,
  makeIdempotent,
  OutcomeUnknownError,
  onIdempotencyEvent,
  type RecordView,
  recordOf,
  StoreError,
} from 'retrysafe';
import { defer } from '../../support/defer.js';
import { crash, deployable, restOfTurn, standing } from '../../support/deployment.js';
import { invocation } from '../../support/invocation.js';
import { rejection } from '../../support/rejection.js';
import { ScriptedStore } from '../../support/scripted-store.js';
import { fakeTime } from '../../support/time.js';

describe('maxAttempts', () => {
  let clock: ReturnType<typeof fakeTime>;
  let store: ScriptedStore;
  let runs: number[];

  beforeEach(() => {
    clock = fakeTime();
    store = new ScriptedStore();
    runs = [];
  });

  afterEach(() => {
    clock.restore();
  });

  const options = { lease: 6, clockTolerance: 1, wait: 0, maxAttempts: 3 } as const;
  const deployed = (more: IdempotentOptions = {}) => deployable({ ...options, ...more });
  const state = async () => (await standing(store))?.state;

  const failing = async (): Promise<never> => {
    runs.push(currentExecution().attempt);
    throw new Error('the bank is out of reach');
  };
  const working = async () => {
    runs.push(currentExecution().attempt);
    return 'done';
  };

  /** A process that dies in the middle of its run, or of its recovery function, and the time until its lease has lapsed. */
  async function die(operation: ReturnType<typeof deployable>, more: IdempotentOptions = {}): Promise<void> {
    const peer = store.calls.length === 0 ? store : store.peer();
    const neverEnds = () => {
      runs.push(currentExecution().attempt);
      return new Promise<never>(() => {});
    };
    void operation(peer, neverEnds, more)('a').catch(() => {});
    await restOfTurn();
    peer.always('replace', 'hang');
    await clock.tickAsync(7_000);
  }

  it('lets the last of them begin, and refuses each call after it', async () => {
    const operation = deployed();
    await rejection(operation(store, failing)('a'));
    for (let call = 2; call <= 3; call += 1) await rejection(operation(store.peer(), failing)('a'));
    for (let call = 4; call <= 6; call += 1) {
      const error = await rejection(operation(store.peer(), working)('a'));
      expect(error).to.be.instanceOf(AttemptsExhaustedError);
      expect(error).to.include({
        code: 'ERR_IDEMPOTENCY_ATTEMPTS_EXHAUSTED',
        advice: 'ask-human',
        attempts: 3,
      });
      expect((error as Error).message).to.match(
        /its method was started 3 times without an outcome, and maxAttempts is 3.*resolve/,
      );
    }
    expect(runs).to.deep.equal([1, 2, 3]);
  });

  it('counts the runs that die, those that throw, and those of any process, together', async () => {
    const operation = deployed();
    await die(operation);
    await rejection(operation(store.peer(), failing)('a'));
    await rejection(operation(store.peer(), failing, { onError: () => 'unknown' })('a'));
    expect(await rejection(operation(store.peer(), working)('a'))).to.be.instanceOf(AttemptsExhaustedError);
    expect(runs).to.deep.equal([1, 2, 3]);
  });

  it('is no limit where it is not set', async () => {
    const operation = deployed({ maxAttempts: undefined as never });
    for (let call = 1; call <= 12; call += 1) await rejection(operation(store, failing)('a'));
    expect(await operation(store, working)('a')).to.equal('done');
    expect(runs).to.have.lengthOf(13);
  });

  it('is of one key: another one has attempts of its own', async () => {
    const operation = deployed({ maxAttempts: 1 });
    await rejection(operation(store, failing)('a'));
    expect(await operation(store, working)('b')).to.equal('done');
  });

  it('counts for duplicates that wait for the last of them, too', async () => {
    const operation = deployed({ maxAttempts: 1, wait: 10 });
    const end = defer<never>();
    const first = rejection(operation(store, () => end.promise)('a'));
    await restOfTurn();
    const joined = rejection(operation(store, working)('a'));
    const waiting = rejection(operation(store.peer(), working)('a'));
    await clock.tickAsync(1_000);
    end.reject(new Error('no'));
    expect(await first).not.to.be.instanceOf(AttemptsExhaustedError);
    await clock.tickAsync(3_000);
    expect(await joined).to.be.instanceOf(AttemptsExhaustedError);
    expect(await waiting).to.be.instanceOf(AttemptsExhaustedError);
    expect(runs).to.deep.equal([]);
  });

  it('does not refuse a call whose key has an outcome, on whichever attempt that was', async () => {
    const operation = deployed({ maxAttempts: 2 });
    await rejection(operation(store, failing)('a'));
    await operation(store.peer(), working)('a');
    expect(await operation(store.peer(), failing)('a')).to.equal('done');
  });

  describe('says in the record that no attempt may begin', () => {
    const ends: Record<string, (operation: ReturnType<typeof deployable>) => Promise<unknown>> = {
      released: (operation) => rejection(operation(store, failing)('a')),
      unknown: (operation) => rejection(operation(store, failing, { onError: () => 'unknown' })('a')),
      abandoned: (operation) => die(operation),
    };
    for (const [before, ends_] of Object.entries(ends))
      it(`where it was ${before}: with the first call that is refused, and once`, async () => {
        const operation = deployed({ maxAttempts: 1 });
        await ends_(operation);
        const earlier = await state();
        const events: string[] = [];
        const stops = (['unknown', 'refused'] as const).map((name) =>
          onIdempotencyEvent(name, ({ attempt }) => events.push(`${name} ${attempt}`)),
        );
        const peer = store.peer();
        await rejection(operation(peer, working)('a'));
        const marked = await state();
        expect(marked).to.include({ status: 'unknown', attempt: 1, exhausted: 1 });
        expect(marked?.fencingToken).to.equal(earlier?.fencingToken);
        expect(marked?.about?.why).to.deep.equal({ kind: 'attempts-exhausted' });
        expect(marked?.about?.past?.at(-1)).to.include({ status: earlier?.status, attempt: 1 });
        await rejection(operation(peer, working)('a'));
        expect(await state()).to.deep.equal(marked);
        for (const stop of stops) stop();
        expect(events).to.deep.equal(['unknown 1', 'refused 1', 'refused 1']);
        expect(peer.count('replace')).to.equal(1);
        expect(runs.filter((attempt) => attempt > 1)).to.deep.equal([]);
      });

    it('keeps the fingerprint, so that another request with the key is told so', async () => {
      const name = 'fingerprinted and exhausted';
      const charge = (amount: number) =>
        makeIdempotent((_order: { id: string; amount: number }) => failing(), {
          ...options,
          name,
          key: 'id',
          fingerprint: 'amount',
          store,
          maxAttempts: 1,
        })({ id: '1', amount });
      await rejection(charge(5));
      expect(await rejection(charge(5))).to.be.instanceOf(AttemptsExhaustedError);
      expect(await rejection(charge(6))).to.have.property('code', 'ERR_IDEMPOTENCY_FINGERPRINT');
    });

    it('fails with the store where that does not take it, so that its message comes back, and the next call says so', async () => {
      const operation = deployed({ maxAttempts: 1 });
      await rejection(operation(store, failing)('a'));
      const peer = store.peer().always('replace', 'fail');
      expect(await rejection(operation(peer, working)('a'))).to.be.instanceOf(StoreError);
      expect((await state())?.status).to.equal('released');
      peer.heal();
      expect(await rejection(operation(peer, working)('a'))).to.be.instanceOf(AttemptsExhaustedError);
      expect((await state())?.status).to.equal('unknown');
    });

    it('sends it again where the answer is lost, and goes on from what it wrote', async () => {
      const operation = deployed({ maxAttempts: 1 });
      await rejection(operation(store, failing)('a'));
      const peer = store.peer().next('replace', 'lose');
      expect(await rejection(operation(peer, working)('a'))).to.be.instanceOf(AttemptsExhaustedError);
      expect(await state()).to.include({ status: 'unknown', exhausted: 1 });
    });

    it('leaves the key to a call that was faster', async () => {
      const operation = deployed({ maxAttempts: 1, wait: 10 });
      await rejection(operation(store, failing)('a'));
      const peer = store.peer().next('replace', 'hold');
      const refused = rejection(operation(peer, working)('a'));
      await restOfTurn();
      // A process whose option permits more.
      expect(await operation(store.peer(), working, { maxAttempts: 2 })('a')).to.equal('done');
      await peer.held[0]?.release();
      const outcome = await refused.catch((error: unknown) => error);
      expect(outcome).to.not.be.instanceOf(AttemptsExhaustedError);
      expect((await state())?.status).to.equal('completed');
    });
  });

  describe('beside onAbandoned', () => {
    it("ends what 'run' would repeat for ever", async () => {
      const operation = deployed({ maxAttempts: 2, onAbandoned: 'run' });
      await die(operation);
      await die(operation);
      expect(await rejection(operation(store.peer(), working)('a'))).to.be.instanceOf(AttemptsExhaustedError);
      expect(runs).to.deep.equal([1, 2]);
    });

    it("leaves to 'refuse' what has attempts left, and refuses itself what has none", async () => {
      const operation = deployed({ maxAttempts: 2, onAbandoned: 'refuse' });
      await die(operation);
      expect(await rejection(operation(store.peer(), working)('a'))).to.be.instanceOf(OutcomeUnknownError);
      await die(operation, { onAbandoned: 'run' });
      expect(await rejection(operation(store.peer(), working)('a'))).to.be.instanceOf(AttemptsExhaustedError);
    });

    it('asks a function about the last attempt: it may know the outcome', async () => {
      const operation = deployed({ maxAttempts: 1, onAbandoned: () => ({ value: 'found' }) });
      await die(operation);
      expect(await operation(store.peer(), working)('a')).to.equal('found');
      expect(await operation(store.peer(), working)('a')).to.equal('found');
      expect(runs).to.deep.equal([1]);
    });

    it("refuses where the function says 'run', and asks it no more", async () => {
      let asked = 0;
      const onAbandoned = () => {
        asked += 1;
        return 'run' as const;
      };
      const operation = deployed({ maxAttempts: 2, onAbandoned });
      await die(operation);
      await die(operation);
      for (let call = 3; call <= 5; call += 1)
        expect(await rejection(operation(store.peer(), working)('a'))).to.be.instanceOf(
          AttemptsExhaustedError,
        );
      expect(asked).to.equal(2);
      expect(runs).to.deep.equal([1, 2]);
      expect(await state()).to.include({ status: 'unknown', attempt: 2, exhausted: 2 });
      expect((await state())?.recoveries).to.equal(undefined);
    });

    it('refuses where the answer to the mark is lost, or its claim was taken over meanwhile', async () => {
      const operation = deployed({ maxAttempts: 1, onAbandoned: () => 'run' });
      await die(operation);
      const peer = store.peer();
      let writes = 0;
      peer.always('replace', async (apply) => {
        writes += 1;
        const answer = await apply();
        if (writes === 2) throw new Error('lost');
        return answer;
      });
      expect(await rejection(operation(peer, working)('a'))).to.be.instanceOf(AttemptsExhaustedError);
      expect(await state()).to.include({ status: 'unknown', exhausted: 1 });
    });
  });

  describe('counts recovery functions apart', () => {
    it('those that die with their process, up to the same number', async () => {
      let asked = 0;
      const onAbandoned = () => {
        asked += 1;
        return new Promise<never>(() => {});
      };
      const operation = deployed({ maxAttempts: 3, onAbandoned });
      await die(operation);
      for (let call = 1; call <= 3; call += 1) {
        await die(operation);
        expect(await state()).to.deep.include({ attempt: 1, recoveries: { of: 1, count: call } });
      }
      const error = await rejection(operation(store.peer(), working)('a'));
      expect(error).to.be.instanceOf(AttemptsExhaustedError).and.to.include({ attempts: 1 });
      expect((error as Error).message).to.match(/its recovery function was asked 3 times without a decision/);
      expect(await state()).to.include({ status: 'unknown', attempt: 1, exhausted: 1 });
      expect(await rejection(operation(store.peer(), working)('a'))).to.be.instanceOf(AttemptsExhaustedError);
      expect(asked).to.equal(3);
      expect(runs).to.deep.equal([1]);
    });

    it('those that throw', async () => {
      const operation = deployed({
        maxAttempts: 2,
        onAbandoned: () => {
          throw new TypeError('the bank cannot be asked');
        },
      });
      await die(operation);
      for (let call = 1; call <= 2; call += 1)
        expect(await rejection(operation(store.peer(), working)('a'))).to.be.instanceOf(TypeError);
      expect(await rejection(operation(store.peer(), working)('a'))).to.be.instanceOf(AttemptsExhaustedError);
      expect(runs).to.deep.equal([1]);
    });

    it('and begins anew with each decision, and with each attempt', async () => {
      const decisions = ['die', 'refuse', 'die', 'run', 'die', 'found'];
      const onAbandoned = () => {
        const decision = decisions.shift();
        if (decision === 'die') return new Promise<never>(() => {});
        return decision === 'found' ? { value: 'found' } : (decision as 'run' | 'refuse');
      };
      const operation = deployed({ maxAttempts: 2, onAbandoned });
      await die(operation);
      await die(operation);
      expect(await rejection(operation(store.peer(), working)('a'))).to.be.instanceOf(OutcomeUnknownError);
      expect((await state())?.recoveries).to.equal(undefined);
      await die(operation);
      expect(await state()).to.deep.include({ recoveries: { of: 1, count: 1 } });
      await die(operation);
      expect(await state()).to.deep.include({ status: 'in-progress', attempt: 2 });
      expect((await state())?.recoveries).to.equal(undefined);
      await die(operation);
      expect(await operation(store.peer(), working)('a')).to.equal('found');
      expect(decisions).to.deep.equal([]);
      expect(runs).to.deep.equal([1, 2]);
    });

    it('keeps the count while the lease is renewed', async () => {
      const operation = deployed({ maxAttempts: 2, onAbandoned: () => new Promise<never>(() => {}) });
      await die(operation);
      void operation(store.peer(), working)('a').catch(() => {});
      await clock.tickAsync(20_000);
      expect(await state()).to.deep.include({ status: 'in-progress', recoveries: { of: 1, count: 1 } });
    });

    it('does not take the count of another attempt for its own', async () => {
      const operation = deployed({ maxAttempts: 2, onAbandoned: () => ({ value: 'found' }) });
      await die(operation);
      const { key, token, ...rest } = (await standing(store)) as NonNullable<
        Awaited<ReturnType<typeof standing>>
      >;
      const kept = { ...rest.state, recoveries: { of: 7, count: 9 }, exhausted: 7 };
      await store.inner.replace({ key, ...rest, token: 'earlier.1', state: kept } as never, token);
      expect(await operation(store.peer(), working)('a')).to.equal('found');
    });
  });

  describe('at the end of a Lambda invocation', () => {
    const late = async (apply: () => Promise<unknown>) => {
      const answer = await apply();
      await new Promise((resolve) => setTimeout(resolve, 900));
      return answer;
    };

    it('counts no claim that is given back, however often', async () => {
      const operation = deployed({ maxAttempts: 1 });
      for (let call = 1; call <= 4; call += 1) {
        const peer = call === 1 ? store : store.peer();
        peer.next(call === 1 ? 'claim' : 'replace', late);
        const error = rejection(operation(peer, working)('a', invocation(1_300)));
        await clock.tickAsync(1_300);
        expect(await error).to.be.instanceOf(InProgressError);
        expect(await state()).to.include({ status: 'released', attempt: 0 });
      }
      expect(await operation(store.peer(), working)('a')).to.equal('done');
      expect(runs).to.deep.equal([1]);
    });

    it('counts no recovery function that decided too late for the method to begin', async () => {
      let isSlow = true;
      const onAbandoned = async () => {
        if (isSlow) await new Promise((resolve) => setTimeout(resolve, 1_000));
        return 'run' as const;
      };
      const operation = deployed({ maxAttempts: 2, onAbandoned });
      await die(operation);
      const before = await state();
      for (let call = 1; call <= 3; call += 1) {
        const error = rejection(operation(store.peer(), working)('a', invocation(1_300)));
        await clock.tickAsync(1_300);
        expect(await error).to.be.instanceOf(InProgressError);
        const after = await state();
        expect(after).to.include({ status: 'in-progress', attempt: 1 });
        expect(after?.recoveries).to.equal(before?.recoveries);
      }
      isSlow = false;
      // Nothing holds the key until a lease lapses.
      expect(await operation(store.peer(), working)('a')).to.equal('done');
      expect(runs).to.deep.equal([1, 2]);
    });
  });

  describe('and an operator', () => {
    const name = 'exhausted for an operator';
    const charge = (more: IdempotentOptions = {}) =>
      makeIdempotent(
        async (_order: { id: string }): Promise<string> => {
          runs.push(currentExecution().attempt);
          throw new Error('the bank is out of reach');
        },
        { ...options, name, key: 'id', store, maxAttempts: 2, ...more },
      );
    const order = { id: '1' };
    const view = () => recordOf(charge(), order).inspect() as Promise<RecordView>;

    beforeEach(async () => {
      for (let call = 1; call <= 3; call += 1) await rejection(charge()(order));
      runs = [];
    });

    it('sees it', async () => {
      const { status, attempt, why, past } = await view();
      expect({ status, attempt, why }).to.deep.equal({
        status: 'unknown',
        attempt: 2,
        why: { kind: 'attempts-exhausted' },
      });
      expect(past?.at(-1)).to.deep.include({ status: 'released', why: { kind: 'error', error: 'Error' } });
    });

    it('permits one more run, and one only', async () => {
      await recordOf(charge(), order).resolve({ as: 'run-again' });
      expect(await rejection(charge()(order))).not.to.be.instanceOf(AttemptsExhaustedError);
      expect(await rejection(charge()(order)))
        .to.be.instanceOf(AttemptsExhaustedError)
        .and.include({ attempts: 3 });
      expect(new Set(runs)).to.deep.equal(new Set([3]));
    });

    it('permits nothing more by what an earlier version has kept of that', async () => {
      await recordOf(charge(), order).resolve({ as: 'run-again' });
      await rejection(charge()(order));
      const { key } = await view();
      const { token, ...rest } = (await store.inner.find(key)) as IdempotencyRecord;
      const kept = { ...rest.state, permitted: 3 };
      await store.inner.replace({ ...rest, token: 'earlier.1', state: kept }, token);
      expect(await rejection(charge()(order))).to.be.instanceOf(AttemptsExhaustedError);
      expect(new Set(runs)).to.deep.equal(new Set([3]));
    });

    it('gives the key an outcome', async () => {
      await recordOf(charge(), order).resolve({ as: 'value', value: 'settled by hand' });
      expect(await charge()(order)).to.equal('settled by hand');
    });

    it('lets it begin anew', async () => {
      await recordOf(charge(), order).forget();
      await rejection(charge()(order));
      expect(new Set(runs)).to.deep.equal(new Set([1]));
    });

    it('or raises the option', async () => {
      await rejection(charge({ maxAttempts: 3 })(order));
      expect(new Set(runs)).to.deep.equal(new Set([3]));
    });
  });

  it('ends with the record: where that has expired, the count begins anew', async () => {
    const operation = deployed({ maxAttempts: 1, unresolvedTtl: '1h' });
    await rejection(operation(store, failing)('a'));
    expect(await rejection(operation(store.peer(), working)('a'))).to.be.instanceOf(AttemptsExhaustedError);
    await clock.tickAsync(3 * 3_600_000);
    expect(await operation(store.peer(), working)('a')).to.equal('done');
    expect(runs).to.deep.equal([1, 1]);
  });

  it('survives a crash before the run: a claim that was never given back counts', async () => {
    const operation = deployed({ maxAttempts: 1 });
    await crash(operation, store, 'a');
    await clock.tickAsync(7_000);
    expect(await rejection(operation(store.peer(), working)('a'))).to.be.instanceOf(AttemptsExhaustedError);
  });

  for (const wrong of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '3', null])
    it(`is a whole number, and not ${wrong}`, () => {
      expect(() => deployed()(store, working, { maxAttempts: wrong as number })).to.throw(
        ConfigurationError,
        /option "maxAttempts" is .*; expected a whole number, 1 or more/,
      );
    });
});
