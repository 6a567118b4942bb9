import { expect } from 'chai';
import {
  configureIdempotency,
  currentExecution,
  IdempotencyDefaults,
  Idempotent,
  type IdempotentOptions,
  makeIdempotent,
  type RecordView,
  recordOf,
} from 'retrysafe';
import sinon, { type SinonFakeTimers, type SinonStub } from 'sinon';
import { defer } from '../support/defer.js';
import { rejection, thrown } from '../support/rejection.js';
import { ScriptedStore } from '../support/scripted-store.js';
import { fakeTime } from '../support/time.js';

interface Request {
  readonly id: string;
  readonly tenant?: string;
  readonly user?: string;
}

class Declined extends Error {}
class Expired extends Error {}
class Money {
  constructor(readonly cents = 1) {}
}
class Weight {
  constructor(readonly grams = 1) {}
}

const request: Request = { id: 'r1', tenant: 't1', user: 'u1' };

const levels = ['process', 'class', 'subclass', 'method'] as const;
type Layers = Partial<Record<(typeof levels)[number], IdempotentOptions>>;

let clock: SinonFakeTimers;
let warn: SinonStub;
let store: ScriptedStore;
let runs: number;
let work: (request: Request) => unknown;
let desks = 0;

interface Desk {
  serve(request: Request): Promise<unknown>;
}

/** An instance of a subclass whose idempotent method has options at these levels. */
function deskWith(
  { process = {}, class: ofClass, subclass, method }: Layers,
  fixed: IdempotentOptions,
): Desk {
  desks += 1;
  configureIdempotency(process);
  class ServiceDesk implements Desk {
    @Idempotent({ name: `Layered.${desks}`, key: 'id', ...fixed, ...method })
    async serve(given: Request): Promise<unknown> {
      runs += 1;
      return work(given);
    }
  }
  class FrontDesk extends ServiceDesk {}
  if (ofClass) IdempotencyDefaults(ofClass)(ServiceDesk);
  if (subclass) IdempotencyDefaults(subclass)(FrontDesk);
  return new FrontDesk();
}

/** One option, two values of it, and how to tell which of them applies. */
interface Row {
  readonly values: readonly [unknown, unknown];
  /** What is seen with the first value, with the second, and with neither. */
  readonly seen: readonly [unknown, unknown, unknown];
  readonly fixed?: IdempotentOptions;
  observe(desk: Desk): Promise<unknown>;
}

async function viewOf(desk: Desk): Promise<RecordView> {
  const view = await recordOf(desk, 'serve', request).inspect();
  return view ?? expect.fail('there is no record');
}

/** Reads while the method runs, and lets it end. */
async function whileRunning<T>(desk: Desk, observe: () => Promise<T>): Promise<T> {
  const gate = defer();
  work = () => (runs === 1 ? gate.promise : 'ran again');
  const running = desk.serve(request).catch(() => {});
  await clock.tickAsync(0);
  const seen = await observe();
  gate.resolve();
  await clock.tickAsync(1_000);
  await running;
  return seen;
}

async function codeOf(call: Promise<unknown>): Promise<unknown> {
  return call.catch((error: { code?: unknown }) => error.code);
}

/** The stores of the row `store`, which has no other. */
const shops = [new ScriptedStore(), new ScriptedStore()] as const;

