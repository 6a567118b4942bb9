import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import {
  ConfigurationError,
  currentExecution,
  Idempotent,
  InMemoryStore,
  makeIdempotent,
  type PersistenceStore,
} from 'retrysafe';
import {
  type CrashSetting,
  CrashTestError,
  type CrashTestOptions,
  crashTest,
  EffectFailedError,
} from 'retrysafe/testing';
import sinon from 'sinon';
import { rejection } from '../../support/rejection.js';

interface Hold {
  readonly key: string;
  readonly transactionId: string;
}

class PreFundService {
  constructor(
    readonly bank: { placeHold(key: string, transactionId: string): Promise<string> },
    readonly store: PersistenceStore,
    readonly handsKeyOn = true,
  ) {}

  @Idempotent({
    name: 'PreFund.placeHold',
    key: 'transactionId',
    store: (self: PreFundService) => self.store,
  })
  async placeHold(request: { readonly transactionId: string }): Promise<string> {
    requests += 1;
    const key = this.handsKeyOn ? currentExecution().deriveKey('hold') : `request ${requests}`;
    return this.bank.placeHold(key, request.transactionId);
  }
}

let requests = 0;

/** The story with which the project began: a hold that is placed twice where an answer was lost. */
function holds(
  handsKeyOn: boolean,
): CrashTestOptions<{ readonly service: PreFundService; readonly ledger: Hold[] }> {
  const place = ({ service }: { readonly service: PreFundService }) =>
    service.placeHold({ transactionId: 'T-1' });
  return {
    setUp: ({ store, effect }) => {
      requests = 0;
      const ledger: Hold[] = [];
      const placeHold = effect('bank.placeHold', (key: string, transactionId: string) => {
        if (!ledger.some((hold) => hold.key === key)) ledger.push({ key, transactionId });
        return `H-${ledger.length}`;
      });
      return { service: new PreFundService({ placeHold }, store, handsKeyOn), ledger };
    },
    calls: [place, place],
    invariant: ({ ledger }) => expect(ledger).to.have.length(1),
  };
}

const failureOf = async (options: CrashTestOptions<never>) => {
  const error = await rejection(crashTest(options));
  expect(error).to.be.instanceOf(CrashTestError);
  return error as CrashTestError;
};

