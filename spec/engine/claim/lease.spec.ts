import { execFile } from 'node:child_process';
import { expect } from 'chai';
import { ClaimLostError, currentExecution, InProgressError } from 'retrysafe';
import { defer } from '../../support/defer.js';
import { deployable, restOfTurn, standing } from '../../support/deployment.js';
import { rejection } from '../../support/rejection.js';
import { ScriptedStore } from '../../support/scripted-store.js';
import { fakeTime } from '../../support/time.js';

const start = Date.UTC(2026, 0, 1);

function leaseUntil(record: Awaited<ReturnType<typeof standing>>): number {
  return record?.state.status === 'in-progress' ? record.state.leaseUntil - start : Number.NaN;
}

function sendTimes(store: ScriptedStore, step: 'claim' | 'replace'): number[] {
  return store.calls.filter((made) => made.step === step).map(({ at }) => at - start);
}

describe('a claim and its lease', () => {
  let clock: ReturnType<typeof fakeTime>;
  let store: ScriptedStore;

  beforeEach(() => {
    clock = fakeTime(start);
    store = new ScriptedStore();
  });

  afterEach(() => {
    clock.restore();
  });

  it('a method that runs for ten leases keeps its claim', async () => {
    const operation = deployable({ lease: 6 });
    const end = defer<string>();
    let signal: AbortSignal | undefined;
    const call = operation(store, () => {
      signal = currentExecution().signal;
      return end.promise;
    })('a');
    await clock.tickAsync(1);
    for (let second = 0; second < 60; second += 1) {
      expect(leaseUntil(await standing(store)), `lease at ${second} s`).to.be.at.least(
        second * 1_000 + 4_000,
      );
      await clock.tickAsync(1_000);
    }
    expect(signal?.aborted).to.equal(false);
    end.resolve('done');
    expect(await call).to.equal('done');
    expect((await standing(store))?.state.status).to.equal('completed');
  });

  it('a duplicate that arrives in the ninth lease waits for the outcome', async () => {
    const operation = deployable({ lease: 6 });
    const end = defer<string>();
    const call = operation(store, () => end.promise)('a');
    await clock.tickAsync(50_000);
    let runs = 0;
    const duplicate = operation(store.peer(), async () => ++runs)('a');
    await clock.tickAsync(4_000);
    end.resolve('done');
    await clock.tickAsync(1_000);
    expect(await Promise.all([call, duplicate])).to.deep.equal(['done', 'done']);
    expect(runs).to.equal(0);
  });

  it('a duplicate that arrives in the ninth lease and does not wait is refused', async () => {
    const operation = deployable({ lease: 6 });
    void operation(store, () => new Promise(() => {}))('a');
    await clock.tickAsync(50_000);
    const duplicate = operation(store.peer(), async () => 'again', { wait: 0 })('a');
    expect(await rejection(duplicate)).to.be.instanceOf(InProgressError);
  });

  it('a lease is renewed every third of it', async () => {
    void deployable({ lease: 6 })(store, () => new Promise(() => {}))('a');
    await clock.tickAsync(13_000);
    expect(sendTimes(store, 'replace')).to.deep.equal([2_000, 4_000, 6_000, 8_000, 10_000, 12_000]);
    expect(leaseUntil(await standing(store))).to.equal(18_000);
  });

  it('renewals are timed from the end of the lease, however late the responses are', async () => {
    const late = async (apply: () => Promise<unknown>) => {
      const answer = await apply();
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      return answer;
    };
    store.always('claim', late).always('replace', late);
    void deployable({ lease: 6 })(store, () => new Promise(() => {}))('a');
    await clock.tickAsync(9_000);
    expect(sendTimes(store, 'replace')).to.deep.equal([2_000, 4_000, 6_000, 8_000]);
  });

  it('a renewal that fails is tried again well before the lease ends', async () => {
    const operation = deployable({ lease: 6 });
    const end = defer<string>();
    const call = operation(store.next('replace', 'fail', 'fail', 'fail'), () => end.promise)('a');
    await clock.tickAsync(5_999);
    expect(leaseUntil(await standing(store))).to.be.greaterThan(6_000);
    await clock.tickAsync(10_000);
    end.resolve('done');
    expect(await call).to.equal('done');
  });

  it('nothing is sent to the store after a call ended', async () => {
    expect(await deployable({ lease: 6 })(store, async () => 'done')('a')).to.equal('done');
    const calls = store.count();
    await clock.tickAsync(60_000);
    expect(store.count()).to.equal(calls);
  });

  describe('no timer is left', () => {
    const ended = () => expect(clock.countTimers(), 'timers left').to.equal(0);

    it('after a call succeeds, nor after its replay', async () => {
      const operation = deployable()(store, async () => 'done');
      await operation('a');
      ended();
      await operation('a');
      ended();
    });

    it('after a call fails', async () => {
      await rejection(deployable()(store, async () => Promise.reject(new Error('no')))('a'));
      ended();
    });

    it('after a method that was renewed and joined ends', async () => {
      const end = defer<string>();
      const operation = deployable({ lease: 6 })(store, () => end.promise);
      const calls = [operation('a'), operation('a'), operation('a')];
      await clock.tickAsync(9_000);
      end.resolve('done');
      await Promise.all(calls);
      ended();
    });

    it('after a duplicate is refused, at once or when its wait is over', async () => {
      const operation = deployable({ lease: 600 });
      void operation(store, () => new Promise(() => {}))('a');
      await clock.tickAsync(0);
      const running = clock.countTimers();
      await rejection(operation(store.peer(), async () => 'again', { wait: 0 })('a'));
      expect(clock.countTimers()).to.equal(running);
      const polling = rejection(operation(store.peer(), async () => 'again', { wait: 5 })('a'));
      const joined = rejection(operation(store, async () => 'again', { wait: 5 })('a'));
      await clock.tickAsync(6_000);
      expect(await polling).to.be.instanceOf(InProgressError);
      expect(await joined).to.be.instanceOf(InProgressError);
      expect(clock.countTimers()).to.equal(running);
    });

    it('after a waiting duplicate got the outcome from another process', async () => {
      const operation = deployable({ lease: 6 });
      const end = defer<string>();
      const calls = [
        operation(store, () => end.promise)('a'),
        operation(store.peer(), async () => 'again')('a'),
      ];
      await clock.tickAsync(3_000);
      end.resolve('done');
      await clock.tickAsync(1_000);
      expect(await Promise.all(calls)).to.deep.equal(['done', 'done']);
      ended();
    });

    it('after a call that lost its lease ends', async () => {
      const operation = deployable({ lease: 6, clockTolerance: 1 });
      const end = defer<string>();
      const call = operation(store.always('replace', 'fail'), () => end.promise)('a');
      await clock.tickAsync(7_000);
      await operation(store.peer(), async () => 'second')('a');
      store.heal();
      end.resolve('first');
      expect(await call).to.equal('second');
      ended();
    });

    it('after the claim failed', async () => {
      await rejection(deployable()(store.always('claim', 'fail'), async () => 'done')('a'));
      ended();
    });
  });
});

