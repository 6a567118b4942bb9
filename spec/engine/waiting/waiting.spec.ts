import { expect } from 'chai';
import { InProgressError, onIdempotencyEvent } from 'retrysafe';
import sinon from 'sinon';
import { type Deferred, defer } from '../../support/defer.js';
import { deployable, restOfTurn } from '../../support/deployment.js';
import { rejection } from '../../support/rejection.js';
import { ScriptedStore } from '../../support/scripted-store.js';
import { fakeTime } from '../../support/time.js';

describe('waiting for a running call', () => {
  let clock: ReturnType<typeof fakeTime>;
  let store: ScriptedStore;

  beforeEach(() => {
    clock = fakeTime();
    store = new ScriptedStore();
  });

  afterEach(() => {
    sinon.restore();
    clock.restore();
  });

  /** Work whose runs the test ends one by one. It counts how many ran at once. */
  function runs() {
    const ends: Deferred<unknown>[] = [];
    const counts = { now: 0, most: 0 };
    const work = async () => {
      const end = defer<unknown>();
      ends.push(end);
      counts.now += 1;
      counts.most = Math.max(counts.most, counts.now);
      try {
        return await end.promise;
      } finally {
        counts.now -= 1;
      }
    };
    return { ends, counts, work };
  }

  /** When a promise settles, in milliseconds from now. */
  function settledAfter(promise: Promise<unknown>): () => number | undefined {
    const from = Date.now();
    let at: number | undefined;
    const note = () => {
      at = Date.now() - from;
    };
    promise.then(note, note);
    return () => at;
  }

  it('ends when its time is up, and does not report the store as failing', async () => {
    const failures: unknown[] = [];
    const stop = onIdempotencyEvent('store-failed', (event) => failures.push(event));
    const operation = deployable({ wait: '2s' });
    const { ends, work } = runs();
    const running = operation(store, work)('a');
    await restOfTurn();
    // These reads would return, but not before the wait is over.
    const elsewhere = store.peer().always('find', 'hang');
    const refused = rejection(operation(elsewhere, work)('a'));
    await clock.tickAsync(2_000);
    expect(await refused).to.be.instanceOf(InProgressError);
    expect(elsewhere.count('find')).to.equal(1);
    expect(failures).to.deep.equal([]);
    ends[0]?.resolve('done');
    await running;
    stop();
  });

  describe('in one process', () => {
    it('duplicates get the outcome in the turn in which the run settles, without a store call', async () => {
      const { ends, work } = runs();
      const call = deployable()(store, work);
      const first = call('a');
      await restOfTurn();
      const duplicates = Array.from({ length: 20 }, () => call('a'));
      await clock.tickAsync(2_000);
      let answered = 0;
      for (const duplicate of duplicates) {
        void duplicate.then(() => {
          answered += 1;
        });
      }
      let atRunner = -1;
      const watched = first.then(() => {
        atRunner = answered;
        return restOfTurn();
      });
      ends[0]?.resolve({ held: true });
      await watched;
      expect(answered, 'no timer has run since').to.equal(20);
      expect(atRunner).to.be.at.most(20);
      expect(store.calls.map(({ step }) => step)).to.deep.equal(['claim', 'replace']);
      expect(await Promise.all(duplicates)).to.deep.equal(Array(20).fill({ held: true }));
    });

    it('duplicates that arrive before the claim returns join as well', async () => {
      const { ends, work } = runs();
      const call = deployable()(store.next('claim', 'hold'), work);
      const calls = [call('a'), call('a'), call('a')];
      await restOfTurn();
      await store.held[0]?.release();
      await restOfTurn();
      ends[0]?.resolve('done');
      expect(await Promise.all(calls)).to.deep.equal(['done', 'done', 'done']);
      expect(store.count()).to.equal(2);
    });

    it('when the run fails they try themselves, one at a time, and the rest join again', async () => {
      const { ends, counts, work } = runs();
      const call = deployable()(store, work);
      const failed = rejection(call('a'));
      const duplicates = [call('a'), call('a'), call('a')];
      await restOfTurn();
      ends[0]?.reject(new Error('no'));
      await failed;
      await restOfTurn();
      expect(ends.length).to.equal(2);
      ends[1]?.resolve('second');
      expect(await Promise.all(duplicates)).to.deep.equal(['second', 'second', 'second']);
      expect([ends.length, counts.most]).to.deep.equal([2, 1]);
    });

    it('a call with another key does not wait', async () => {
      const { work } = runs();
      const operation = deployable();
      void operation(store, work)('a');
      expect(await operation(store, async () => 'b')('b')).to.equal('b');
    });
  });

  describe('across processes', () => {
    for (const [random, name] of [
      [0, 'the shortest'],
      [0.999_999, 'the longest'],
    ] as const) {
      it(`they read again with ${name} jitter at least 25 ms and at most 1 s apart`, async () => {
        sinon.stub(Math, 'random').returns(random);
        const operation = deployable({ wait: 60, lease: 600 });
        const { work } = runs();
        void operation(store, work)('a');
        await restOfTurn();
        const peer = store.peer();
        operation(peer, work)('a').catch(() => {});
        const from = Date.now();
        await clock.tickAsync(50_000);
        const reads = peer.calls.filter(({ step }) => step === 'find').map(({ at }) => at - from);
        const gaps = reads.map((at, index) => at - (reads[index - 1] ?? 0));
        expect(Math.min(...gaps)).to.be.at.least(24);
        expect(Math.max(...gaps)).to.be.at.most(1_000);
        expect(reads.at(-1), 'reads to the end').to.be.greaterThan(48_000);
        expect(gaps[1], 'backs off').to.be.greaterThan(gaps[0] as number);
        const last = gaps.at(-1) as number;
        expect(last).to.be.within(random === 0 ? 400 : 900, 1_000);
        expect(peer.count('claim')).to.equal(1);
      });
    }

    it('the delays are jittered: those of two waiters differ', async () => {
      const operation = deployable({ wait: 60, lease: 600 });
      const { work } = runs();
      void operation(store, work)('a');
      await restOfTurn();
      const peers = [store.peer(), store.peer(), store.peer()];
      for (const peer of peers) operation(peer, work)('a').catch(() => {});
      await clock.tickAsync(30_000);
      const times = peers.map((peer) => peer.calls.map(({ at }) => at).join());
      expect(new Set(times).size).to.equal(3);
    });

    it('they read that the lease is renewed, and send no further claim meanwhile', async () => {
      const operation = deployable({ wait: 60, lease: 6 });
      const { ends, work } = runs();
      void operation(store, work)('a');
      await restOfTurn();
      const peer = store.peer();
      const duplicate = operation(peer, work)('a');
      await clock.tickAsync(50_000);
      expect(peer.count('claim')).to.equal(1);
      ends[0]?.resolve('done');
      await clock.tickAsync(1_000);
      expect(await duplicate).to.equal('done');
    });

    it('a waiting call gets the outcome at its next read', async () => {
      const operation = deployable({ wait: 60 });
      const { ends, work } = runs();
      const first = operation(store, work)('a');
      await restOfTurn();
      const duplicate = operation(store.peer(), work)('a');
      await clock.tickAsync(20_000);
      ends[0]?.resolve('done');
      const at = settledAfter(duplicate);
      await clock.tickAsync(1_000);
      expect(await Promise.all([first, duplicate])).to.deep.equal(['done', 'done']);
      expect(at()).to.be.at.most(1_000);
      expect(ends.length).to.equal(1);
    });

    it('on release they take over and run, one at a time', async () => {
      const operation = deployable({ wait: 60 });
      const { ends, counts, work } = runs();
      const failed = rejection(operation(store, work)('a'));
      await restOfTurn();
      const duplicates = [1, 2, 3, 4].map(() => operation(store.peer(), work)('a'));
      await clock.tickAsync(5_000);
      ends[0]?.reject(new Error('no'));
      await failed;
      await clock.tickAsync(3_000);
      expect(ends.length, 'one of four took over').to.equal(2);
      ends[1]?.resolve('second');
      await clock.tickAsync(1_000);
      expect(await Promise.all(duplicates)).to.deep.equal(Array(4).fill('second'));
      expect(counts.most).to.equal(1);
    });

    it('one that waits for the outcome of another process passes it to all that joined', async () => {
      const operation = deployable({ wait: 60 });
      const { ends, work } = runs();
      void operation(store, work)('a');
      await restOfTurn();
      const peer = store.peer();
      const call = operation(peer, work);
      const calls = [call('a'), call('a'), call('a')];
      await clock.tickAsync(5_000);
      expect(peer.count('claim')).to.equal(1);
      ends[0]?.resolve('done');
      await clock.tickAsync(1_000);
      expect(await Promise.all(calls)).to.deep.equal(['done', 'done', 'done']);
      expect(ends.length).to.equal(1);
    });
  });

  describe('when the wait is over', () => {
    it('it is refused with an InProgressError after `wait`, in one process and across processes', async () => {
      const operation = deployable({ wait: 3, lease: 600 });
      const { work } = runs();
      void operation(store, work)('a');
      await restOfTurn();
      const errors = [operation(store, work)('a'), operation(store.peer(), work)('a')].map((call) => {
        const at = settledAfter(call);
        return { error: rejection(call), at };
      });
      await clock.tickAsync(2_999);
      expect(errors.map(({ at }) => at())).to.deep.equal([undefined, undefined]);
      await clock.tickAsync(1);
      for (const { error, at } of errors) {
        expect(await error).to.be.instanceOf(InProgressError);
        expect(at()).to.equal(3_000);
      }
    });

    it('`retryAfter` is when the claim can be taken over: after it the call goes through, not before', async () => {
      const operation = deployable({ wait: 0, lease: 6, clockTolerance: 2 });
      void operation(store.always('replace', 'hang'), () => new Promise(() => {}))('a');
      await clock.tickAsync(1_500);
      const call = operation(store.peer(), async () => 'second');
      const error = (await rejection(call('a'))) as InProgressError;
      expect(error.retryAfter, '8 s less 1.5 s, in whole seconds').to.equal(7);
      expect(error.statusCode).to.equal(409);
      await clock.tickAsync(6_000);
      expect(((await rejection(call('a'))) as InProgressError).retryAfter).to.equal(1);
      await clock.tickAsync(1_000);
      expect(await call('a')).to.equal('second');
    });

    it('`retryAfter` follows the renewals of the lease', async () => {
      const operation = deployable({ wait: 5, lease: 6, clockTolerance: 1 });
      const { work } = runs();
      void operation(store, work)('a');
      await clock.tickAsync(1_000);
      const error = rejection(operation(store.peer(), work)('a'));
      await clock.tickAsync(5_000);
      // The renewal at 6 s, just before, has it end at 12 s, and one second of tolerance.
      expect(((await error) as InProgressError).retryAfter).to.be.within(5, 7);
    });

    it('`wait: 0` is refused at once and with one store call', async () => {
      const operation = deployable({ wait: 0 });
      const { work } = runs();
      void operation(store, work)('a');
      await restOfTurn();
      const peer = store.peer();
      const at = Date.now();
      expect(await rejection(operation(peer, work)('a'))).to.be.instanceOf(InProgressError);
      expect(peer.count()).to.equal(1);
      const before = store.count();
      expect(await rejection(operation(store, work)('a'))).to.be.instanceOf(InProgressError);
      expect(store.count() - before).to.equal(1);
      expect(Date.now()).to.equal(at);
    });

    it('`wait: 0` still replays what is completed, and takes over what is released', async () => {
      const operation = deployable({ wait: 0 });
      await rejection(operation(store, async () => Promise.reject(new Error('no')))('a'));
      expect(await operation(store.peer(), async () => 'second')('a')).to.equal('second');
      expect(await operation(store.peer(), async () => 'third')('a')).to.equal('second');
    });

    it('a wait can also have its unit', async () => {
      const operation = deployable({ wait: '250ms', lease: 600 });
      const { work } = runs();
      void operation(store, work)('a');
      await restOfTurn();
      const duplicate = operation(store.peer(), work)('a');
      const at = settledAfter(duplicate);
      const error = rejection(duplicate);
      await clock.tickAsync(1_000);
      expect(await error).to.be.instanceOf(InProgressError);
      expect(at()).to.equal(250);
    });

    it('there is one budget for a call, however many runs it waits for in its process', async () => {
      const operation = deployable({ wait: 3, lease: 600 });
      const { ends, work } = runs();
      const call = operation(store, work);
      const failed = rejection(call('a'));
      await restOfTurn();
      void call('a').catch(() => {});
      const third = call('a');
      const at = settledAfter(third);
      const error = rejection(third);
      await clock.tickAsync(2_000);
      ends[0]?.reject(new Error('no'));
      await failed;
      await clock.tickAsync(2_000);
      expect(ends.length).to.equal(2);
      expect(await error).to.be.instanceOf(InProgressError);
      expect(at()).to.equal(3_000);
    });

    it('there is one budget for a call, however many runs of other processes it waits for', async () => {
      const operation = deployable({ wait: 3, lease: 600 });
      const { ends, work } = runs();
      const failed = rejection(operation(store, work)('a'));
      await restOfTurn();
      const peer = store.peer();
      const waiter = operation(peer, work)('a');
      const at = settledAfter(waiter);
      const error = rejection(waiter);
      await clock.tickAsync(2_000);
      // Between its read and its claim another call takes over.
      peer.next('replace', async (apply) => {
        void operation(store.peer(), work)('a').catch(() => {});
        // Microtasks only: the clock must not go on meanwhile.
        for (let steps = 0; steps < 100; steps += 1) await undefined;
        return apply();
      });
      ends[0]?.reject(new Error('no'));
      await failed;
      await clock.tickAsync(2_000);
      expect(ends.length).to.equal(2);
      expect(await error).to.be.instanceOf(InProgressError);
      expect(at()).to.be.within(2_900, 3_100);
    });

    it('the time its own method takes is not charged to it', async () => {
      const operation = deployable({ wait: 3, lease: 600 });
      const { ends, work } = runs();
      const call = operation(store, work)('a');
      await clock.tickAsync(60_000);
      ends[0]?.resolve('done');
      expect(await call).to.equal('done');
    });
  });

  it('a waiting call emits an event', async () => {
    const operation = deployable();
    const { ends, work } = runs();
    let waited = 0;
    const stop = onIdempotencyEvent('waited', () => {
      waited += 1;
    });
    try {
      const calls = [operation(store, work)('a'), operation(store, work)('a')];
      await restOfTurn();
      ends[0]?.resolve('done');
      await Promise.all(calls);
      expect(waited).to.equal(1);
    } finally {
      stop();
    }
  });
});
