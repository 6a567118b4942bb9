import { expect } from 'chai';
import { InProgressError, StoreError } from 'retrysafe';
import sinon from 'sinon';
import { type Deferred, defer } from '../../support/defer.js';
import { deployable, restOfTurn } from '../../support/deployment.js';
import { NotifyingStore } from '../../support/notifying-store.js';
import { type CaughtWarnings, catchWarnings } from '../../support/process-warnings.js';
import { rejection } from '../../support/rejection.js';
import { ScriptedStore } from '../../support/scripted-store.js';
import { fakeTime } from '../../support/time.js';
import { unhandledDuring } from '../../support/unhandled-rejections.js';

describe('waiting with a store that gives notices', () => {
  let clock: ReturnType<typeof fakeTime>;
  let warnings: CaughtWarnings;
  let store: NotifyingStore;
  let peer: NotifyingStore;

  beforeEach(() => {
    clock = fakeTime();
    warnings = catchWarnings();
    store = new NotifyingStore();
    peer = store.peer();
  });

  afterEach(() => {
    // However a call ended, nothing of it is left.
    expect(clock.countTimers(), 'timers').to.equal(0);
    expect(store.listening, 'listeners').to.equal(0);
    for (const signal of [...store.asked, ...peer.asked])
      expect(signal.aborted, 'the store was told to stop').to.equal(true);
    sinon.restore();
    clock.restore();
  });

  /** A run in this process, which the spec ends, and a duplicate in another that waits for it. */
  async function waiting(more = {}, elsewhere: ScriptedStore = peer) {
    const operation = deployable({ wait: 60, lease: 600, ...more });
    const end: Deferred<unknown> = defer();
    const run = operation(store, () => end.promise)('a');
    run.catch(() => {});
    await restOfTurn();
    const duplicate = track(operation(elsewhere, async () => 'ran again')('a'));
    await restOfTurn();
    return { operation, end, run, duplicate };
  }

  /** A call, and how it ended as soon as it did. */
  function track(call: Promise<unknown>) {
    const from = Date.now();
    const ended: { value?: unknown; error?: unknown; after?: number } = {};
    const done = call.then(
      (value) => Object.assign(ended, { value, after: Date.now() - from }),
      (error: unknown) => Object.assign(ended, { error, after: Date.now() - from }),
    );
    return { ended, done };
  }

  /** When a store was read, in milliseconds from `from`. */
  function reads(from: number, at: ScriptedStore = peer): number[] {
    return at.calls.filter(({ step }) => step === 'find').map((read) => read.at - from);
  }

  function gaps(times: readonly number[]): number[] {
    return times.slice(1).map((time, index) => time - (times[index] as number));
  }

  it('a duplicate gets the outcome in the turn in which it is recorded, without reads in between', async () => {
    const { end, run, duplicate } = await waiting();
    expect(peer.count('find'), 'a read when it began to listen').to.equal(1);
    await clock.tickAsync(990);
    expect(peer.count('find')).to.equal(1);
    end.resolve('done');
    await run;
    await restOfTurn();
    expect(duplicate.ended).to.deep.equal({ value: 'done', after: 990 });
    expect(peer.count('find')).to.equal(2);
  });

  it('a duplicate of a run that ends at once gets the outcome in the same turn, too', async () => {
    const { end, duplicate } = await waiting();
    end.resolve('done');
    await restOfTurn();
    expect(duplicate.ended).to.deep.equal({ value: 'done', after: 0 });
  });

  it('a duplicate takes over and runs in the turn in which the key is released', async () => {
    const { end, duplicate } = await waiting();
    await clock.tickAsync(500);
    end.reject(new Error('no'));
    await restOfTurn();
    expect(duplicate.ended).to.deep.equal({ value: 'ran again', after: 500 });
  });

  it('duplicates of one process listen once, and all get the outcome', async () => {
    const { operation, end, duplicate } = await waiting();
    const asked = peer.asked.length;
    const others = [1, 2, 3].map(() => track(operation(peer, async () => 'ran again')('b')));
    await Promise.all(others.map(({ done }) => done));
    const more = [1, 2, 3].map(() => track(operation(peer, async () => 'ran again')('a')));
    await clock.tickAsync(500);
    expect(peer.asked).to.have.length(asked);
    end.resolve('done');
    await restOfTurn();
    for (const { ended } of [duplicate, ...more]) expect(ended.value).to.equal('done');
  });

  it('misses nothing that happens between its claim and the moment when it listens', async () => {
    const begins = defer();
    peer.beginning = begins.promise;
    const { end, run, duplicate } = await waiting();
    end.resolve('done');
    await run;
    expect(store.listening).to.equal(0);
    begins.resolve();
    await restOfTurn();
    expect(duplicate.ended).to.deep.equal({ value: 'done', after: 0 });
  });

  it('misses nothing that happens while it reads an older record', async () => {
    const { end, run, duplicate } = await waiting();
    peer.next('find', async (apply) => {
      const before = await apply();
      end.resolve('done');
      await run;
      return before;
    });
    await clock.tickAsync(500);
    store.cryWolf();
    await restOfTurn();
    expect(duplicate.ended).to.deep.equal({ value: 'done', after: 500 });
  });

  it('a runner that lost its claim is told of the outcome of the call that took over', async () => {
    const operation = deployable({ lease: 6, clockTolerance: 1, wait: 10 });
    const [first, second] = [defer<unknown>(), defer<unknown>()];
    const late = track(operation(store.always('replace', 'fail'), () => first.promise)('a'));
    await clock.tickAsync(7_000);
    const successor = track(operation(peer, () => second.promise)('a'));
    await restOfTurn();
    store.heal();
    first.resolve('first');
    await restOfTurn();
    expect(store.count('find'), 'a read when it began to listen').to.equal(1);
    await clock.tickAsync(900);
    expect(store.count('find')).to.equal(1);
    second.resolve('second');
    await restOfTurn();
    expect([late.ended, successor.ended]).to.deep.equal([
      { value: 'second', after: 7_900 },
      { value: 'second', after: 900 },
    ]);
  });

  describe('polling', () => {
    for (const [random, name] of [
      [0, 'shortest'],
      [0.999_999, 'longest'],
    ] as const) {
      it(`goes on at its pace until the store listens, and then every one to two seconds (${name} jitter)`, async () => {
        sinon.stub(Math, 'random').returns(random);
        const begins = defer();
        peer.beginning = begins.promise;
        const from = Date.now();
        const { end, duplicate } = await waiting({ wait: 120 });
        await clock.tickAsync(30_000);
        const early = reads(from);
        expect(Math.max(...gaps(early))).to.be.at.most(1_000);
        expect(early[0]).to.be.at.most(50);
        begins.resolve();
        await clock.tickAsync(30_000);
        const late = reads(from).filter((at) => at > 30_000);
        expect(Math.min(...gaps(late))).to.be.at.least(random === 0 ? 1_000 : 1_999);
        expect(Math.max(...gaps(late))).to.be.at.most(random === 0 ? 1_001 : 2_000);
        expect(late.at(-1), 'to the end').to.be.at.least(58_000);
        end.resolve('done');
        await duplicate.done;
      });
    }

    it('finds an outcome within two seconds where its notice was lost', async () => {
      const { end, duplicate } = await waiting();
      await clock.tickAsync(5_432);
      store.loseNotices();
      end.resolve('done');
      await clock.tickAsync(2_000);
      expect(duplicate.ended.value).to.equal('done');
    });
  });

  describe('notices that lead to nothing', () => {
    it('are followed where the lease was renewed, without another claim', async () => {
      const from = Date.now();
      const { end, duplicate } = await waiting({ lease: 3 });
      await clock.tickAsync(10_000);
      expect(peer.count('claim')).to.equal(1);
      expect(reads(from)).to.include.members([1_000, 2_000, 3_000, 9_000]);
      end.resolve('done');
      await restOfTurn();
      expect(duplicate.ended).to.deep.equal({ value: 'done', after: 10_000 });
    });

    for (const [name, instead] of [
      ['at once', () => Promise.resolve()],
      ['a millisecond later', () => new Promise<void>((resolve) => setTimeout(resolve, 1))],
    ] as const) {
      it(`cause at most one read every 20 ms, though one comes ${name} and always`, async () => {
        peer.instead = instead;
        const from = Date.now();
        const { end, duplicate } = await waiting({ wait: '1210ms' });
        await clock.tickAsync(1_000);
        const times = reads(from);
        expect(times.length).to.be.within(45, 53);
        // One read may follow the first at once, when the store began to listen.
        expect(Math.min(...gaps(times.slice(2)))).to.be.at.least(20);
        // It ends to the millisecond, though a read would be due 10 ms later.
        await clock.tickAsync(210);
        expect(duplicate.ended.error).to.be.instanceOf(InProgressError);
        expect(duplicate.ended.after).to.equal(1_210);
        end.resolve('done');
        await clock.tickAsync(1);
      });
    }

    it('do not delay the outcome', async () => {
      peer.instead = () => Promise.resolve();
      const { end, duplicate } = await waiting();
      await clock.tickAsync(5_000);
      end.resolve('done');
      await clock.tickAsync(20);
      expect(duplicate.ended.value).to.equal('done');
    });
  });

  describe('where the store cannot listen', () => {
    const never = () => new Promise<void>(() => {});
    for (const [name, instead, warned] of [
      ['rejects', () => Promise.reject(new Error('no connection')), 1],
      [
        'rejects later',
        async (_signal: AbortSignal) => {
          await new Promise((resolve) => setTimeout(resolve, 100));
          throw new Error('no connection');
        },
        1,
      ],
      [
        'throws',
        () => {
          throw new Error('no connection');
        },
        1,
      ],
      ['never says so', never, 0],
    ] as const) {
      it(`a call polls at its pace when \`changed\` ${name}, with ${warned ? 'one warning for each operation' : 'no warning'}`, async () => {
        sinon.stub(Math, 'random').returns(0);
        peer.instead = instead;
        const unhandled = await unhandledDuring(async () => {
          const from = Date.now();
          const { operation, end, duplicate } = await waiting();
          const plain = new ScriptedStore(store.inner);
          const other = track(operation(plain, async () => 'ran again')('a'));
          const second = track(operation(store.peer(), async () => 'b')('b'));
          await clock.tickAsync(20_000);
          expect(reads(from)).to.deep.equal(reads(from, plain));
          const again = operation(Object.assign(store.peer(), { instead }), async () => 'ran again');
          const third = track(again('a'));
          await clock.tickAsync(1_000);
          end.resolve('done');
          await clock.tickAsync(1_000);
          await Promise.all([duplicate, other, second, third].map(({ done }) => done));
          expect([duplicate, other, third].map(({ ended }) => ended.value)).to.deep.equal(
            Array(3).fill('done'),
          );
        });
        expect(unhandled).to.deep.equal([]);
        const texts = warnings.texts('RETRYSAFE_NOTICES');
        expect(texts).to.have.length(warned);
        for (const text of texts) expect(text).to.match(/^deployed operation \d+: .*check the connection/);
      });
    }

    it('any more, a call reads at once, and then polls at its pace', async () => {
      sinon.stub(Math, 'random').returns(0);
      const fails = defer();
      let asks = 0;
      peer.instead = () => {
        asks += 1;
        return asks === 1 ? Promise.resolve() : fails.promise;
      };
      const from = Date.now();
      const { end, duplicate } = await waiting();
      await clock.tickAsync(300);
      fails.reject(new Error('the connection ended'));
      await clock.tickAsync(1_000);
      expect(reads(from)).to.deep.equal([0, 300, 350, 450, 650, 1_050]);
      expect(warnings.texts('RETRYSAFE_NOTICES')).to.have.length(1);
      end.resolve('done');
      await clock.tickAsync(1_000);
      expect(duplicate.ended.value).to.equal('done');
    });

    for (const [name, late] of [
      ['resolves', () => Promise.resolve()],
      ['rejects', () => Promise.reject(new Error('aborted'))],
    ] as const) {
      it(`nothing comes of it when \`changed\` ${name} after the wait is over`, async () => {
        const over = defer();
        peer.instead = () => over.promise.then(late);
        const unhandled = await unhandledDuring(async () => {
          const { end, run, duplicate } = await waiting();
          end.resolve('done');
          await run;
          await clock.tickAsync(1_000);
          expect(duplicate.ended.value).to.equal('done');
          const before = peer.count();
          over.resolve();
          await clock.tickAsync(5_000);
          expect(peer.count()).to.equal(before);
          expect(peer.asked).to.have.length(1);
        });
        expect(unhandled).to.deep.equal([]);
        expect(warnings.texts('RETRYSAFE_NOTICES')).to.deep.equal([]);
      });
    }
  });

  describe('the store is told to stop listening', () => {
    it('when the wait is over', async () => {
      const { end, duplicate } = await waiting({ wait: 3 });
      expect(peer.asked[0]?.aborted).to.equal(false);
      await clock.tickAsync(3_000);
      expect(duplicate.ended.error).to.be.instanceOf(InProgressError);
      expect(duplicate.ended.after).to.equal(3_000);
      expect(peer.asked[0]?.aborted).to.equal(true);
      end.resolve('done');
      await restOfTurn();
    });

    it('when the call ends by an error', async () => {
      const { end, duplicate } = await waiting();
      peer.always('replace', 'fail');
      await clock.tickAsync(500);
      end.reject(new Error('no'));
      await restOfTurn();
      expect(duplicate.ended.error).to.be.instanceOf(StoreError);
    });

    it('when the lease of a dead runner lapses, which causes no notice', async () => {
      const { end, duplicate } = await waiting({ lease: 6, clockTolerance: 1 });
      store.always('replace', 'hang');
      await clock.tickAsync(6_999);
      expect(duplicate.ended).to.deep.equal({});
      await clock.tickAsync(1);
      expect(duplicate.ended).to.deep.equal({ value: 'ran again', after: 7_000 });
      store.heal();
      end.resolve('done');
      await clock.tickAsync(10_000);
    });
  });

  it('a store without notices is polled as before', async () => {
    sinon.stub(Math, 'random').returns(0);
    const plain = new ScriptedStore(store.inner);
    const from = Date.now();
    const { end, duplicate } = await waiting({}, plain);
    await clock.tickAsync(2_000);
    expect(reads(from, plain)).to.deep.equal([25, 75, 175, 375, 775, 1_275, 1_775]);
    end.resolve('done');
    await clock.tickAsync(1_000);
    expect(await rejection(duplicate.done.then(() => Promise.reject(duplicate.ended.value)))).to.equal(
      'done',
    );
  });
});