describe('a crash test', function () {
  this.timeout(60_000);

  it('resolves to what it has tried where the invariant holds', async () => {
    const report = await crashTest(holds(true));
    expect(report.levels.map(({ faults }) => faults)).to.deep.equal([0, 1, 2]);
    expect(report.levels[1]?.histories).to.be.greaterThan(100);
    expect(report.levels[1]?.left).to.equal(0);
    expect(report.histories).to.equal(report.levels.reduce((sum, { histories }) => sum + histories, 0));
    expect(report.effects).to.include.keys('claim', 'replace', 'bank.placeHold');
    expect(report.endless).to.equal(0);
  });

  it('rejects with the message of the invariant, the story, and what would mend it', async () => {
    const { message, cause, failure } = await failureOf(holds(false) as never);
    expect((cause as Error).message).to.match(/to have a length of 1 but got 2/);
    expect(message.startsWith((cause as Error).message)).to.equal(true);
    const [first, ...more] = failure.story.map((line) => line.replace(/^[\d.]+ s: /, ''));
    expect(first).to.match(/^call 1 claimed the key PreFund\.placeHold#/);
    expect(more).to.include('the process of call 1 died before it learned of that');
    expect(more.filter((line) => line.includes('called bank.placeHold'))).to.have.length(2);
    expect(failure.diagnosis).to.match(/deriveKey\(…\) was not handed to bank\.placeHold/);
    expect(failure.mends[0]).to.match(/^Hand it currentExecution\(\)\.deriveKey/);
    expect(failure).not.to.have.property('diagram');
  });

  it('says that a call had no outcome, where its error never passes', async () => {
    const { failure } = await failureOf({
      setUp: () => {},
      calls: [
        () => {
          throw new RangeError('never');
        },
      ],
      invariant: (_made: unknown, [end]: readonly object[]) => expect(end).to.have.property('value'),
      deliveries: 3,
    } as never);
    expect(failure.diagnosis).to.match(/^Call 1 had no outcome after 3 deliveries: .*RangeError: never/);
    expect(failure.story.at(-1)).to.match(/^2 s: call 1 \(delivery 3\) ended with RangeError/);
    expect(failure.report.histories).to.equal(1);
  });

  it('blames no effect that has recognised its key', async () => {
    const { failure } = await failureOf({
      ...holds(true),
      setUp: ({ store, effect }: CrashSetting) => {
        let asked = 0;
        const placeHold = effect('bank.placeHold', (_key: string, _id: string) => {
          asked += 1;
          return 'H-1';
        });
        return { service: new PreFundService({ placeHold }, store), asked: () => asked };
      },
      invariant: ({ asked }: { readonly asked: () => number }) => expect(asked()).to.equal(1),
    } as never);
    expect(failure.diagnosis).to.match(/^No known pattern fits/);
    expect(failure.mends).to.deep.equal([]);
  });

  it('refuses to repeat the history of another test', async () => {
    for (const repeat of ['2:99', '999:1']) {
      const error = await rejection(crashTest({ ...holds(true), repeat }));
      expect(error).to.be.instanceOf(ConfigurationError);
      expect((error as Error).message).to.match(/option "repeat" has choice \d+ at step \d+/);
    }
  });

  it('finds the same with the same seed, and repeats it alone', async () => {
    const one = await failureOf(holds(false) as never);
    const other = await failureOf(holds(false) as never);
    expect(other.message).to.equal(one.message);
    const again = await failureOf({ ...holds(false), repeat: one.failure.repeat } as never);
    expect(again.failure.story).to.deep.equal(one.failure.story);
    expect(again.failure.report.histories).to.equal(0);
  });

  it('draws the history for Mermaid', async () => {
    const { failure, message } = await failureOf({ ...holds(false), diagram: true } as never);
    expect(failure.diagram).to.match(/^sequenceDiagram\n {2}participant P1 as call 1\n/);
    expect(failure.diagram).to.include('P1->>E1: bank.placeHold');
    expect(message).to.include('```mermaid');
  });

  it('looks at every moment where it is asked to', async () => {
    const { failure, message } = await failureOf({
      ...holds(true),
      invariant: () => {},
      always: ({ ledger }: { readonly ledger: Hold[] }) => expect(ledger).to.have.length(0),
    } as never);
    expect(message).to.include('It did not hold at every moment');
    expect(failure.story.at(-1)).to.include('called bank.placeHold');
  });

  it('is no failure of a service without effects', async () => {
    const report = await crashTest({
      setUp: ({ store }) =>
        makeIdempotent(async (id: string) => id, { name: 'echo', key: (id) => id, store }),
      calls: [(echo) => echo('a')],
      invariant: (_made, [end]) => expect(end).to.have.property('value', 'a'),
    });
    expect(report.histories).to.be.greaterThan(1);
  });

  it('rejects with what setUp throws, and tears nothing down that was not made', async () => {
    let tornDown = 0;
    const error = await rejection(
      crashTest({
        setUp: () => {
          throw new RangeError('no database');
        },
        calls: [() => {}],
        invariant: () => {},
        tearDown: () => {
          tornDown += 1;
        },
      }),
    );
    expect(error).to.be.instanceOf(RangeError);
    expect(tornDown).to.equal(0);
    expect(Date.now()).to.be.greaterThan(Date.UTC(2026, 1, 1));
  });

  it('gives each process a memory of its own by start', async () => {
    const started: object[] = [];
    await crashTest({
      setUp: ({ store, effect }) => ({ note: effect('log.note', () => {}), store }),
      start: ({ note, store }) => {
        const memory = {};
        started.push(memory);
        return { memory, operation: makeIdempotent(note, { name: 'note', key: () => 'one', store }) };
      },
      calls: [({ memory, operation }) => operation().then(() => expect(started).to.include(memory))],
      invariant: () => {},
      faults: 1,
    });
    expect(new Set(started).size).to.equal(started.length);
    expect(started.length).to.be.greaterThan(10);
  });

  it('lets each process remember of the store what it has learned itself', async () => {
    const { effects } = await crashTest({
      setUp: ({ store }) =>
        makeIdempotent(async (id: string) => id, { name: 'kept', key: (id) => id, store, keepLocal: 10 }),
      calls: [(kept) => kept('a').then(() => kept('a')), (kept) => kept('a')],
      invariant: () => {},
      faults: 0,
      switches: 0,
    });
    // One process kept the outcome of its first call. The other had to ask.
    expect(effects).to.include({ claim: 2, replace: 1 });
  });

  it('tells an invariant how each call ended, and how often it was delivered', async () => {
    const deliveries = new Set<number>();
    await crashTest({
      ...holds(true),
      invariant: (_made, ends) => {
        expect(ends).to.have.length(2);
        for (const end of ends) {
          expect(end).to.have.property('value', 'H-1');
          deliveries.add(end.deliveries);
        }
      },
      faults: 1,
    });
    expect([...deliveries]).to.include.members([1, 2]);
  });

  it('lets an effect fail with an error that says whether it was done', async () => {
    const met = new Set<boolean>();
    await crashTest({
      setUp: ({ store, effect }) => {
        const note = effect('log.note', () => {});
        const operation = makeIdempotent(
          async () =>
            note().catch((error: unknown) => {
              expect(error).to.be.instanceOf(EffectFailedError);
              met.add((error as EffectFailedError).wasDone);
              throw error;
            }),
          { name: 'note', key: () => 'one', store },
        );
        return operation;
      },
      calls: [(operation) => operation()],
      invariant: () => {},
      faults: 1,
    });
    expect([...met].sort()).to.deep.equal([false, true]);
  });
});

describe('the time of a crash test', function () {
  this.timeout(60_000);

  const sleeping = (sleep: () => Promise<unknown>): CrashTestOptions<() => Promise<number>> => ({
    setUp: ({ store }) =>
      makeIdempotent(
        async () => {
          const begin = Date.now();
          await sleep();
          return Date.now() - begin;
        },
        { name: 'sleeps', key: () => 'one', store, lease: '10m', wait: '15m', renewFor: '1h' },
      ),
    calls: [(operation) => operation()],
    invariant: (_made, [end]) => expect(end).to.have.property('value', 60_000),
    faults: 0,
  });

  const sleeps: Readonly<Record<string, () => Promise<unknown>>> = {
    setTimeout: () => new Promise((resolve) => setTimeout(resolve, 60_000)),
    'node:timers/promises': () => pause(60_000),
    setInterval: () =>
      new Promise<void>((resolve) => {
        let times = 0;
        const timer = setInterval(() => {
          times += 1;
          if (times < 6) return;
          clearInterval(timer);
          resolve();
        }, 10_000);
      }),
    'AbortSignal.timeout': () =>
      new Promise((resolve) => AbortSignal.timeout(60_000).addEventListener('abort', resolve)),
  };

  for (const [name, sleep] of Object.entries(sleeps)) {
    it(`is virtual: ${name}`, async () => {
      const began = Date.now();
      await crashTest(sleeping(sleep));
      expect(Date.now() - began).to.be.below(10_000);
    });

    it(`is virtual where fake timers are installed: ${name}`, async () => {
      const clock = sinon.useFakeTimers({
        toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'Date', 'nextTick'],
      });
      try {
        await crashTest(sleeping(sleep));
        expect(clock.countTimers()).to.equal(0);
      } finally {
        clock.restore();
      }
    });
  }

  it('leaves nothing behind', async () => {
    const replaced = () => [
      setTimeout,
      clearTimeout,
      setInterval,
      setImmediate,
      Date,
      Math.random,
      performance.now,
      AbortSignal.timeout,
    ];
    const before = replaced();
    await crashTest({ ...holds(true), faults: 0 });
    await rejection(crashTest(holds(false)));
    expect(replaced()).to.deep.equal(before);
  });

  it('is not that of other code of the process', async () => {
    const test = crashTest({ ...holds(true), faults: 1 });
    const began = Date.now();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(Date.now() - began).to.be.within(19, 30_000);
    await test;
  });
});

