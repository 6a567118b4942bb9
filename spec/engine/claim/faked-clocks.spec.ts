import { expect } from 'chai';
import {
  ClaimLostError,
  currentExecution,
  type IdempotentOptions,
  InProgressError,
  makeIdempotent,
  StoreError,
} from 'retrysafe';
import sinon, { type SinonFakeTimers } from 'sinon';
import { defer } from '../../support/defer.js';
import { rejection } from '../../support/rejection.js';
import { ScriptedStore } from '../../support/scripted-store.js';

const timers = ['setTimeout', 'clearTimeout'] as const;

/** What a test may fake: all of it by default with Jest, sinon and Vitest 3, and parts of it elsewhere. */
const fakes = {
  nothing: [],
  'Date alone, as MockDate does': ['Date'],
  'timers alone, as the legacy ones of Jest do': [...timers],
  'performance alone': ['performance'],
  'Date and timers, as Vitest 2 does': ['Date', ...timers],
  'Date and performance': ['Date', 'performance'],
  'timers and performance': [...timers, 'performance'],
  'Date, timers and performance': ['Date', ...timers, 'performance'],
} as const;

type Faked = (typeof fakes)[keyof typeof fakes][number];

let names = 0;

for (const [title, toFake] of Object.entries(fakes) as [string, readonly Faked[]][]) {
  const hasFakeTimers = toFake.includes('setTimeout');
  // Real time is kept short.
  const unit = hasFakeTimers ? 100 : 2;
  const ms = (units: number) => `${units * unit}ms` as const;

  describe(`in a test that fakes ${title}`, () => {
    let clock: SinonFakeTimers | undefined;
    let store: ScriptedStore;

    beforeEach(() => {
      clock = toFake.length > 0 ? sinon.useFakeTimers({ now: Date.now(), toFake: [...toFake] }) : undefined;
      store = new ScriptedStore();
    });

    afterEach(async () => {
      // A run that went on would lose its claim when the clocks are real again, and tell so in the middle of another test.
      for (const end of endings.splice(0)) end();
      await pass(5);
      clock?.restore();
    });

    const endings: (() => void)[] = [];
    const untilTheEnd = () => new Promise<void>((resolve) => endings.push(resolve));

    /** Lets so much time pass, with fake timers or real ones. */
    async function pass(units: number): Promise<void> {
      if (clock && hasFakeTimers) await clock.tickAsync(units * unit);
      else await new Promise((resolve) => setTimeout(resolve, units * unit));
    }

    /** Lets time pass until the promise has settled, for at most so many units. */
    async function within<T>(units: number, promise: Promise<T>): Promise<T> {
      let isSettled = false;
      const settle = () => {
        isSettled = true;
      };
      promise.then(settle, settle);
      for (let passed = 0; passed < units && !isSettled; passed += 5) await pass(5);
      expect(isSettled, `settled within ${units * unit} ms`).to.equal(true);
      return promise;
    }

    function operation(options: IdempotentOptions, work: () => unknown = untilTheEnd) {
      names += 1;
      const name = `under fake clocks ${names}`;
      const inProcess = (at: ScriptedStore, body = work) =>
        makeIdempotent(async (_id: string) => body(), { name, store: at, lease: ms(3_000), ...options });
      return inProcess;
    }

    it('a duplicate in another process is refused when its wait is over', async () => {
      const call = operation({ wait: ms(30) });
      void call(store)('a');
      await pass(1);
      const error = await within(150, rejection(call(store.peer())('a')));
      expect(error).to.be.instanceOf(InProgressError);
    });

    it('a duplicate that joined a call of its process is refused when its wait is over', async () => {
      const call = operation({ wait: ms(30) })(store);
      void call('a');
      expect(await within(150, rejection(call('a')))).to.be.instanceOf(InProgressError);
    });

    it('a store call that hangs is given up after a third of the lease', async () => {
      const call = operation({ lease: ms(90) })(store.always('claim', 'hang'));
      expect(await within(300, rejection(call('a')))).to.be.instanceOf(StoreError);
      expect(store.count('claim')).to.equal(2);
    });

    it('a lease is renewed while the method runs', async () => {
      let signal: AbortSignal | undefined;
      const call = operation({ lease: ms(300), wait: 0 }, async () => {
        signal = currentExecution().signal;
        // Half a lease longer than one lease.
        await pause(450 * unit);
        return 'done';
      })(store)('a');
      const pause = (delay: number) => new Promise((resolve) => setTimeout(resolve, delay));
      expect(await within(1_000, call)).to.equal('done');
      expect(signal?.aborted).to.equal(false);
      expect(store.count('replace')).to.be.at.least(4);
    });

    it('a run whose renewals fail gets an aborted signal when its lease is over', async () => {
      let signal: AbortSignal | undefined;
      void operation({ lease: ms(150) }, () => {
        signal = currentExecution().signal;
        return untilTheEnd();
      })(store.always('replace', 'fail'))('a');
      await pass(1);
      const lost = new Promise((resolve) => {
        signal?.addEventListener('abort', () => resolve(signal?.reason));
      });
      expect(await within(450, lost)).to.be.instanceOf(ClaimLostError);
    });

    if (hasFakeTimers) {
      it('a result reaches its caller after five seconds, though the store does not take it', async () => {
        const call = operation({ lease: 60 }, () => 'done')(store.always('replace', 'fail'))('a');
        await clock?.tickAsync(5_100);
        expect(await within(1, call)).to.equal('done');
        expect(store.count('replace')).to.be.within(4, 20);
      });
    }
  });
}

describe('a steady clock that does not begin at a whole millisecond', () => {
  it('does not lengthen a wait, which ends to the millisecond wherever it begins', async () => {
    let begun = performance.now();
    const now = sinon.stub(performance, 'now');
    const clock = sinon.useFakeTimers({ toFake: [...timers, 'Date'], now: Date.now() });
    try {
      for (let round = 0; round < 100; round += 1) {
        const start = Date.now();
        const from = begun;
        now.callsFake(() => from + (Date.now() - start));
        const { promise, resolve } = defer();
        const hang = makeIdempotent(() => promise, {
          name: `to the millisecond ${round}`,
          wait: '4s',
          store: new ScriptedStore(),
        });
        void hang();
        await clock.tickAsync(0);
        let isRefused = false;
        const refused = rejection(hang()).then(() => {
          isRefused = true;
        });
        await clock.tickAsync(4_000);
        expect(isRefused, `after 4 s from ${from}`).to.equal(true);
        resolve();
        await refused;
        begun += 5_000 + Math.random();
      }
    } finally {
      clock.restore();
      now.restore();
    }
  });
});
