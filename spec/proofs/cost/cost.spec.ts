import { randomBytes } from 'node:crypto';
import { tracingChannel } from 'node:diagnostics_channel';
import { expect } from 'chai';
import { InMemoryStore, makeIdempotent } from 'retrysafe';
import { timesBaseline } from './baseline.js';
import { type Cost, CountingStore, costOf } from './measured-cost.js';

interface Request {
  readonly body: { readonly transactionId: string; readonly amount: number };
}

type Kind = 'first call' | 'replay';

/** How a store returns what it found: `InMemoryStore` as values in the same turn, where nothing stands before it. */
type Port = 'promises' | 'values';

// What a call may cost. Counts that cannot vary are exact; allocations, promises and times have room for what other
// versions of Node.js do, and none for twice as much.
const limits: Record<Port, Record<Kind, Cost>> = {
  promises: {
    'first call': { ...costs(1, 1), timers: 1, promises: 12, bytes: 20_000 },
    replay: { ...costs(1, 0), timers: 1, promises: 8, bytes: 14_000 },
  },
  values: {
    'first call': { ...costs(0, 0), timers: 1, promises: 6, bytes: 12_000 },
    replay: { ...costs(0, 0), timers: 0, promises: 3, bytes: 7_500 },
  },
};

function costs(claims: number, replaces: number) {
  return { claims, replaces, finds: 0, hashes: 1, draws: 0.02 };
}

// In times the baseline. Wide, since versions of Node.js differ by half, and machines do other things as well.
const longest: Record<Port, Record<Kind, number>> = {
  promises: { 'first call': 1.6, replay: 1.2 },
  values: { 'first call': 1.1, replay: 0.7 },
};

function exceeded(port: Port, kind: Kind, cost: Cost): string[] {
  return Object.entries(limits[port][kind])
    .filter(([name, limit]) => cost[name as keyof Cost] > limit)
    .map(([name]) => name);
}

/** The costs that a call has at all, so that calls which are twice as dear pass each of the limits. */
function bearing(port: Port, kind: Kind): string[] {
  return Object.entries(limits[port][kind])
    .filter(([name, limit]) => limit > 0 && name !== 'draws')
    .map(([name]) => name);
}

for (const port of ['promises', 'values'] as const) {
  describe(`what a call costs on a store that returns ${port}`, function () {
    this.timeout(60_000);

    const store = port === 'promises' ? new CountingStore() : new InMemoryStore();
    const counted = store instanceof CountingStore ? store : { counts: { claims: 0, replaces: 0, finds: 0 } };
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
      call = operation(`Cost.${port}.call`);
      const others = ['second', 'third', 'fourth'].map((name) => operation(`Cost.${port}.${name}`));
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
        const cost = await costOf(counted, call, requests[kind](1_000));
        expect(exceeded(port, kind, cost), JSON.stringify(cost)).to.deep.equal([]);
        const doubled = await costOf(counted, twice, requests[kind](1_000));
        expect(exceeded(port, kind, doubled), JSON.stringify(doubled)).to.include.members(
          bearing(port, kind),
        );
      });

      it(`of a ${kind} is a small multiple of a fixed amount of work, which a call that costs four times as much exceeds`, async function () {
        // Where others have the processors for as long as it measures, it measures them.
        this.retries(2);
        const times = await timesBaseline(call, requests[kind]);
        expect(times).to.be.below(longest[port][kind]);
        expect(await timesBaseline(fourTimes, requests[kind])).to.be.above(longest[port][kind]);
      });
    }

    it('has no part for traces where nobody subscribes to them, also when somebody did before', async () => {
      // The least of several: what the compiler saves differs from one time to the next.
      const least = async (): Promise<Cost> => {
        const costs: Cost[] = [];
        for (let i = 0; i < 5; i += 1) costs.push(await costOf(counted, call, requests.replay(500)));
        return costs.reduce((one, other) => (other.bytes < one.bytes ? other : one));
      };
      const untraced = await least();
      const started: unknown[] = [];
      const subscribe = (message: unknown) => started.push(message);
      const channels = ['call', 'store'].map((name) => tracingChannel(`retrysafe:${name}`));
      for (const { start } of channels) start.subscribe(subscribe);
      const traced = await least();
      for (const { start } of channels) start.unsubscribe(subscribe);
      expect(started).to.have.length(5_000);
      // What the compiler has made for both is made anew once calls are only of one kind.
      for (const one of requests.replay(60_000)) await call(one);
      const again = await least();
      expect(started).to.have.length(5_000);
      expect(again.promises).to.equal(untraced.promises);
      expect(traced.bytes).to.be.above(untraced.bytes + 2_000);
      expect(again.bytes).to.be.below(untraced.bytes + 500);
    });

    it('counts each request for random bytes', async () => {
      const { draws } = await costOf(counted, async () => randomBytes(1), [0, 1, 2, 3]);
      expect(draws).to.equal(1);
    });
  });
}