describe('options of a crash test', () => {
  const right = holds(true);
  const wrong: readonly (readonly [string, object])[] = [
    ['setUp', { ...right, setUp: undefined }],
    ['calls', { ...right, calls: [] }],
    ['calls', { ...right, calls: [1] }],
    ['invariant', { ...right, invariant: 'one hold' }],
    ['faults', { ...right, faults: -1 }],
    ['histories', { ...right, histories: 0 }],
    ['seconds', { ...right, seconds: 0 }],
    ['switches', { ...right, switches: 1.5 }],
    ['deliveries', { ...right, deliveries: 0 }],
    ['seed', { ...right, seed: 'x' }],
    ['diagram', { ...right, diagram: 1 }],
    ['repeat', { ...right, repeat: '3' }],
  ];
  for (const [name, options] of wrong) {
    it(`are refused before anything runs: ${name}`, async () => {
      const error = await rejection(crashTest(options as never));
      expect(error).to.be.instanceOf(ConfigurationError);
      expect((error as Error).message).to.include(`option "${name}"`);
    });
  }

  it('are refused where one is unknown', async () => {
    expect(((await rejection(crashTest({ ...right, fault: 1 } as never))) as Error).message).to.match(
      /no option "fault" \(it is 1\); the options are setUp/,
    );
  });

  it('bound what is tried', async () => {
    expect(await crashTest({ ...right, histories: 10 })).to.include({ histories: 10, cutBy: 'histories' });
    expect(await crashTest({ ...right, seconds: 0.05, faults: 3, histories: 1_000_000 })).to.have.property(
      'cutBy',
      'seconds',
    );
    expect((await crashTest({ ...right, faults: 0 })).levels).to.have.length(1);
    expect((await crashTest({ ...right, faults: 0, switches: 0 })).histories).to.equal(1);
  });

  it('take a store of the user, and let it go', async () => {
    const stores: InMemoryStore[] = [];
    let tornDown = 0;
    const report = await crashTest({
      ...right,
      store: () => {
        stores.push(new InMemoryStore());
        return stores.at(-1) as never;
      },
      tearDown: () => {
        tornDown += 1;
      },
      histories: 20,
    });
    expect(stores).to.have.length(20);
    expect(tornDown).to.equal(20);
    expect(report.effects).to.have.property('claim');
  });
});

describe('an effect of a crash test', () => {
  it('runs in the context of its caller, so that it finds the running call', async () => {
    const keys = new Set<string>();
    await crashTest({
      setUp: ({ store, effect }) => {
        const note = effect('log.note', () => keys.add(currentExecution().deriveKey('note')));
        return makeIdempotent(async () => void (await note()), { name: 'note', key: () => 'one', store });
      },
      calls: [(operation) => operation()],
      invariant: () => expect(keys.size).to.equal(1),
      faults: 1,
    });
    expect(keys.size).to.equal(1);
  });
});
