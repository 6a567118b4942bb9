import { expect } from 'chai';
import { InProgressError } from 'retrysafe';
import { type Deferred, defer } from '../../support/defer.js';
import { crash, deployable, restOfTurn } from '../../support/deployment.js';
import { rejection } from '../../support/rejection.js';
import { ScriptedStore } from '../../support/scripted-store.js';
import { fakeTime } from '../../support/time.js';

describe('many duplicates in one process', () => {
  const size = 200;
  let clock: ReturnType<typeof fakeTime>;
  let store: ScriptedStore;
  let peer: ScriptedStore;
  let operation: ReturnType<typeof deployable>;
  let end: Deferred<string>;

  beforeEach(() => {
    clock = fakeTime();
    store = new ScriptedStore();
    peer = store.peer();
    operation = deployable({ wait: 10, lease: 30, clockTolerance: 1 });
    end = defer();
  });

  afterEach(() => {
    clock.restore();
  });

  const runElsewhere = async () => {
    operation(store, () => end.promise)('a').catch(() => {});
    await restOfTurn();
  };

  /** Makes calls, one every so many milliseconds, and lets time pass. */
  async function arrive(calls: number, every: number, wait: number, time: number) {
    const call = operation(peer, async () => 'ran here', { wait });
    const ends = { answers: new Map<unknown, number>(), refused: 0, others: [] as unknown[] };
    for (let i = 0; i < calls; i += 1) {
      setTimeout(() => {
        call('a').then(
          (answer) => ends.answers.set(answer, (ends.answers.get(answer) ?? 0) + 1),
          (error: unknown) => {
            if (error instanceof InProgressError) ends.refused += 1;
            else ends.others.push(error);
          },
        );
      }, i * every);
    }
    await clock.tickAsync(time);
    return ends;
  }

  /** The most store calls of the crowd that were made within one second. */
  function busiestSecond(): number {
    const seconds = new Map<number, number>();
    for (const { at } of peer.calls) {
      const second = Math.floor(at / 1_000);
      seconds.set(second, (seconds.get(second) ?? 0) + 1);
    }
    return Math.max(...seconds.values());
  }

  it('of a run elsewhere call the store as one, while they wait', async () => {
    await runElsewhere();
    const ends = await arrive(size, 45, 10, 9_900);
    expect(ends.refused).to.equal(0);
    // Two reads at the beginning, then one each second, and some more for their jitter.
    expect(peer.count()).to.be.within(8, 25);
    end.resolve('ran there');
    await clock.tickAsync(1_000);
    expect(Object.fromEntries(ends.answers)).to.deep.equal({ 'ran there': size });
  });

  it('follow the next one when the wait of the first is over', async () => {
    await runElsewhere();
    const ends = await arrive(size, 45, 10, 25_000);
    expect(ends).to.deep.include({ refused: size, others: [] });
    // Each calls the store itself when its own wait ends, and not before.
    expect(peer.count('claim')).to.be.at.most(2 * size);
    expect(peer.count('find')).to.be.below(size + 25);
    // 22 waits end in a second.
    expect(busiestSecond()).to.be.below(80);
  });

  it('get the outcome of a run that ends after the first of them were refused', async () => {
    await runElsewhere();
    const ends = await arrive(size, 45, 10, 14_000);
    end.resolve('ran there');
    await clock.tickAsync(2_000);
    expect(ends.others).to.deep.equal([]);
    expect(ends.refused).to.be.within(80, 100);
    expect(ends.answers.get('ran there')).to.equal(size - ends.refused);
    expect(busiestSecond()).to.be.below(80);
  });

  it('that wait for different times are refused each in its own', async () => {
    await runElsewhere();
    const refusedAfter: Record<number, number[]> = {};
    for (const wait of [0, 2, 5, 10]) {
      const call = operation(peer, async () => 'ran here', { wait });
      for (let i = 0; i < 25; i += 1) {
        const from = Date.now();
        call('a').catch(() => {
          const times = refusedAfter[wait] ?? [];
          refusedAfter[wait] = [...times, Date.now() - from];
        });
      }
    }
    await clock.tickAsync(15_000);
    for (const wait of [0, 2, 5, 10]) {
      expect(refusedAfter[wait], `wait ${wait}`).to.have.length(25);
      for (const time of refusedAfter[wait] ?? []) expect(time).to.be.within(wait * 1_000, wait * 1_000 + 50);
    }
    expect(peer.count('find')).to.be.below(60);
    expect(peer.count('claim')).to.be.at.most(2 * 100);
  });

  it('that wait for different times all get the outcome at once, where it comes in time', async () => {
    await runElsewhere();
    const calls = [2, 5, 10, 10, 5, 2].map((wait) =>
      operation(peer, async () => 'ran here', { wait })('a').catch((error: unknown) => error),
    );
    await clock.tickAsync(3_000);
    end.resolve('ran there');
    await clock.tickAsync(1_100);
    const ends = await Promise.all(calls);
    expect(ends.filter((one) => one instanceof InProgressError)).to.have.length(2);
    expect(ends.filter((one) => one === 'ran there')).to.have.length(4);
  });

  it('of a run that fails elsewhere run one after the other, with a few store calls each', async () => {
    await runElsewhere();
    let [now, most, runs] = [0, 0, 0];
    const failing = operation(peer, async () => {
      runs += 1;
      now += 1;
      most = Math.max(most, now);
      await new Promise((resolve) => setTimeout(resolve, 5));
      now -= 1;
      throw new Error('declined here');
    });
    const calls = Array.from({ length: 50 }, () => failing('a').catch((error: unknown) => error));
    await clock.tickAsync(1_000);
    end.reject(new Error('declined there'));
    await clock.tickAsync(5_000);
    for (const error of await Promise.all(calls)) expect(error).to.have.property('message', 'declined here');
    expect({ runs, most }).to.deep.equal({ runs: 50, most: 1 });
    expect(peer.count()).to.be.below(50 * 4 + 25);
  });

  it('of an abandoned key call the recovery function one at a time', async () => {
    await crash(operation, store, 'a');
    await clock.tickAsync(32_000);
    let [now, most] = [0, 0];
    const onAbandoned = async () => {
      now += 1;
      most = Math.max(most, now);
      await new Promise((resolve) => setTimeout(resolve, 10));
      now -= 1;
      throw new Error('unknown');
    };
    const asking = operation(peer, async () => 'ran', { onAbandoned });
    const calls = Array.from({ length: 50 }, () => rejection(asking('a')));
    await clock.tickAsync(20_000);
    for (const error of await Promise.all(calls)) expect(error).to.have.property('message', 'unknown');
    expect(most).to.equal(1);
    expect(peer.count()).to.be.below(50 * 5);
  });
});