const table: Record<string, Row> = {
  describeError: {
    values: [() => 'one', () => 'other'],
    seen: ['one', 'other', undefined],
    async observe(desk) {
      work = () => Promise.reject(new Error('no answer'));
      await rejection(desk.serve(request));
      const { why } = await viewOf(desk);
      return why?.kind === 'error' ? why.text : 'no reason';
    },
  },
  ttl: {
    values: [60, '2m'],
    seen: [60_000, 120_000, 86_400_000],
    async observe(desk) {
      await desk.serve(request);
      return (await viewOf(desk)).expiresAt - Date.now();
    },
  },
  unresolvedTtl: {
    values: ['2h', 'until-resolved'],
    seen: [7_200_000, 'until it is resolved', 86_400_000],
    fixed: { onError: () => 'unknown' },
    async observe(desk) {
      work = () => Promise.reject(new Error('no answer'));
      await rejection(desk.serve(request));
      const { expiresAt } = await viewOf(desk);
      return expiresAt === 253_402_300_799_999 ? 'until it is resolved' : expiresAt - Date.now();
    },
  },
  store: {
    values: shops,
    seen: ['first', 'second', 'neither'],
    async observe(desk) {
      const before = shops.map((shop) => shop.count('claim'));
      await desk.serve(request);
      const [first, second] = shops.map((shop, at) => shop.count('claim') > (before[at] ?? 0));
      return first ? 'first' : second ? 'second' : 'neither';
    },
  },
  scope: {
    values: ['tenant', 'user'],
    seen: ['a run for each tenant', 'a run for each user', 'one run'],
    async observe(desk) {
      await desk.serve(request);
      await desk.serve({ ...request, tenant: 't2' });
      if (runs === 2) return 'a run for each tenant';
      await desk.serve({ ...request, user: 'u2' });
      return runs === 2 ? 'a run for each user' : 'one run';
    },
  },
  fingerprint: {
    values: ['tenant', 'user'],
    seen: ['refuses another tenant', 'refuses another user', 'refuses nothing'],
    async observe(desk) {
      await desk.serve(request);
      const refused = 'ERR_IDEMPOTENCY_FINGERPRINT';
      if ((await codeOf(desk.serve({ ...request, tenant: 't2' }))) === refused)
        return 'refuses another tenant';
      if ((await codeOf(desk.serve({ ...request, user: 'u2' }))) === refused) return 'refuses another user';
      return 'refuses nothing';
    },
  },
  lease: {
    values: [10, '20s'],
    seen: [10_000, 20_000, 30_000],
    observe: (desk) => whileRunning(desk, async () => ((await viewOf(desk)).leaseUntil ?? 0) - Date.now()),
  },
  renewFor: {
    values: [60, '2m'],
    seen: [60_000, 120_000, 900_000],
    async observe(desk) {
      const from = Date.now();
      const gate = defer();
      let lostAt = 0;
      work = () => {
        currentExecution().signal.addEventListener('abort', () => {
          lostAt = Date.now();
        });
        return gate.promise;
      };
      const running = desk.serve(request);
      await clock.tickAsync(901_000);
      gate.resolve();
      await running;
      return lostAt - from;
    },
  },
  wait: {
    values: [2, '4s'],
    seen: [2_000, 4_000, 10_000],
    observe: (desk) =>
      whileRunning(desk, async () => {
        const from = Date.now();
        const refusedAt = rejection(desk.serve(request)).then(() => Date.now());
        await clock.tickAsync(15_000);
        return (await refusedAt) - from;
      }),
  },
  onAbandoned: {
    values: ['refuse', () => ({ value: 'recovered' })],
    seen: ['ERR_IDEMPOTENCY_OUTCOME_UNKNOWN', 'recovered', 'ran again'],
    fixed: { lease: 30, renewFor: 30 },
    observe: (desk) =>
      whileRunning(desk, async () => {
        await clock.tickAsync(31_000);
        return codeOf(desk.serve(request));
      }),
  },
  remember: {
    values: [[Declined], [Expired]],
    seen: ['Declined', 'Expired', ''],
    async observe(desk) {
      const remembered = [];
      for (const Failure of [Declined, Expired]) {
        work = () => {
          throw new Failure();
        };
        runs = 0;
        for (let times = 0; times < 2; times += 1) await rejection(desk.serve({ id: Failure.name }));
        if (runs === 1) remembered.push(Failure.name);
      }
      return remembered.join();
    },
  },
  onError: {
    values: [() => 'remember', () => 'unknown'],
    seen: ['completed', 'unknown', 'released'],
    async observe(desk) {
      work = () => Promise.reject(new Error('no'));
      await rejection(desk.serve(request));
      return (await viewOf(desk)).status;
    },
  },
  onStoreFailure: {
    values: ['run', 'throw'],
    seen: ['ran', 'ERR_IDEMPOTENCY_STORE', 'ERR_IDEMPOTENCY_STORE'],
    observe(desk) {
      store.next('claim', 'fail', 'fail');
      return codeOf(desk.serve(request));
    },
  },
  mapReplay: {
    values: [() => 'first', () => 'second'],
    seen: ['first', 'second', 'ran'],
    async observe(desk) {
      await desk.serve(request);
      return desk.serve(request);
    },
  },
  redact: {
    values: [() => 'first', () => 'second'],
    seen: ['first', 'second', 'ran'],
    async observe(desk) {
      await desk.serve(request);
      return desk.serve(request);
    },
  },
  codec: {
    values: [
      { encode: JSON.stringify, decode: () => 'first' },
      { encode: JSON.stringify, decode: () => 'second' },
    ],
    seen: ['first', 'second', 'ran'],
    async observe(desk) {
      await desk.serve(request);
      return desk.serve(request);
    },
  },
  classes: {
    values: [[Money], [Weight]],
    seen: ['Money', 'Weight', ''],
    async observe(desk) {
      work = () => [new Money(), new Weight()];
      await desk.serve(request);
      const replayed = (await desk.serve(request)) as object[];
      return replayed
        .map((one) => one.constructor.name)
        .filter((name) => name !== 'Object')
        .join();
    },
  },
  maxAttempts: {
    values: [1, 2],
    seen: [1, 2, 4],
    async observe(desk) {
      work = () => Promise.reject(new Error('no'));
      for (let call = 1; call <= 4; call += 1) await rejection(desk.serve(request));
      return runs;
    },
  },
  readFirst: {
    values: [true, false],
    seen: ['find', 'claim', 'claim'],
    async observe(desk) {
      await desk.serve(request);
      store.calls.length = 0;
      await desk.serve(request);
      return store.calls.map(({ step }) => step).join();
    },
  },
  keepLocal: {
    values: [1, 2],
    seen: [1, 2, 0],
    async observe(desk) {
      const ids = ['a', 'b', 'c'];
      for (const id of ids) await desk.serve({ id });
      let kept = 0;
      for (const id of ids.reverse()) {
        const before = store.count();
        await desk.serve({ id });
        if (store.count() === before) kept += 1;
      }
      return kept;
    },
  },
  clockTolerance: {
    values: [0, '5s'],
    seen: [0, 5, 1],
    fixed: { lease: 30, renewFor: 30 },
    observe: (desk) =>
      whileRunning(desk, async () => {
        await clock.tickAsync(30_000);
        for (let seconds = 0; seconds <= 10; seconds += 1) {
          if ((await viewOf(desk)).status === 'abandoned') return seconds;
          await clock.tickAsync(1_000);
        }
        return 'never';
      }),
  },
  enabled: {
    values: [false, true],
    seen: [2, 1, 1],
    async observe(desk) {
      await desk.serve(request);
      await desk.serve(request);
      return runs;
    },
  },
};