/** Runs a script in a process of its own. Returns how long the process ran after it printed something. */
const run = (script: string) =>
  new Promise<{ readonly code: number | string | null; readonly output: string; readonly livedOn: number }>(
    (resolve) => {
      let from = Number.NaN;
      const text = `import { makeIdempotent } from ${JSON.stringify(import.meta.resolve('retrysafe'))};\n${script}`;
      const child = execFile(
        process.execPath,
        ['--input-type=module', '--eval', text],
        { timeout: 8_000 },
        (error, output) => {
          resolve({
            code: error ? (error.code ?? error.signal ?? null) : 0,
            output,
            livedOn: performance.now() - from,
          });
        },
      );
      child.stdout?.once('data', () => {
        from = performance.now();
      });
    },
  );

describe('a process with a claim', () => {
  it('ends by itself while a method hangs: no timer of ours keeps it alive', async function () {
    this.timeout(10_000);
    const { code, output, livedOn } = await run(
      `const hang = makeIdempotent(async () => { console.log('running'); await new Promise(() => {}); }, { name: 'hang' });
       hang('a');`,
    );
    expect(output).to.equal('running\n');
    expect(code).to.equal(0);
    expect(livedOn).to.be.lessThan(6_000);
  });

  it('ends by itself while a renewal gets no response', async function () {
    this.timeout(10_000);
    const { code, output, livedOn } = await run(
      `const store = {
         claim: async (record) => record,
         replace: () => { console.log('renewing'); return new Promise(() => {}); },
         find: async () => undefined,
       };
       const hang = makeIdempotent(() => new Promise(() => {}), { name: 'hang', store, lease: 30 });
       const realSetTimeout = globalThis.setTimeout;
       // Brings the first renewal forward, and the timer of the claim that is left before it; all else keeps its length.
       let broughtForward = 0;
       globalThis.setTimeout = (run, delay, ...rest) =>
         realSetTimeout(run, delay > 4_000 && ++broughtForward <= 2 ? 10 : delay, ...rest);
       hang('a');
       realSetTimeout(() => { globalThis.setTimeout = realSetTimeout; }, 100);`,
    );
    expect(output).to.equal('renewing\n');
    expect(code).to.equal(0);
    expect(livedOn).to.be.lessThan(4_000);
  });
});

