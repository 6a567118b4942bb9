import { expect } from 'chai';
import {
  type IdempotencyRecord,
  InMemoryStore,
  onIdempotencyEvent,
  type PersistenceStore,
  StoreError,
} from 'retrysafe';
import { crash, deployable, restOfTurn } from '../../support/deployment.js';
import { catchWarnings } from '../../support/process-warnings.js';
import { rejection } from '../../support/rejection.js';
import { ScriptedStore } from '../../support/scripted-store.js';
import { fakeTime } from '../../support/time.js';
import { unhandledDuring } from '../../support/unhandled-rejections.js';

const isNonsense: Record<string, unknown> = {
  true: true,
  'a text': 'OK',
  'a number': 1,
  'an empty object': {},
  'a list': [],
  'a record without a token': { key: 'k', expiresAt: Number.MAX_SAFE_INTEGER, state: {} },
  'a token that is a number': { key: 'k', token: 1, expiresAt: Number.MAX_SAFE_INTEGER, state: {} },
  'a record that throws when it is read': {
    get key() {
      throw new TypeError('the connection is closed');
    },
  },
};
/** More calls than any correct path needs. */
const many = 100;

describe('a store that breaks its contract', () => {
  let clock: ReturnType<typeof fakeTime>;
  let warnings: ReturnType<typeof catchWarnings>;
  let store: ScriptedStore;
  let operation: ReturnType<typeof deployable>;
  let runs: number;

  beforeEach(() => {
    clock = fakeTime();
    warnings = catchWarnings();
    store = new ScriptedStore();
    operation = deployable({ lease: 6, clockTolerance: 1, wait: 10 });
    runs = 0;
  });

  afterEach(() => {
    clock.restore();
    warnings.restore();
  });

  const method = async () => {
    runs += 1;
    return 'done';
  };
  /** Lets time pass and yields to the event loop each time: otherwise a loop of promises alone would never be noticed. */
  const live = async (time: number) => {
    for (let passed = 0; passed < time; passed += 500) {
      await clock.tickAsync(500);
      await restOfTurn();
    }
  };
  const someoneElses = (record: IdempotencyRecord, state: object): IdempotencyRecord => ({
    ...record,
    token: 'another.1',
    state: { format: 1, attempt: 1, fencingToken: 1, ...state } as IdempotencyRecord['state'],
  });
  const inner = new InMemoryStore();
  /** A store that stops responding once it was called so often that only a loop can be the cause. */
  const counted = (broken: Partial<PersistenceStore>): ScriptedStore => {
    const made: PersistenceStore = {
      claim: (record, now) => inner.claim(record, now),
      replace: (record, token) => inner.replace(record, token),
      find: (key) => inner.find(key),
      ...broken,
    };
    const one = new ScriptedStore(made);
    const cap = async (apply: () => Promise<unknown>) => {
      // This never settles, so that a loop without a pause does not go on.
      return one.count() > 10 * many ? new Promise(() => {}) : apply();
    };
    return one.always('claim', cap).always('replace', cap).always('find', cap);
  };

  for (const step of ['claim', 'replace', 'find'] as const) {
    it(`and returns a state to ${step} that throws when it is read: a fault, and no call hangs`, async () => {
      const throwing = async (apply: () => Promise<unknown>) =>
        Object.defineProperty({ ...((await apply()) as object) }, 'state', {
          get() {
            throw new TypeError('the connection is closed');
          },
        });
      const faults: unknown[] = [];
      const stop = onIdempotencyEvent('store-failed', ({ error }) => faults.push(error));
      if (step === 'find') await operation(store, method)('a');
      store.always(step, throwing);
      const call = operation(store, method, { readFirst: step === 'find' })('a');
      const ended = call.then(
        (value) => value,
        (error) => error,
      );
      await live(20_000);
      stop();
      if (step === 'claim') expect(await ended).to.be.instanceOf(StoreError);
      else expect(await ended).to.equal('done');
      expect(faults[0]).to.be.instanceOf(TypeError);
      expect(clock.countTimers()).to.equal(0);
    });
  }

  it('and returns a record that throws when it is read again: the call ends by that error, and leaves no timer', async () => {
    const error = new TypeError('the cursor is closed');
    store.always('claim', async (apply) => {
      let reads = 0;
      return Object.defineProperty({ ...((await apply()) as object), token: 'another.1' }, 'state', {
        get() {
          reads += 1;
          if (reads > 1) throw error;
          return { format: 1, status: 'unknown', attempt: 1, fencingToken: 1 };
        },
      });
    });
    expect(await rejection(operation(store, method)('a'))).to.equal(error);
    expect({ runs, timers: clock.countTimers() }).to.deep.equal({ runs: 0, timers: 0 });
  });

  for (const [what, answer] of Object.entries(isNonsense)) {
    describe(`and returns ${what}`, () => {
      it('to a claim: StoreError, and the method has not run', async () => {
        const call = operation(
          store.always('claim', async () => answer),
          method,
        )('a');
        const error = await rejection(call);
        expect(error).to.be.instanceOf(StoreError).and.to.include({ step: 'claim' });
        expect((error as StoreError).cause).to.be.instanceOf(TypeError);
        expect({ runs, calls: store.count() }).to.deep.equal({ runs: 0, calls: 2 });
      });

      it('to a claim with `onStoreFailure: run`: the method runs without a claim', async () => {
        store.next(
          'claim',
          async () => answer,
          async () => answer,
        );
        expect(await operation(store, method, { onStoreFailure: 'run' })('a')).to.equal('done');
        expect(runs).to.equal(1);
      });

      it('to a renewal: the method runs to its end, its signal aborts with the lease', async () => {
        store.always('replace', async () => answer);
        let call!: Promise<unknown>;
        const unhandled = await unhandledDuring(async () => {
          call = operation(store, () => new Promise((resolve) => setTimeout(resolve, 40_000, 'done')))('a');
          await live(50_000);
        });
        expect(unhandled).to.deep.equal([]);
        expect(await call).to.equal('done');
        expect(store.count()).to.be.below(many);
        expect(clock.countTimers()).to.equal(0);
      });

      it('to its completion: a fault like any other, and the caller gets its result', async () => {
        const faults: unknown[] = [];
        const stop = onIdempotencyEvent('store-failed', ({ error }) => faults.push(error));
        store.always('replace', async () => answer);
        let call!: Promise<unknown>;
        const unhandled = await unhandledDuring(async () => {
          call = operation(store, method)('a');
          await live(20_000);
        });
        stop();
        expect(unhandled).to.deep.equal([]);
        expect(await call).to.equal('done');
        expect(store.count()).to.be.below(many);
        expect(faults[0]).to.be.instanceOf(TypeError);
        expect(warnings.texts('RETRYSAFE_OUTCOME_NOT_STORED')).to.have.length(1);
      });

      it('to a release: the caller gets the method’s error', async () => {
        const own = new Error('own');
        const call = operation(
          store.always('replace', async () => answer),
          async () => Promise.reject(own),
        );
        expect(await rejection(call('a'))).to.equal(own);
      });

      it('to a take-over: StoreError, and the method has not run', async () => {
        await crash(operation, store, 'a');
        await clock.tickAsync(8_000);
        const peer = store.peer().always('replace', async () => answer);
        expect(await rejection(operation(peer, method)('a'))).to.include({ step: 'replace' });
        expect(runs).to.equal(0);
      });
    });
  }

  it('and finds no valid record where an equal call runs: the duplicate keeps waiting, without an unhandled rejection', async () => {
    void operation(store, () => new Promise((resolve) => setTimeout(resolve, 3_000, 'done')))('a');
    await restOfTurn();
    const peer = store.peer();
    for (const answer of Object.values(isNonsense)) peer.next('find', async () => answer);
    let call!: Promise<unknown>;
    const unhandled = await unhandledDuring(async () => {
      call = operation(peer, method)('a');
      await live(6_000);
    });
    expect(unhandled).to.deep.equal([]);
    expect(await call).to.equal('done');
    expect(runs).to.equal(0);
  });

  describe('is not called without end', () => {
    const released = { status: 'released' };
    const broken: Record<string, Partial<PersistenceStore>> = {
      'a claim that returns an expired record': {
        claim: async (record, now) => ({ ...someoneElses(record, released), expiresAt: now }),
      },
      'a replace that returns the record it should have replaced': {
        claim: async (record) => someoneElses(record, released),
        replace: async (record) => someoneElses(record, released),
      },
      'a replace that finds nothing where the claim found a released record': {
        claim: async (record) => someoneElses(record, released),
        replace: async () => undefined,
      },
    };
    for (const [what, how] of Object.entries(broken)) {
      it(`${what}: StoreError, and the method has not run`, async () => {
        const one = counted(how);
        const error = rejection(operation(one, method)('never ending'));
        await live(30_000);
        // With pauses, this is what a duplicate may call in the 10 s for which it waits.
        expect(one.count()).to.be.within(1, 10 * many);
        expect(await error).to.be.instanceOf(StoreError);
        expect(runs).to.equal(0);
      });

      it(`${what}: at once where duplicates do not wait`, async () => {
        const one = counted(how);
        const error = rejection(operation(one, method, { wait: 0 })('never ending'));
        await live(500);
        expect(one.count()).to.be.within(1, 4);
        expect(await error).to.be.instanceOf(StoreError);
      });
    }

    it('a replace that returns the record that it should have replaced: the caller gets its result', async () => {
      let held: IdempotencyRecord | undefined;
      const one = counted({
        claim: (record, now) => {
          held = record;
          return inner.claim(record, now);
        },
        replace: async () => held,
      });
      const call = operation(one, method)('stuck');
      await live(30_000);
      expect(await call).to.equal('done');
      expect({ runs, isBounded: one.count() < many }).to.deep.equal({ runs: 1, isBounded: true });
    });

    it('a replace that finds nothing where a claim finds the record of the call: the caller gets its result', async () => {
      const one = counted({ replace: async () => undefined });
      const call = operation(one, method)('found by claims alone');
      await live(30_000);
      expect(await call).to.equal('done');
      expect({ runs, isBounded: one.count() < many }).to.deep.equal({ runs: 1, isBounded: true });
    });
  });
});