describe('layering', () => {
  beforeEach(() => {
    clock = fakeTime();
    warn = sinon.stub(process, 'emitWarning');
    store = new ScriptedStore();
    runs = 0;
    work = () => 'ran';
  });
  afterEach(() => {
    configureIdempotency({});
    warn.restore();
    clock.restore();
  });

  async function see(option: string, layers: Layers): Promise<unknown> {
    const { observe, fixed } = table[option] as Row;
    store = new ScriptedStore();
    runs = 0;
    work = () => 'ran';
    return observe(deskWith(layers, { ...(option !== 'store' && { store }), ...fixed }));
  }

  for (const [option, { values, seen }] of Object.entries(table)) {
    it(`takes ${option} of the method over the subclass over the class over the process over the built-in one`, async () => {
      const [first, second] = values;
      const layer = (value: unknown) => ({ [option]: value }) as IdempotentOptions;
      expect(await see(option, {}), 'built in').to.equal(seen[2]);
      for (const [at, level] of levels.entries()) {
        for (const [nearer, farther, expected] of [
          [first, second, seen[0]],
          [second, first, seen[1]],
        ]) {
          const below = levels.slice(0, at).map((lower) => [lower, layer(farther)]);
          const layers: Layers = { ...Object.fromEntries(below), [level]: layer(nearer) };
          expect(await see(option, layers), Object.keys(layers).join(' < ')).to.equal(expected);
        }
      }
    });
  }

  it('is tested for each option that has more than one level', () => {
    const known = (error: unknown) =>
      /the options are (.*)$/.exec((error as Error).message)?.[1]?.split(', ');
    const options = known(thrown(() => configureIdempotency({ nope: 1 } as IdempotentOptions)));
    // That of the process alone is who runs there.
    expect(options).to.have.members([...Object.keys(table), 'runtime']);
  });

  it('takes the key of the method, else all arguments', async () => {
    const byId = deskWith({}, { store });
    await byId.serve(request);
    await byId.serve({ ...request, user: 'u2' });
    expect(runs).to.equal(1);
    const byAll = makeIdempotent(async (_one: object, _other: number) => ++runs, {
      name: 'Layered.byAll',
      store,
    });
    expect([await byAll({ a: 1 }, 1), await byAll({ a: 1 }, 2), await byAll({ a: 1 }, 1)]).to.deep.equal([
      2, 3, 2,
    ]);
  });
});
