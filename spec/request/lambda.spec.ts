import { expect } from 'chai';
import { ClaimLostError, currentExecution, InProgressError, makeIdempotent, recordOf } from 'retrysafe';
import { defer } from '../support/defer.js';
import { deployable, restOfTurn, standing } from '../support/deployment.js';
import { invocation } from '../support/invocation.js';
import { keyOf } from '../support/key-of.js';
import { catchWarnings } from '../support/process-warnings.js';
import { rejection } from '../support/rejection.js';
import { ScriptedStore } from '../support/scripted-store.js';
import { fakeTime } from '../support/time.js';

const start = Date.UTC(2026, 0, 1);
const never = () => new Promise<never>(() => {});

/** The ends of all leases that the call asked for, in milliseconds since the start. */
function leases(store: ScriptedStore): number[] {
  return store.calls.flatMap(({ record }) =>
    record?.state.status === 'in-progress' ? [record.state.leaseUntil - start] : [],
  );
}

describe('a call in a Lambda invocation', () => {
  let clock: ReturnType<typeof fakeTime>;
  let store: ScriptedStore;

  beforeEach(() => {
    clock = fakeTime(start);
    store = new ScriptedStore();
  });

  afterEach(() => {
    clock.restore();
  });

  /** When a promise settles, in milliseconds since the start; NaN while it has not. */
  function settling(promise: Promise<unknown>): { at: number } {
    const seen = { at: Number.NaN };
    const note = () => {
      seen.at = Date.now() - start;
    };
    promise.then(note, note);
    return seen;
  }

  describe('and its context', () => {
    it('has a key of its arguments without the context, wherever that is', async () => {
      const key = await keyOf('tx-1', 100);
      expect(await keyOf('tx-1', 100, invocation(1_000))).to.equal(key);
      expect(await keyOf(invocation(2_000), 'tx-1', 100)).to.equal(key);
      expect(await keyOf('tx-1', invocation(2_000), 100)).to.equal(key);
      expect(await keyOf('tx-1')).not.to.equal(key);
    });

    it('does not take other arguments for a context', async () => {
      const lookalikes = [{ awsRequestId: 'a' }, { awsRequestId: 'a', remaining: 3 }, { functionName: 'f' }];
      const keys = await Promise.all([undefined, ...lookalikes].map((one) => keyOf('tx-1', one)));
      expect(new Set([...keys, await keyOf('tx-1')])).to.have.property('size', 5);
    });

    it('has the same fingerprint in every delivery', async () => {
      const place = makeIdempotent(
        async (request: { id: string; amount: number }, _context: unknown) => request.amount,
        {
          name: 'Lambda.placeOnce',
          key: 'id',
          fingerprint: true,
          store,
        },
      );
      expect(await place({ id: 'a', amount: 1 }, invocation(9_000))).to.equal(1);
      expect(await place({ id: 'a', amount: 1 }, invocation(8_000))).to.equal(1);
      expect(await rejection(place({ id: 'a', amount: 2 }, invocation(8_000)))).to.have.property(
        'statusCode',
        422,
      );
    });

    it('passes the context to the method', async () => {
      const context = invocation(9_000);
      const operation = deployable({ key: '@' });
      expect(await operation(store, async (_id, given) => given === context)('a', context)).to.equal(true);
    });
  });

  describe('and its lease', () => {
    it('ends no later than the invocation', async () => {
      const work = async (_id: string, _context?: unknown): Promise<void> => never();
      const place = makeIdempotent(work, { name: 'Lambda.hold', key: '@', store });
      void place('short', invocation(5_000));
      void place('long', invocation(60_000));
      void place('none');
      await restOfTurn();
      expect((await recordOf(place, 'short').inspect())?.leaseUntil).to.equal(start + 5_000);
      expect((await recordOf(place, 'long').inspect())?.leaseUntil).to.equal(start + 30_000);
      expect((await recordOf(place, 'none').inspect())?.leaseUntil).to.equal(start + 30_000);
    });

    it('ends with the invocation wherever the context is among the arguments', async () => {
      const place = makeIdempotent(async (..._args: readonly unknown[]): Promise<void> => never(), {
        name: 'Lambda.holdAnyway',
        store,
      });
      void place(invocation(4_000), 'tx-1');
      void place('tx-1', 100, { currency: 'USD' }, invocation(5_000));
      await restOfTurn();
      expect(leases(store)).to.deep.equal([4_000, 5_000]);
    });

    it('is renewed up to the end of the invocation and never past it; there the signal aborts', async () => {
      let signal: AbortSignal | undefined;
      const work = () => {
        ({ signal } = currentExecution());
        return never();
      };
      void deployable({ key: '@', lease: 3 })(store, work)('a', invocation(10_500));
      await clock.tickAsync(10_499);
      // Once a second, and not again and again where the lease cannot grow any more.
      expect(leases(store).length).to.be.within(8, 11);
      expect(Math.max(...leases(store))).to.equal(10_500);
      expect(signal?.aborted).to.equal(false);
      await clock.tickAsync(1);
      expect(signal?.reason).to.be.instanceOf(ClaimLostError);
      const sent = store.count();
      await clock.tickAsync(60_000);
      expect(store.count()).to.equal(sent);
      expect(Math.max(...leases(store))).to.equal(10_500);
    });

    it('frees the key when the invocation times out, though the lease is longer', async () => {
      const operation = deployable({ key: '@', lease: 30, wait: 0 });
      void operation(store, never)('a', invocation(3_000));
      await clock.tickAsync(3_999);
      const next = operation(store.peer(), async () => 'second');
      expect(await rejection(next('a', invocation(60_000)))).to.be.instanceOf(InProgressError);
      await clock.tickAsync(1);
      expect(await next('a', invocation(60_000))).to.equal('second');
    });
  });

  describe('that waits for an equal call', () => {
    for (const where of ['of the same process', 'of another process'] as const) {
      it(`gives up 500 ms before the invocation ends: ${where}`, async () => {
        const operation = deployable({ key: '@', wait: 10 });
        void operation(store, never)('a', invocation(60_000));
        await restOfTurn();
        const other = where === 'of the same process' ? store : store.peer();
        const duplicate = operation(other, never)('a', invocation(3_000));
        const settled = settling(duplicate);
        await clock.tickAsync(2_499);
        expect(settled.at).to.be.NaN;
        await clock.tickAsync(60);
        expect(settled.at).to.be.within(2_500, 2_550);
        expect(await rejection(duplicate)).to.be.instanceOf(InProgressError);
      });
    }
  });

  describe('beside another invocation', () => {
    it('has a lease and a signal of its own', async () => {
      const abortedAt: Record<string, number> = {};
      const work = async (id: string): Promise<void> => {
        await restOfTurn();
        currentExecution().signal.addEventListener('abort', () => {
          abortedAt[id] = Date.now() - start;
        });
        return never();
      };
      const run = deployable({ key: '@', lease: 4 })(store, work);
      const all = [run('a', invocation(5_000)), run('b', invocation(20_000)), run('c', invocation(7_000))];
      await restOfTurn();
      await clock.tickAsync(25_000);
      expect(all).to.have.length(3);
      expect(abortedAt).to.deep.equal({ a: 5_000, b: 20_000, c: 7_000 });
    });

    it('stops waiting at its own end, and the running one goes on', async () => {
      const answer = defer<string>();
      const operation = deployable({ key: '@' });
      const first = operation(store, () => answer.promise)('a', invocation(60_000));
      const second = operation(store, never)('a', invocation(2_000));
      const refused = settling(second);
      await clock.tickAsync(5_000);
      expect(refused.at).to.equal(1_500);
      expect(await rejection(second)).to.be.instanceOf(InProgressError);
      answer.resolve('held');
      expect(await first).to.equal('held');
    });

    it('runs when the one it waits for ends by a time-out', async () => {
      const operation = deployable({ key: '@' });
      void operation(store, never)('a', invocation(2_000));
      const second = operation(store, async () => 'second')('a', invocation(60_000));
      const settled = settling(second);
      await clock.tickAsync(2_999);
      expect(settled.at).to.be.NaN;
      await clock.tickAsync(1_100);
      expect(await second).to.equal('second');
    });
  });

  describe('that is made inside another call', () => {
    it('ends with the invocation of the enclosing call, at any depth, and each with its own', async () => {
      const inmost = new ScriptedStore();
      const middle = deployable({ key: '@' })(new ScriptedStore(), (id) => deepest(id));
      const deepest = deployable({ key: '@' })(inmost, never);
      const outer = deployable({ key: '@' })(store, async (id) => {
        await restOfTurn();
        return middle(id);
      });
      void outer('a', invocation(5_000));
      void outer('b', invocation(8_000));
      void outer('c');
      await restOfTurn();
      await restOfTurn();
      expect(leases(inmost)).to.have.members([5_000, 8_000, 30_000]);
    });

    it('is refused when too little of the enclosing invocation is left', async () => {
      const inner = new ScriptedStore();
      let isRun = false;
      const nested = deployable({ key: '@' })(inner, async () => {
        isRun = true;
      });
      const outer = deployable({ key: '@' })(store, async (id) => {
        await new Promise((resolve) => setTimeout(resolve, 2_600));
        return nested(id);
      });
      const call = outer('a', invocation(3_000));
      const error = rejection(call);
      await clock.tickAsync(3_000);
      expect(await error).to.be.instanceOf(InProgressError);
      expect({ isRun, calls: inner.count() }).to.deep.equal({ isRun: false, calls: 0 });
    });

    it('uses its own context where it has one', async () => {
      const inner = new ScriptedStore();
      const nested = deployable({ key: '@' })(inner, never);
      void deployable({ key: '@' })(store, (id) => nested(id, invocation(4_000)))('a', invocation(5_000));
      await restOfTurn();
      expect(leases(inner)).to.deep.equal([4_000]);
    });
  });

  describe('with hardly any time left', () => {
    for (const remaining of [0, -5, 1, 499]) {
      it(`is refused before it claims: ${remaining} ms`, async () => {
        let isRun = false;
        const work = async () => {
          isRun = true;
        };
        const call = deployable({ key: '@' })(store, work)('a', invocation(remaining));
        const error = await rejection(call);
        expect(error).to.be.instanceOf(InProgressError).and.to.include({ statusCode: 409, retryAfter: 1 });
        expect({ isRun, calls: store.count() }).to.deep.equal({ isRun: false, calls: 0 });
      });
    }

    it('runs with the margin left', async () => {
      const call = deployable({ key: '@' })(store, async () => 'held')('a', invocation(500));
      await clock.tickAsync(0);
      expect(await call).to.equal('held');
    });

    it('does not run where its claim returns so late that less than the margin is left', async () => {
      let runs = 0;
      const work = async () => {
        runs += 1;
        return 'held';
      };
      store.next('claim', async (apply) => {
        const answer = await apply();
        await new Promise((resolve) => setTimeout(resolve, 2_700));
        return answer;
      });
      const operation = deployable({ key: '@' });
      const call = operation(store, work)('a', invocation(3_000));
      const settled = settling(call);
      await clock.tickAsync(2_999);
      expect(runs).to.equal(0);
      expect(settled.at).to.be.within(2_700, 2_999);
      expect(await rejection(call)).to.be.instanceOf(InProgressError);
      await clock.tickAsync(1_001);
      expect(await operation(store.peer(), work)('a', invocation(60_000))).to.equal('held');
      expect(runs).to.equal(1);
    });

    it('does not run where it takes over so late that less than the margin is left', async () => {
      let runs = 0;
      const failing = deployable({ key: '@' });
      await rejection(failing(store, () => Promise.reject(new Error('busy')))('a', invocation(60_000)));
      expect((await standing(store))?.state.status).to.equal('released');
      store.next('replace', async (apply) => {
        const answer = await apply();
        await new Promise((resolve) => setTimeout(resolve, 2_700));
        return answer;
      });
      const work = async () => {
        runs += 1;
      };
      const error = rejection(failing(store, work)('a', invocation(3_000)));
      await clock.tickAsync(3_000);
      expect(runs).to.equal(0);
      expect(await error).to.be.instanceOf(InProgressError);
    });
  });

  describe('whose outcome the store does not take', () => {
    let warnings: ReturnType<typeof catchWarnings>;

    beforeEach(() => {
      warnings = catchWarnings();
      store.always('replace', 'fail');
    });

    afterEach(() => {
      warnings.restore();
      delete process.env.AWS_LAMBDA_FUNCTION_NAME;
    });

    /** How many writes are sent after the caller has its result. */
    async function background(context: unknown): Promise<number> {
      const call = deployable({ key: '@' })(store, async () => 'held')('a', context);
      await clock.tickAsync(6_000);
      expect(await call).to.equal('held');
      expect(warnings.texts('RETRYSAFE_OUTCOME_NOT_STORED')).to.have.length(1);
      const sent = store.count();
      await clock.tickAsync(40_000);
      return store.count() - sent;
    }

    it('sends nothing more once its caller has the result', async () => {
      expect(await background(invocation(60_000))).to.equal(0);
    });

    it('sends nothing more without a context, either, where the process runs in Lambda', async () => {
      process.env.AWS_LAMBDA_FUNCTION_NAME = 'holds';
      expect(await background(undefined)).to.equal(0);
    });

    it('goes on sending it outside of Lambda', async () => {
      expect(await background(undefined)).to.be.above(5);
    });

    it('answers before the invocation ends', async () => {
      const call = deployable({ key: '@' })(store, async () => 'held')('a', invocation(2_000));
      const settled = settling(call);
      await clock.tickAsync(10_000);
      expect(await call).to.equal('held');
      expect(settled.at).to.be.below(2_000);
      expect(store.calls.filter(({ at }) => at - start >= 2_000)).to.have.length(0);
    });
  });
});
