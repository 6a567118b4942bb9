import { expect } from 'chai';
import {
  type Abandoned,
  ConfigurationError,
  currentExecution,
  InProgressError,
  OutcomeUnknownError,
  ReentrantCallError,
} from 'retrysafe';
import { type Deferred, defer } from '../../support/defer.js';
import { crash, deployable, restOfTurn, standing } from '../../support/deployment.js';
import { rejection } from '../../support/rejection.js';
import { ScriptedStore } from '../../support/scripted-store.js';
import { fakeTime } from '../../support/time.js';

describe('an abandoned key', () => {
  let clock: ReturnType<typeof fakeTime>;
  let store: ScriptedStore;
  let peer: ScriptedStore;

  beforeEach(() => {
    clock = fakeTime();
    store = new ScriptedStore();
    peer = store.peer();
  });

  afterEach(() => {
    clock.restore();
  });

  const options = { lease: 6, clockTolerance: 1, wait: 0 } as const;

  function execution() {
    const { attempt, fencingToken } = currentExecution();
    return { attempt, fencingToken };
  }

  async function state() {
    return (await standing(store))?.state;
  }

  /** The claim of a process that died 7 s ago. */
  async function abandon(operation: ReturnType<typeof deployable>): Promise<void> {
    await crash(operation, store, 'a');
    await clock.tickAsync(7_000);
  }

  describe('by `run`', () => {
    it('runs again by default, as attempt 2 with a greater fencing token', async () => {
      const operation = deployable(options);
      await abandon(operation);
      const before = await state();
      const seen = (await operation(peer, async () => execution())('a')) as ReturnType<typeof execution>;
      expect(seen.attempt).to.equal(2);
      expect(seen.fencingToken).to.be.greaterThan(before?.fencingToken as number);
    });

    it('the fencing token grows even where the clock of the successor is behind', async () => {
      const operation = deployable(options);
      await abandon(operation);
      const before = (await state())?.fencingToken as number;
      const key = (await standing(store))?.key as string;
      const record = await store.inner.find(key);
      const ahead = { ...record?.state, fencingToken: before + 1_000_000 };
      await store.inner.replace(
        { ...record, token: 'ahead.1', state: ahead } as never,
        record?.token as string,
      );
      const seen = (await operation(peer, async () => execution())('a')) as ReturnType<typeof execution>;
      expect(seen.fencingToken).to.equal(before + 1_000_001);
    });

    it('counts every attempt', async () => {
      const operation = deployable(options);
      await abandon(operation);
      await crash(operation, peer, 'a');
      await clock.tickAsync(7_000);
      expect(await operation(store.peer(), async () => execution().attempt)('a')).to.equal(3);
    });
  });

  describe('by `refuse`', () => {
    it('OutcomeUnknownError, with the record untouched', async () => {
      const operation = deployable({ ...options, onAbandoned: 'refuse' });
      await abandon(operation);
      const before = await standing(store);
      let runs = 0;
      const error = await rejection(operation(peer, async () => ++runs)('a'));
      expect(error).to.be.instanceOf(OutcomeUnknownError);
      expect(await standing(store)).to.deep.equal(before);
      expect(peer.count('replace')).to.equal(0);
      expect(runs).to.equal(0);
    });

    it('but not while the lease holds, nor for a released key', async () => {
      const operation = deployable({ ...options, onAbandoned: 'refuse' });
      await crash(operation, store, 'a');
      await clock.tickAsync(1_000);
      expect(await rejection(operation(peer, async () => 'x')('a'))).to.be.instanceOf(InProgressError);
      await rejection(operation(peer, async () => Promise.reject(new Error('no')))('b'));
      expect(await operation(peer, async () => 'second')('b')).to.equal('second');
    });
  });

  describe('by a function', () => {
    it('gets the attempt and the arguments, and nothing else', async () => {
      let seen: unknown[] = [];
      const operation = deployable({
        ...options,
        name: 'asked about a payment',
        onAbandoned: (...given) => {
          seen = given;
          return 'run';
        },
      });
      await abandon(operation);
      const before = await state();
      await operation(peer, async () => 'second')('a');
      const [abandoned, ...args] = seen as [Abandoned, ...unknown[]];
      expect(abandoned).to.deep.include({
        operation: 'asked about a payment',
        status: 'abandoned',
        attempt: 1,
        fencingToken: before?.fencingToken,
        key: (await standing(store))?.key,
      });
      expect(args[0]).to.equal('a');
    });

    it('its value is every caller’s outcome, and is stored', async () => {
      let asked = 0;
      let runs = 0;
      const operation = deployable({
        ...options,
        wait: 10,
        onAbandoned: async () => {
          asked += 1;
          await new Promise((resolve) => setTimeout(resolve, 500));
          return { value: { hold: 'found' } };
        },
      });
      await abandon(operation);
      const here = operation(peer, async () => ++runs);
      const calls = [here('a'), here('a'), operation(store.peer(), async () => ++runs)('a')];
      await clock.tickAsync(2_000);
      expect(await Promise.all(calls)).to.deep.equal(Array(3).fill({ hold: 'found' }));
      expect(await here('a')).to.deep.equal({ hold: 'found' });
      expect([asked, runs]).to.deep.equal([1, 0]);
      expect((await state())?.status).to.equal('completed');
    });

    it('a value of undefined is a value', async () => {
      const operation = deployable({ ...options, onAbandoned: () => ({ value: undefined }) });
      await abandon(operation);
      expect(await operation(peer, async () => 'ran')('a')).to.equal(undefined);
      expect((await state())?.status).to.equal('completed');
    });

    it('`run` runs again, as attempt 2', async () => {
      const operation = deployable({ ...options, onAbandoned: () => 'run' });
      await abandon(operation);
      const before = await state();
      const seen = (await operation(peer, async () => execution())('a')) as ReturnType<typeof execution>;
      expect(seen.attempt).to.equal(2);
      expect(seen.fencingToken).to.be.greaterThan(before?.fencingToken as number);
      expect((await state())?.attempt).to.equal(2);
    });

    it('the run that it decides on is renewed every third of the lease, once', async () => {
      const operation = deployable({ ...options, onAbandoned: () => 'run' });
      await abandon(operation);
      void operation(peer, () => new Promise(() => {}))('a');
      await restOfTurn();
      const before = peer.count('replace');
      await clock.tickAsync(6_000);
      expect(peer.count('replace') - before).to.equal(3);
    });

    it('the attempt is recorded before it begins', async () => {
      const operation = deployable({ ...options, onAbandoned: () => 'run' });
      await abandon(operation);
      void operation(peer, () => new Promise(() => {}))('a');
      await restOfTurn();
      expect(await state()).to.include({ status: 'in-progress', attempt: 2 });
    });

    it('the attempt is recorded before it begins, also where an earlier renewal arrives in its place', async () => {
      const decision = defer<'run'>();
      const operation = deployable({ ...options, onAbandoned: () => decision.promise });
      await abandon(operation);
      peer.next(
        'replace',
        (apply) => apply(),
        'hold',
        async (apply) => {
          await peer.held[0]?.release();
          return apply();
        },
      );
      let attempt: number | undefined;
      void operation(peer, () => {
        attempt = currentExecution().attempt;
        return new Promise(() => {});
      })('a');
      // The renewal that is held back was given up at 4 s.
      await clock.tickAsync(4_200);
      decision.resolve('run');
      await restOfTurn();
      expect(attempt).to.equal(2);
      expect(await state()).to.include({ status: 'in-progress', attempt: 2 });
    });

    it('`refuse`: OutcomeUnknownError, and the key is unknown with its attempt unchanged', async () => {
      const operation = deployable({ ...options, onAbandoned: async () => 'refuse' as const });
      await abandon(operation);
      expect(await rejection(operation(peer, async () => 'x')('a'))).to.be.instanceOf(OutcomeUnknownError);
      expect(await state()).to.include({ status: 'unknown', attempt: 1 });
    });

    it('what it throws is what its caller gets, and the key is unknown with its attempt unchanged', async () => {
      const fault = new Error('the core bank does not answer');
      const operation = deployable({ ...options, onAbandoned: () => Promise.reject(fault) });
      await abandon(operation);
      expect(await rejection(operation(peer, async () => 'x')('a'))).to.equal(fault);
      expect(await state()).to.include({ status: 'unknown', attempt: 1 });
    });

    it('so is what it throws without a promise', async () => {
      const operation = deployable({
        ...options,
        onAbandoned: () => {
          throw 'a text';
        },
      });
      await abandon(operation);
      expect(await rejection(operation(peer, async () => 'x')('a'))).to.equal('a text');
      expect((await state())?.status).to.equal('unknown');
    });

    for (const [name, answer] of [
      ['undefined', undefined],
      ['null', null],
      ['another text', 'retry'],
      ['an object without a value', {}],
    ] as const) {
      it(`${name} is no decision: an error that names the option, nothing runs, the key is unknown`, async () => {
        const operation = deployable({ ...options, onAbandoned: () => answer as never });
        await abandon(operation);
        let runs = 0;
        const error = await rejection(operation(peer, async () => ++runs)('a'));
        expect(error).to.be.instanceOf(ConfigurationError);
        expect((error as Error).message).to.match(/onAbandoned.*\{ value \}, 'run' or 'refuse'/);
        expect(runs).to.equal(0);
        expect(await state()).to.include({ status: 'unknown', attempt: 1 });
      });
    }

    it('an unknown key calls it again, with the status', async () => {
      const statuses: string[] = [];
      const operation = deployable({
        ...options,
        onAbandoned: ({ status, attempt }: Abandoned) => {
          statuses.push(`${status} ${attempt}`);
          return statuses.length < 3 ? 'refuse' : 'run';
        },
      });
      await abandon(operation);
      const call = operation(peer, async () => execution().attempt);
      await rejection(call('a'));
      await rejection(call('a'));
      expect(await call('a')).to.equal(2);
      expect(statuses).to.deep.equal(['abandoned 1', 'unknown 1', 'unknown 1']);
    });

    it('it runs under a claim of its own: two processes at once call it once', async () => {
      const asked: Deferred<'run'>[] = [];
      const operation = deployable({
        ...options,
        wait: 60,
        onAbandoned: () => {
          const answer = defer<'run'>();
          asked.push(answer);
          return answer.promise;
        },
      });
      await abandon(operation);
      let runs = 0;
      const calls = [peer, store.peer()].map((one) => operation(one, async () => ++runs)('a'));
      await clock.tickAsync(30_000);
      expect(asked.length).to.equal(1);
      asked[0]?.resolve('run');
      await clock.tickAsync(1_000);
      expect(await Promise.all(calls)).to.deep.equal([1, 1]);
      expect([asked.length, runs]).to.deep.equal([1, 1]);
    });

    it('the lease is renewed for as long as it runs', async () => {
      const answer = defer<'run'>();
      const operation = deployable({ ...options, onAbandoned: () => answer.promise });
      await abandon(operation);
      const call = operation(peer, async () => 'second')('a');
      for (let second = 0; second < 30; second += 1) {
        await clock.tickAsync(1_000);
        const claim = await state();
        expect(claim?.status === 'in-progress' && claim.leaseUntil - Date.now()).to.be.at.least(3_999);
      }
      answer.resolve('run');
      expect(await call).to.equal('second');
    });

    it('a process that dies while it runs frees the key after the lease; the next one calls it again', async () => {
      let asked = 0;
      const operation = deployable(options);
      await abandon(operation);
      const onAbandoned = ({ attempt }: Abandoned) => {
        asked += 1;
        expect(attempt).to.equal(1);
        return asked === 1 ? new Promise<'run'>(() => {}) : 'run';
      };
      void operation(
        peer.next('replace', (apply) => apply()),
        async () => 'x',
        { onAbandoned },
      )('a');
      peer.always('replace', 'hang');
      await restOfTurn();
      await clock.tickAsync(7_000);
      const seen = await operation(store.peer(), async () => execution().attempt, { onAbandoned })('a');
      expect([asked, seen]).to.deep.equal([2, 2]);
    });

    it('deriveKey gives the keys of the attempt before, so it can find what that one did', async () => {
      let first = '';
      let asked = '';
      const operation = deployable({
        ...options,
        onAbandoned: () => {
          asked = currentExecution().deriveKey('hold');
          return 'run';
        },
      });
      store.always('replace', 'hang');
      void operation(store, () => {
        first = currentExecution().deriveKey('hold');
        return new Promise(() => {});
      })('a');
      await clock.tickAsync(7_000);
      const second = await operation(peer, async () => currentExecution().deriveKey('hold'))('a');
      expect(asked).to.equal(first).and.to.have.length.at.most(36);
      expect(second).to.equal(first);
    });

    it('currentExecution is that of the recovery, with the attempt that it recovers', async () => {
      let attempt: number | undefined;
      const operation = deployable({
        ...options,
        onAbandoned: () => {
          attempt = execution().attempt;
          return 'run';
        },
      });
      await abandon(operation);
      await operation(peer, async () => 'second')('a');
      expect(attempt).to.equal(1);
    });

    it('a call for its own key from inside of it would wait for itself: ReentrantCallError', async () => {
      const box: { call?: (id: string) => Promise<unknown> } = {};
      const operation = deployable({
        ...options,
        onAbandoned: async () => ({ value: await rejection(box.call?.('a') as Promise<unknown>) }),
      });
      await abandon(operation);
      box.call = operation(peer, async () => 'x');
      expect(await box.call('a')).to.be.instanceOf(ReentrantCallError);
    });

    it('one that lost its claim while it ran decides nothing', async () => {
      const answer = defer<{ value: string }>();
      const operation = deployable({ ...options, wait: 10 });
      await abandon(operation);
      const late = operation(peer, async () => 'x', { onAbandoned: () => answer.promise })('a');
      await restOfTurn();
      peer.always('replace', 'fail');
      await clock.tickAsync(7_000);
      peer.heal();
      expect(await operation(store.peer(), async () => 'second')('a')).to.equal('second');
      answer.resolve({ value: 'late' });
      await clock.tickAsync(1_000);
      expect(await late).to.equal('second');
    });

    it('a `run` that it returns after its claim was lost runs nothing', async () => {
      const answer = defer<'run'>();
      const operation = deployable({ ...options, wait: 10 });
      await abandon(operation);
      let runs = 0;
      const late = operation(peer, async () => ++runs, { onAbandoned: () => answer.promise })('a');
      await restOfTurn();
      peer.always('replace', 'fail');
      await clock.tickAsync(7_000);
      peer.heal();
      expect(await operation(store.peer(), async () => 'second')('a')).to.equal('second');
      answer.resolve('run');
      await clock.tickAsync(1_000);
      expect(await late).to.equal('second');
      expect(runs).to.equal(0);
    });

    it('a released key is taken over without it', async () => {
      let asked = 0;
      const operation = deployable({
        ...options,
        onAbandoned: () => {
          asked += 1;
          return 'refuse';
        },
      });
      await rejection(operation(store, async () => Promise.reject(new Error('no')))('a'));
      expect((await state())?.status).to.equal('released');
      expect(await operation(peer, async () => execution().attempt)('a')).to.equal(2);
      expect(asked).to.equal(0);
    });
  });
});
