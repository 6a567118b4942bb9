import { expect } from 'chai';
import { type Duration, type IdempotentOptions, InMemoryStore, makeIdempotent, recordOf } from 'retrysafe';
import type { SinonFakeTimers } from 'sinon';
import { type CaughtWarnings, catchWarnings } from '../../support/process-warnings.js';
import { rejection } from '../../support/rejection.js';
import { ScriptedStore } from '../../support/scripted-store.js';
import { fakeTime } from '../../support/time.js';
import { unhandledDuring } from '../../support/unhandled-rejections.js';

const DAY = 86_400_000;

interface Quote {
  id: string;
  hours?: number;
}

describe('how long an outcome is kept', () => {
  let clock: SinonFakeTimers;
  let warnings: CaughtWarnings;
  beforeEach(() => {
    clock = fakeTime();
    warnings = catchWarnings();
  });
  afterEach(() => {
    clock.restore();
    warnings.restore();
  });

  /** An operation that returns the number of its run. */
  function counting(options: IdempotentOptions, name = 'quoteOf') {
    const store = new ScriptedStore();
    let runs = 0;
    const quote = makeIdempotent(
      async (_request: Quote) => {
        runs += 1;
        return runs;
      },
      { name, store, key: 'id', ...options },
    );
    return { quote, store };
  }

  async function expectKeptFor(
    milliseconds: number,
    options: IdempotentOptions,
    name?: string,
  ): Promise<void> {
    const { quote } = counting(options, name);
    expect(await quote({ id: 'q-1', hours: 2 })).to.equal(1);
    const view = await recordOf(quote, { id: 'q-1', hours: 2 }).inspect();
    expect((view?.expiresAt ?? 0) - (view?.completedAt ?? 0)).to.equal(milliseconds);
    await clock.tickAsync(milliseconds - 1);
    expect(await quote({ id: 'q-1', hours: 2 }), 'a millisecond before its expiry').to.equal(1);
    await clock.tickAsync(1);
    expect(await quote({ id: 'q-1', hours: 2 }), 'at its expiry').to.equal(2);
  }

  it('is a day by default', () => expectKeptFor(DAY, {}));

  const durations: [Duration, number][] = [
    [300, 300_000],
    [0.5, 500],
    ['250ms', 250],
    ['90s', 90_000],
    ['1.5m', 90_000],
    ['5m', 300_000],
    ['24h', DAY],
    ['7d', 7 * DAY],
  ];
  for (const [ttl, milliseconds] of durations) {
    it(`ends exactly at the ttl ${JSON.stringify(ttl)}, and not a millisecond before`, () =>
      expectKeptFor(milliseconds, { ttl }));
  }

  it('ends exactly at the ttl for what this process keeps by keepLocal', () =>
    expectKeptFor(5_000, { ttl: 5, keepLocal: 10 }));

  it('ends exactly at the ttl where calls read before they claim', () =>
    expectKeptFor(5_000, { ttl: 5, readFirst: true }));

  it('ends exactly at the ttl for a call that waited in another process', async () => {
    const { quote, store } = counting({ ttl: 5 });
    const elsewhere = makeIdempotent(async (_request: Quote) => 100, {
      name: 'quoteOf',
      store: store.peer(),
      key: 'id',
      ttl: 5,
    });
    await quote({ id: 'q-1' });
    await clock.tickAsync(4_999);
    expect(await elsewhere({ id: 'q-1' })).to.equal(1);
    await clock.tickAsync(1);
    expect(await elsewhere({ id: 'q-1' })).to.equal(100);
  });

  it('counts from the completion, not from the call', async () => {
    const slow = makeIdempotent(
      async function slowQuote(_request: Quote) {
        await new Promise((resolve) => setTimeout(resolve, 60_000));
        return Date.now();
      },
      { store: new ScriptedStore(), key: 'id', ttl: 5 },
    );
    const first = slow({ id: 'q-1' });
    await clock.tickAsync(60_000);
    const answer = await first;
    await clock.tickAsync(4_999);
    expect(await slow({ id: 'q-1' })).to.equal(answer);
  });

  it('is what a function computes from result and arguments', async () => {
    const seen: unknown[] = [];
    await expectKeptFor(7_200_000, {
      ttl: (result: number, request: Quote) => {
        seen.push([result, request]);
        return `${request.hours ?? 0}h`;
      },
    });
    expect(seen).to.deep.equal([
      [1, { id: 'q-1', hours: 2 }],
      [2, { id: 'q-1', hours: 2 }],
    ]);
  });

  it('is in seconds also where a function returns a number', () => expectKeptFor(3_000, { ttl: () => 3 }));

  it('calls the function once for each key', async () => {
    const { quote } = counting({ ttl: (_result: number, { hours = 1 }: Quote) => `${hours}h` });
    await quote({ id: 'short', hours: 1 });
    await quote({ id: 'long', hours: 3 });
    await clock.tickAsync(2 * 3_600_000);
    expect(await quote({ id: 'long', hours: 3 })).to.equal(2);
    expect(await quote({ id: 'short', hours: 1 })).to.equal(3);
  });

  const nonsense: Record<string, () => unknown> = {
    'throws an error': () => {
      throw new Error('no ttl today');
    },
    'throws null': () => {
      throw null;
    },
    'returns 0': () => 0,
    'returns less than 0': () => -5,
    'returns NaN': () => Number.NaN,
    'returns Infinity': () => Number.POSITIVE_INFINITY,
    'returns nothing': () => undefined,
    'returns a text without a unit': () => '300',
    'returns a promise': () => Promise.resolve(300),
    'returns a promise that rejects': () => Promise.reject(new Error('no ttl today')),
  };
  for (const [what, ttl] of Object.entries(nonsense)) {
    it(`causes a warning, and keeps the outcome, when a ttl function ${what}`, async () => {
      const name = `quote that ${what}`;
      const unhandled = await unhandledDuring(() => expectKeptFor(DAY, { ttl: ttl as () => number }, name));
      expect(unhandled, 'promises that would end the process').to.deep.equal([]);
      const texts = warnings.texts('RETRYSAFE_TTL');
      expect(texts).to.have.length(1);
      expect(texts[0]).to.include(name).and.to.include('"ttl"');
    });
  }

  it('does not let a computed ttl end a claim while the method runs', async () => {
    let runs = 0;
    const shortLived = makeIdempotent(
      async function shortLivedQuote() {
        runs += 1;
        await new Promise((resolve) => setTimeout(resolve, 10_000));
        return runs;
      },
      { store: new ScriptedStore(), ttl: () => '1ms', wait: 60 },
    );
    const first = shortLived();
    await clock.tickAsync(9_000);
    const second = shortLived();
    await clock.tickAsync(1_000);
    expect(await Promise.all([first, second])).to.deep.equal([1, 1]);
  });

  it('is the ttl for remembered errors, and a day where the ttl is a function', async () => {
    for (const [ttl, milliseconds] of [
      [5, 5_000],
      [() => 5, DAY],
    ] as const) {
      let runs = 0;
      const declining = makeIdempotent(
        async () => {
          runs += 1;
          throw new RangeError(`declined in run ${runs}`);
        },
        { name: 'declinedQuote', store: new InMemoryStore(), ttl, remember: [RangeError] },
      );
      await rejection(declining());
      await clock.tickAsync(milliseconds - 1);
      expect(await rejection(declining())).to.have.property('message', 'declined in run 1');
      await clock.tickAsync(1);
      expect(await rejection(declining())).to.have.property('message', 'declined in run 2');
    }
  });

  it('rounds every duration to whole milliseconds, as databases store instants', async () => {
    const store = new ScriptedStore();
    for (const ttl of [1.005, '0.3333s', () => 2.0007] as const) {
      const quote = makeIdempotent(async (id: string) => id, {
        name: 'fineQuote',
        store,
        ttl,
        lease: '333.3ms',
      });
      await quote(`for ${ttl}`);
    }
    const records = store.calls.flatMap(({ record }) => record ?? []);
    expect(records).to.have.length(6);
    for (const { expiresAt, state } of records) {
      expect(expiresAt).to.satisfy(Number.isSafeInteger);
      if (state.status === 'in-progress') expect(state.leaseUntil).to.satisfy(Number.isSafeInteger);
    }
  });
});
