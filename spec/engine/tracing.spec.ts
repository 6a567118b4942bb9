import { AsyncLocalStorage } from 'node:async_hooks';
import { type TracingChannelSubscribers, tracingChannel } from 'node:diagnostics_channel';
import { expect } from 'chai';
import {
  type CallTrace,
  configureIdempotency,
  type IdempotencyRecord,
  InMemoryStore,
  makeIdempotent,
  type PersistenceStore,
  recordOf,
  release,
  type StoreTrace,
} from 'retrysafe';
import type { SinonFakeTimers } from 'sinon';
import { defer } from '../support/defer.js';
import { deployable, restOfTurn } from '../support/deployment.js';
import { rejection } from '../support/rejection.js';
import { ScriptedStore } from '../support/scripted-store.js';
import { fakeTime } from '../support/time.js';

const calls = tracingChannel<unknown, CallTrace>('retrysafe:call');
const requests = tracingChannel<unknown, StoreTrace>('retrysafe:store');
const phases = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'] as const;
const marker = 'pan-4111';
let count = 0;

function traceparent(span: number): string {
  return `00-4bf92f3577b34da6a3ce929d0e0e4736-${String(span).padStart(16, '0')}-01`;
}

describe('the trace of a call', () => {
  let clock: SinonFakeTimers;
  let seen: [string, CallTrace][];
  let stop: () => void;

  function listen(): () => void {
    seen = [];
    let spans = 0;
    const subscribers = Object.fromEntries(
      phases.map((phase) => [
        phase,
        (trace: CallTrace) => {
          if (phase === 'start') trace.traceparent = traceparent(++spans);
          seen.push([phase, trace]);
        },
      ]),
    ) as unknown as TracingChannelSubscribers<CallTrace>;
    calls.subscribe(subscribers);
    return () => {
      calls.unsubscribe(subscribers);
    };
  }

  beforeEach(() => {
    clock = fakeTime();
    configureIdempotency({ store: new InMemoryStore() });
    count += 1;
    stop = listen();
  });
  afterEach(() => {
    stop();
    configureIdempotency({});
    clock.restore();
  });

  /** The messages of the calls that have ended, in their order. */
  const ended = () => seen.filter(([phase]) => phase === 'asyncEnd').map(([, trace]) => trace);

  it('has the events of a TracingChannel, with one message, and no result', async () => {
    const call = makeIdempotent(async (_id: string) => marker, { name: `traced ${count}` });
    const promise = call('a');
    expect(seen.map(([phase]) => phase)).to.deep.equal(['start', 'end']);
    await promise;
    expect(seen.map(([phase]) => phase)).to.deep.equal(['start', 'end', 'asyncStart', 'asyncEnd']);
    expect(new Set(seen.map(([, trace]) => trace)).size).to.equal(1);
    const { operation, key } = recordOf(call, 'a');
    expect(ended()[0]).to.include({ operation, key, outcome: 'completed', attempt: 1, waited: 0 });
    expect(JSON.stringify(seen)).not.to.include(marker);
  });

  it('tells of an error, and how long the method ran', async () => {
    const failure = new Error('busy');
    const call = makeIdempotent(
      async () => {
        await clock.tickAsync(250);
        throw failure;
      },
      { name: `traced ${count}` },
    );
    expect(await rejection(call())).to.equal(failure);
    expect(seen.map(([phase]) => phase)).to.deep.equal(['start', 'end', 'error', 'asyncStart', 'asyncEnd']);
    expect(ended()[0]).to.include({ outcome: 'released', error: failure, ran: 0.25 });
  });

  for (const [outcome, options, work] of [
    ['remembered', { remember: [TypeError] }, () => Promise.reject(new TypeError('no'))],
    ['unknown', { onError: () => 'unknown' }, () => Promise.reject(new Error('no'))],
    ['released', {}, async () => release(1)],
  ] as const) {
    it(`says that its outcome is ${outcome}`, async () => {
      await makeIdempotent(work, { name: `traced ${count}`, ...options } as object)().catch(() => {});
      expect(ended()[0]).to.include({ outcome });
    });
  }

  it('says that the store did not take the outcome', async () => {
    const store = new ScriptedStore().always('replace', 'fail');
    const call = makeIdempotent(async () => 1, { name: `traced ${count}`, store })();
    await clock.tickAsync(6_000);
    await call;
    expect(ended()[0]).to.include({ outcome: 'unrecorded' });
  });

  it('runs the method in the context that a subscriber has bound, and in that of `within`', async () => {
    const bound = new AsyncLocalStorage<unknown>();
    const entered = new AsyncLocalStorage<unknown>();
    calls.start.bindStore(bound, ({ key }) => key);
    const enter = (message: unknown) => {
      (message as CallTrace).within = (run) => entered.run('span', run);
    };
    calls.start.subscribe(enter);
    const call = makeIdempotent(async (_id: string) => [bound.getStore(), entered.getStore()], {
      name: `traced ${count}`,
    });
    const found = await call('a');
    calls.start.unsubscribe(enter);
    calls.start.unbindStore(bound);
    expect(found).to.deep.equal([recordOf(call, 'a').key, 'span']);
    expect([bound.getStore(), entered.getStore()]).to.deep.equal([undefined, undefined]);
  });

  it('is kept in the record, and a replay links to it', async () => {
    const call = makeIdempotent(async () => 1, { name: `traced ${count}` });
    await call();
    await call();
    expect((await recordOf(call).inspect())?.traceparent).to.equal(traceparent(1));
    const [first, second] = ended();
    expect(first?.links).to.deep.equal([]);
    expect(second).to.include({ outcome: 'replayed' });
    expect(second?.links).to.deep.equal([{ how: 'replayed', attempt: 1, traceparent: traceparent(1) }]);
    expect(second).not.to.have.property('ran');
  });

  it('links from a call that joined another one of its process', async () => {
    const gate = defer();
    const call = makeIdempotent(() => gate.promise, { name: `traced ${count}` });
    const both = [call(), call()];
    await clock.tickAsync(2_000);
    gate.resolve();
    await Promise.all(both);
    const joined = ended().find(({ outcome }) => outcome === 'replayed');
    expect(joined?.links).to.deep.equal([{ how: 'replayed', attempt: 1, traceparent: traceparent(1) }]);
    expect(joined?.waited).to.equal(2);
  });

  it('links from a call that waited for one which failed, and ran after it', async () => {
    const gate = defer();
    let runs = 0;
    const call = makeIdempotent(
      async () => {
        runs += 1;
        if (runs > 1) return 'ran';
        await gate.promise;
        throw new Error('busy');
      },
      { name: `traced ${count}` },
    );
    const first = call().catch(() => {});
    const second = call();
    await restOfTurn();
    gate.resolve();
    await Promise.all([first, second]);
    const last = ended().find(({ outcome }) => outcome === 'completed');
    expect(last?.links).to.deep.equal([{ how: 'took-over', attempt: 1, traceparent: traceparent(1) }]);
  });

  it('links to what an earlier attempt left, in another process and later', async () => {
    const operation = deployable({ lease: 5, wait: 0 });
    const store = new ScriptedStore();
    void operation(store, () => new Promise(() => {}))('a');
    await restOfTurn();
    store.always('replace', 'hang');
    expect(await rejection(operation(new ScriptedStore(store.inner), async () => 1)('a'))).to.include({
      code: 'ERR_IDEMPOTENCY_IN_PROGRESS',
    });
    await clock.tickAsync(10_000);
    await operation(new ScriptedStore(store.inner), async () => 1)('a');
    const [refused, ran] = ended();
    expect(refused).to.include({ outcome: 'refused', code: 'ERR_IDEMPOTENCY_IN_PROGRESS' });
    expect(refused?.links).to.deep.equal([{ how: 'same-key', attempt: 1, traceparent: traceparent(1) }]);
    expect(ran?.links).to.deep.equal([{ how: 'took-over', attempt: 1, traceparent: traceparent(1) }]);
  });

  it('links from a call that waited for another process to what it waited for', async () => {
    const operation = deployable({ lease: 60, wait: 1 });
    const store = new ScriptedStore();
    void operation(store, () => new Promise(() => {}))('a');
    await restOfTurn();
    const refused = rejection(operation(new ScriptedStore(store.inner), async () => 1)('a'));
    await clock.tickAsync(2_000);
    await refused;
    const [message] = ended();
    expect(message?.links?.map(({ traceparent: of }) => of)).to.deep.equal([traceparent(1)]);
    expect(message?.waited).to.be.within(1, 1.1);
  });

  it('links to no run but the one that the record is about: an earlier version keeps what it does not know', async () => {
    const operation = deployable({ lease: 5, wait: 2, onAbandoned: 'refuse' });
    const store = new ScriptedStore();
    await rejection(operation(store, async () => Promise.reject(new Error('no answer')))('a'));
    const { record } = store.calls.at(-1) as { record: IdempotencyRecord };
    // As an earlier version takes the key over: it keeps the field `about`.
    const state = {
      ...record.state,
      fencingToken: record.state.fencingToken + 5,
      status: 'in-progress',
      startedAt: Date.now(),
      leaseUntil: Date.now() + 60_000,
    } as IdempotencyRecord['state'];
    await store.inner.replace({ ...record, token: 'earlier.1', state }, record.token);
    const refused = rejection(operation(new ScriptedStore(store.inner), async () => 1)('a'));
    await clock.tickAsync(3_000);
    expect(await refused).to.include({ code: 'ERR_IDEMPOTENCY_IN_PROGRESS' });
    const unknown = { ...state, status: 'unknown' } as IdempotencyRecord['state'];
    await store.inner.replace({ ...record, token: 'earlier.2', state: unknown }, 'earlier.1');
    await rejection(operation(new ScriptedStore(store.inner), async () => 1)('a'));
    expect(
      ended()
        .slice(1)
        .map(({ links }) => links),
    ).to.deep.equal([[], []]);
  });

  it('tells of a call that is refused before it asks the store', async () => {
    const nested: (id: string) => Promise<unknown> = makeIdempotent((id: string) => nested(id), {
      name: `traced ${count}`,
    });
    await rejection(nested('a'));
    expect(ended().map(({ outcome, code }) => [outcome, code])).to.deep.include([
      'refused',
      'ERR_IDEMPOTENCY_REENTRANT',
    ]);
  });

  it('is of calls alone: not of what inspects or resolves a record', async () => {
    const call = makeIdempotent(async () => 1, { name: `traced ${count}` });
    await recordOf(call).inspect();
    await recordOf(call).forget();
    expect(seen).to.deep.equal([]);
  });

  it('stands in no record where no subscriber says which span it is', async () => {
    stop();
    const call = makeIdempotent(async () => 1, { name: `traced ${count}` });
    await call();
    expect(await recordOf(call).inspect()).not.to.have.property('traceparent');
  });

  describe('of requests to the store', () => {
    async function traced(store: PersistenceStore): Promise<[string, StoreTrace['step'], unknown?][]> {
      const told: [string, StoreTrace['step'], unknown?][] = [];
      const subscribers = Object.fromEntries(
        phases.map((phase) => [
          phase,
          ({ step, error, answered }: StoreTrace) => {
            const more = error ?? (answered && 'answered');
            told.push(more ? [phase, step, more] : [phase, step]);
          },
        ]),
      ) as unknown as TracingChannelSubscribers<StoreTrace>;
      requests.subscribe(subscribers);
      await makeIdempotent(async () => marker, { name: `stored ${count}`, store })();
      requests.unsubscribe(subscribers);
      return told;
    }

    it('is synchronous where the store is', async () => {
      expect(await traced(new InMemoryStore())).to.deep.equal([
        ['start', 'claim'],
        ['end', 'claim', 'answered'],
        ['start', 'replace'],
        ['end', 'replace', 'answered'],
      ]);
    });

    it('tells when an answer came, and of a fault', async () => {
      const told = await traced(new ScriptedStore().next('claim', 'lose'));
      expect(told.map(([phase, step]) => `${phase} ${step}`)).to.deep.equal([
        ...['start claim', 'end claim', 'error claim', 'asyncStart claim', 'asyncEnd claim'],
        ...['start claim', 'end claim', 'asyncStart claim', 'asyncEnd claim'],
        ...['start replace', 'end replace', 'asyncStart replace', 'asyncEnd replace'],
      ]);
    });
  });
});
