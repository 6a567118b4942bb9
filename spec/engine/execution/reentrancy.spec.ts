import { expect } from 'chai';
import { Idempotent, InMemoryStore, makeIdempotent, ReentrantCallError } from 'retrysafe';
import { defer } from '../../support/defer.js';
import { deployable } from '../../support/deployment.js';
import { rejection } from '../../support/rejection.js';
import { ScriptedStore } from '../../support/scripted-store.js';

type Call = (id: string) => Promise<unknown>;

describe('a call from inside the running method', () => {
  /** An operation whose method does what the test says. The test gets the operation itself. */
  function recursive(work: (call: Call, id: string) => Promise<unknown>, store = new ScriptedStore()): Call {
    const call: Call = deployable({ wait: 1 })(store, (id) => work(call, id));
    return call;
  }

  it('for its own key is refused at once with a ReentrantCallError, and the method goes on', async () => {
    const store = new ScriptedStore();
    const call = recursive(async (again, id) => {
      const error = await rejection(again(id));
      expect(error).to.be.instanceOf(ReentrantCallError);
      expect(error).to.include({ code: 'ERR_IDEMPOTENCY_REENTRANT', statusCode: 500 });
      return 'done';
    }, store);
    expect(await call('a')).to.equal('done');
    expect(store.calls.map(({ step }) => step)).to.deep.equal(['claim', 'replace']);
  });

  it('is refused after awaits and in timers of the run as well', async () => {
    const call = recursive(async (again, id) => {
      await new Promise((resolve) => setImmediate(resolve));
      await Promise.resolve();
      const inTimer = new Promise((resolve) => setTimeout(() => resolve(rejection(again(id))), 1));
      return (await inTimer) instanceof ReentrantCallError;
    });
    expect(await call('a')).to.equal(true);
  });

  it('is refused when nested through other operations', async () => {
    const store = new InMemoryStore();
    const outer: Call = deployable()(store, (id) => middle(id));
    const middle: Call = deployable()(store, (id) => inner(id));
    const inner: Call = deployable()(store, (id) => outer(id));
    expect(await rejection(outer('a'))).to.be.instanceOf(ReentrantCallError);
  });

  it('is refused when nested through an operation in another store', async () => {
    const outer: Call = deployable()(new InMemoryStore(), (id) => middle(id));
    const middle: Call = deployable()(new InMemoryStore(), (id) => outer(id));
    expect(await rejection(outer('a'))).to.be.instanceOf(ReentrantCallError);
  });

  it('is refused when it is one of several calls at once', async () => {
    const call = recursive(async (again, id) => {
      const ends = await Promise.allSettled([again(id), again('b'), again(id)]);
      return ends.map(({ status }) => status);
    });
    const other = recursive(async (again, id) => (id === 'a' ? Promise.all([again('b'), again('c')]) : id));
    expect(await other('a')).to.deep.equal(['b', 'c']);
    const nested = await call('a');
    expect(nested).to.deep.include.members(['rejected', 'fulfilled']);
  });

  it('for another key works, at any depth', async () => {
    const call = recursive(async (again, id) => (id.length < 4 ? `${await again(`${id}a`)}!` : 'end'));
    expect(await call('a')).to.equal('end!!!');
  });

  it('of another operation with the same argument works', async () => {
    const store = new InMemoryStore();
    const inner = makeIdempotent(async (id: string) => `inner ${id}`, { name: 'inner of reentrancy', store });
    const outer = makeIdempotent(async (id: string) => `outer, ${await inner(id)}`, {
      name: 'outer of reentrancy',
      store,
    });
    expect(await outer('a')).to.equal('outer, inner a');
  });

  it('of a method that calls itself by `this` is refused too', async () => {
    class RecursiveLedger {
      @Idempotent({ store: new InMemoryStore() })
      async post(id: string): Promise<string> {
        return this.post(id);
      }
    }
    expect(await rejection(new RecursiveLedger().post('a'))).to.be.instanceOf(ReentrantCallError);
  });

  it('from outside waits for the run meanwhile, as always', async () => {
    const end = defer<string>();
    const call = recursive(() => end.promise);
    const calls = [call('a'), call('a')];
    end.resolve('done');
    expect(await Promise.all(calls)).to.deep.equal(['done', 'done']);
  });

  it('is an ordinary call once the run has ended: a callback that still runs gets the outcome', async () => {
    const left = defer();
    const answer = defer<unknown>();
    let runs = 0;
    const call = recursive(async (again, id) => {
      runs += 1;
      void left.promise.then(() => again(id)).then(answer.resolve, answer.resolve);
      return 'done';
    });
    expect(await call('a')).to.equal('done');
    left.resolve();
    expect(await answer.promise).to.equal('done');
    expect(runs).to.equal(1);
  });

  it('is an ordinary call once the run has failed: a callback that still runs calls the method again', async () => {
    const left = defer();
    const answer = defer<unknown>();
    let runs = 0;
    const call = recursive(async (again, id) => {
      runs += 1;
      if (runs > 1) return 'second';
      void left.promise.then(() => again(id)).then(answer.resolve, answer.resolve);
      throw new Error('no');
    });
    await rejection(call('a'));
    left.resolve();
    expect(await answer.promise).to.equal('second');
  });

  it('does not change the outcome of the run where its error is caught or ignored', async () => {
    let runs = 0;
    const call = recursive(async (again, id) => {
      runs += 1;
      await again(id).catch(() => {});
      return runs;
    });
    expect([await call('a'), await call('a')]).to.deep.equal([1, 1]);
  });
});
