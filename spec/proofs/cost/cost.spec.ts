import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { makeIdempotent } from 'retrysafe';
import { timesBaseline } from './baseline.js';
import { type Cost, CountingStore, costOf } from './measured-cost.js';

interface Request {
  readonly body: { readonly transactionId: string; readonly amount: number };
}

type Kind = 'first call' | 'replay';

// What a call may cost. Counts that cannot vary are exact; allocations, promises and times have room for what other
// versions of Node.js do, and none for twice as much.
const limits: Record<Kind, Cost> = {
  'first call': {
    claims: 1,
    replaces: 1,
    finds: 0,
    timers: 3,
    hashes: 1,
    draws: 0.02,
    promises: 50,
    bytes: 45_000,
  },
  replay: {
    claims: 1,
    replaces: 0,
    finds: 0,
    timers: 1,
    hashes: 1,
    draws: 0.02,
    promises: 24,
    bytes: 20_000,
  },
};
// In times the baseline. Wide, since versions of Node.js differ by half, and machines do other things as well.
const longest: Record<Kind, number> = { 'first call': 6, replay: 2.5 };
/** The costs that a call of that kind has at all, so that calls which are twice as dear pass each of the limits. */
const bearing = {
  'first call': ['claims', 'replaces', 'timers', 'hashes', 'promises', 'bytes'],
  replay: ['claims', 'timers', 'hashes', 'promises', 'bytes'],
} as const satisfies Record<Kind, readonly (keyof Cost)[]>;

function exceeded(kind: Kind, cost: Cost): string[] {
  return Object.entries(limits[kind])
    .filter(([name, limit]) => cost[name as keyof Cost] > limit)
    .map(([name]) => name);
}

describe('what a call costs', function () {
  this.timeout(60_000);

  let store: CountingStore;
  let call: (request: Request) => Promise<unknown>;
  let twice: (request: Request) => Promise<unknown>;
  let fourTimes: (request: Request) => Promise<unknown>;
  let ids = 0;

  const request = (id: number): Request => ({ body: { transactionId: `tx-${id}`, amount: 12.5 } });
  const requests = {
    'first call': (count: number) => Array.from({ length: count }, () => request(ids++)),
    replay: (count: number) => Array.from({ length: count }, (_, index) => request(index % 100)),
  };

  const operation = (name: string) =>
    makeIdempotent(async ({ body }: Request) => ({ holdId: body.transactionId, amount: body.amount }), {
      name,
      key: 'body.transactionId',
      store,
    });

  before(async () => {
    store = new CountingStore();
    call = operation('Cost.call');
    const others = ['Cost.second', 'Cost.third', 'Cost.fourth'].map(operation);
    const also = (more: typeof others) => async (one: Request) => {
      await call(one);
      for (const other of more) await other(one);
    };
    twice = also(others.slice(0, 1));
    fourTimes = also(others);
    for (const one of requests['first call'](1_000)) await fourTimes(one);
  });

  for (const kind of ['first call', 'replay'] as const) {
    it(`of a ${kind} is within its limits, and a call that costs twice as much exceeds all of them`, async () => {
      const cost = await costOf(store, call, requests[kind](1_000));
      expect(exceeded(kind, cost), JSON.stringify(cost)).to.deep.equal([]);
      const doubled = await costOf(store, twice, requests[kind](1_000));
      expect(exceeded(kind, doubled), JSON.stringify(doubled)).to.include.members([...bearing[kind]]);
    });

    it(`of a ${kind} is a small multiple of a fixed amount of work, which a call that costs four times as much exceeds`, async function () {
      // Where others have the processors for as long as it measures, it measures them.
      this.retries(2);
      const times = await timesBaseline(call, requests[kind]);
      expect(times).to.be.below(longest[kind]);
      expect(await timesBaseline(fourTimes, requests[kind])).to.be.above(longest[kind]);
    });
  }

  it('counts each request for random bytes', async () => {
    const { draws } = await costOf(store, async () => randomBytes(1), [0, 1, 2, 3]);
    expect(draws).to.equal(1);
  });
});