describe('a process with a caller that waits', () => {
  it('stays alive until that caller has its result, even where nothing else keeps it alive', async function () {
    this.timeout(10_000);
    const { code, output } = await run(
      `import { InMemoryStore } from ${JSON.stringify(import.meta.resolve('retrysafe'))};
       const records = new InMemoryStore();
       const peer = () => ({
         claim: (record, now) => records.claim(record, now),
         replace: (record, token) => records.replace(record, token),
         find: (key) => records.find(key),
       });
       const options = { name: 'hang', wait: '300ms' };
       void makeIdempotent(() => new Promise(() => {}), { ...options, store: peer() })('a');
       const refused = await makeIdempotent(async () => {}, { ...options, store: peer() })('a').catch((error) => error);
       console.log(refused.name);`,
    );
    expect(output).to.equal('InProgressError\n');
    expect(code).to.equal(0);
  });
});

describe('the end of renewal', () => {
  let clock: ReturnType<typeof fakeTime>;
  let store: ScriptedStore;

  beforeEach(() => {
    clock = fakeTime(start);
    store = new ScriptedStore();
  });

  afterEach(() => {
    clock.restore();
  });

  function watched(): {
    readonly work: () => Promise<unknown>;
    signal: AbortSignal;
    readonly end: (value: unknown) => void;
  } {
    const end = defer<unknown>();
    const watching = {
      signal: new AbortController().signal,
      end: end.resolve,
      work: () => {
        watching.signal = currentExecution().signal;
        return end.promise;
      },
    };
    return watching;
  }

  it('renewFor aborts the signal, says why, and stops renewal', async () => {
    const method = watched();
    void deployable({ lease: 6, renewFor: 15 })(store, method.work)('a');
    await clock.tickAsync(14_999);
    expect(method.signal.aborted).to.equal(false);
    await clock.tickAsync(1);
    expect(method.signal.aborted).to.equal(true);
    expect(method.signal.reason).to.be.instanceOf(ClaimLostError);
    expect((method.signal.reason as ClaimLostError).message).to.match(/not renewed any longer/);
    const sent = store.count('replace');
    await clock.tickAsync(60_000);
    expect(store.count('replace')).to.equal(sent);
  });

  it('after renewFor the lease runs out and another call takes over', async () => {
    const method = watched();
    const operation = deployable({ lease: 6, renewFor: 15, clockTolerance: 1, wait: 0 });
    const call = operation(store, method.work)('a');
    await clock.tickAsync(15_000);
    const lapsesAt = leaseUntil(await standing(store));
    expect(lapsesAt).to.be.within(15_000, 16_000);
    await clock.tickAsync(lapsesAt - 15_000 + 999);
    const other = operation(store.peer(), async () => 'second');
    expect(await rejection(other('a'))).to.be.instanceOf(InProgressError);
    await clock.tickAsync(1);
    expect(await other('a')).to.equal('second');
    method.end('first');
    expect(await call).to.equal('second');
  });

  it('a renewFor as long as the lease renews nothing', async () => {
    const method = watched();
    void deployable({ lease: 6, renewFor: 6 })(store, method.work)('a');
    await clock.tickAsync(6_000);
    expect(store.count('replace')).to.equal(0);
    expect(method.signal.aborted).to.equal(true);
  });

  it('a shorter remaining time of the Lambda invocation wins', async () => {
    const method = watched();
    const context = { awsRequestId: 'one', getRemainingTimeInMillis: () => 9_000 };
    const operation = deployable({ lease: 6, renewFor: 900, clockTolerance: 1, wait: 0 });
    void operation(store, method.work)('a', context);
    await clock.tickAsync(8_999);
    expect(leaseUntil(await standing(store))).to.equal(9_000);
    expect(method.signal.aborted).to.equal(false);
    const sent = store.count('replace');
    await clock.tickAsync(1);
    expect(method.signal.reason).to.be.instanceOf(ClaimLostError);
    await clock.tickAsync(1_000);
    expect(store.count('replace')).to.equal(sent);
    expect(await operation(store.peer(), async () => 'second')('a')).to.equal('second');
  });

  it('a longer remaining time of the Lambda invocation does not lengthen renewFor', async () => {
    const method = watched();
    const context = { awsRequestId: 'one', getRemainingTimeInMillis: () => 600_000 };
    void deployable({ lease: 6, renewFor: 15 })(store, method.work)('a', context);
    await clock.tickAsync(15_000);
    expect(method.signal.aborted).to.equal(true);
  });

  it('the signal of a method that ends in time never aborts', async () => {
    const method = watched();
    const call = deployable({ lease: 6, renewFor: 15 })(store, method.work)('a');
    await clock.tickAsync(3_000);
    method.end('done');
    await call;
    await restOfTurn();
    await clock.tickAsync(60_000);
    expect(method.signal.aborted).to.equal(false);
  });
});
