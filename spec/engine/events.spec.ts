import { channel } from 'node:diagnostics_channel';
import { expect } from 'chai';
import {
  currentExecution,
  type IdempotencyEventName,
  type IdempotentOptions,
  InMemoryStore,
  makeIdempotent,
  onIdempotencyEvent,
  type PersistenceStore,
  recordOf,
  StoreError,
} from 'retrysafe';
import sinon, { type SinonFakeTimers } from 'sinon';
import { defer } from '../support/defer.js';
import { type CaughtWarnings, catchWarnings } from '../support/process-warnings.js';
import { RecordedEvents } from '../support/recorded-events.js';
import { rejection, thrown } from '../support/rejection.js';
import { ScriptedStore } from '../support/scripted-store.js';
import { fakeTime } from '../support/time.js';

/** A payload that no event may contain. */
const marker = 'PAYLOAD-4111-1111';
const request = { id: marker, card: marker };
type Request = typeof request;

describe('events', () => {
  let clock: SinonFakeTimers;
  let warnings: CaughtWarnings;
  let events: RecordedEvents;
  beforeEach(() => {
    clock = fakeTime();
    warnings = catchWarnings();
    events = new RecordedEvents();
  });
  afterEach(() => {
    events.stop();
    warnings.restore();
    clock.restore();
  });

  /** A payment that takes as long as its work does. */
  function payment(
    work: () => unknown = () => ({ card: marker }),
    options: IdempotentOptions = {},
    store: PersistenceStore = new ScriptedStore(),
  ) {
    const pay = makeIdempotent(async (_request: Request) => work(), {
      name: 'payBill',
      key: 'id',
      store,
      ...options,
    });
    return { pay: (change: Partial<Request> = {}) => pay({ ...request, ...change }), pays: pay };
  }

  function expectEvent(name: IdempotencyEventName, expected: Record<string, unknown>, index = 0): void {
    const event = events.named(name)[index];
    if (!event) expect.fail(`${name} was not published; there are: ${events.names.join(', ') || 'none'}`);
    expect(event).to.include({ operation: 'payBill', ...expected });
    expect(event.key).to.match(/^payBill#[0-9a-f]{64}$/);
    expect(event.duration).to.be.a('number').and.to.be.at.least(0);
    expect(event.attempt).to.be.a('number');
    expect(events.raw, 'what the raw channels tell').to.deep.equal(events.typed);
    // A store's own error is passed on unchanged, for the operators of the store.
    expect(JSON.stringify(events.typed.map(({ error, ...rest }) => rest))).to.not.include(marker);
  }

  const seconds = (count: number) => new Promise((resolve) => setTimeout(resolve, count * 1_000));

  it('`claimed` and `completed` report a first call, with its duration in seconds', async () => {
    const { pay, pays } = payment(() => seconds(3).then(() => marker));
    const call = pay();
    await clock.tickAsync(3_000);
    await call;
    expect(events.names).to.deep.equal(['claimed', 'completed']);
    const { key } = (await recordOf(pays, request).inspect()) ?? {};
    expectEvent('claimed', { attempt: 1, duration: 0, key });
    expectEvent('completed', { attempt: 1, duration: 3, key });
  });

  it('`replayed` reports a duplicate, and whether its outcome came from the store, a run that it joined, or this process', async () => {
    const gate = defer();
    const { pay } = payment(() => gate.promise.then(() => marker), { keepLocal: 1 });
    const calls = [pay(), pay()];
    gate.resolve();
    await Promise.all(calls);
    await pay();
    const store = new ScriptedStore();
    await payment(undefined, {}, store).pay();
    await payment(undefined, {}, store.peer()).pay();
    expectEvent('replayed', { attempt: 1, source: 'joined' }, 0);
    expectEvent('replayed', { attempt: 1, source: 'kept' }, 1);
    expectEvent('replayed', { attempt: 1, source: 'store' }, 2);
    expect(events.named('replayed')).to.have.length(3);
  });

  it('`waited` reports a duplicate that waited in this process, and for how long', async () => {
    const { pay } = payment(() => seconds(2));
    const calls = [pay(), pay()];
    await clock.tickAsync(2_000);
    await Promise.all(calls);
    expectEvent('waited', { attempt: 1, duration: 2 });
    expect(events.names).to.deep.equal(['claimed', 'completed', 'waited', 'replayed']);
  });

  it('`waited` reports a duplicate that waited in another process, with or without an outcome', async () => {
    const store = new ScriptedStore();
    const first = payment(() => seconds(20), {}, store).pay();
    const patient = payment(undefined, { wait: 30 }, store.peer()).pay();
    const hasty = rejection(payment(undefined, { wait: 2 }, store.peer()).pay());
    await clock.tickAsync(2_500);
    await hasty;
    expectEvent('waited', { duration: 2 });
    expectEvent('refused', { code: 'ERR_IDEMPOTENCY_IN_PROGRESS', attempt: 1 });
    await clock.tickAsync(20_000);
    await Promise.all([first, patient]);
    expect(events.named('waited')).to.have.length(2);
  });

  it('`refused` has the code of each error that refuses a call', async () => {
    const store = new ScriptedStore();
    await payment(undefined, { fingerprint: 'card' }, store).pay();
    await rejection(payment(undefined, { fingerprint: 'card' }, store).pay({ card: 'other' }));
    expectEvent('refused', { code: 'ERR_IDEMPOTENCY_FINGERPRINT' }, 0);

    const unstorable = payment(() => () => marker);
    await unstorable.pay();
    await rejection(unstorable.pay());
    expectEvent('refused', { code: 'ERR_IDEMPOTENCY_OUTCOME_UNAVAILABLE' }, 1);

    const declared = payment(() => Promise.reject(new Error(marker)), {
      onError: () => 'unknown',
      onAbandoned: 'refuse',
    });
    await rejection(declared.pay());
    await rejection(declared.pay());
    expectEvent('refused', { code: 'ERR_IDEMPOTENCY_OUTCOME_UNKNOWN' }, 2);

    const recursive: { pay: () => Promise<unknown> } = payment(() => recursive.pay());
    await rejection(recursive.pay());
    expectEvent('refused', { code: 'ERR_IDEMPOTENCY_REENTRANT' }, 3);
  });

  it('`taken-over` says from what: released, abandoned or unknown, with the new attempt', async () => {
    let run = 0;
    const failing = payment(() => (run++ === 0 ? Promise.reject(new Error(marker)) : 'paid'));
    await rejection(failing.pay());
    await failing.pay();
    expectEvent('taken-over', { from: 'released', attempt: 2 }, 0);
    expectEvent('completed', { attempt: 2 }, 0);

    const store = new ScriptedStore().always('replace', 'fail');
    const crashing = payment(() => defer().promise, { lease: 1 }, store);
    void crashing.pay();
    await clock.tickAsync(2_500);
    await payment(undefined, { lease: 1 }, store.peer()).pay();
    expectEvent('taken-over', { from: 'abandoned', attempt: 2 }, 1);

    const unknown = payment(() => Promise.reject(new Error(marker)), { onError: () => 'unknown' });
    await rejection(unknown.pay());
    await rejection(unknown.pay());
    expectEvent('taken-over', { from: 'unknown', attempt: 2 }, 2);
    expect(events.named('claimed'), 'first claims').to.have.length(3);
  });

  it('`renewed` reports each renewal, and the new end of the lease', async () => {
    const startedAt = Date.now();
    const { pay } = payment(() => seconds(25), { lease: 30 });
    const call = pay();
    await clock.tickAsync(25_000);
    await call;
    expectEvent('renewed', { attempt: 1, duration: 10, leaseUntil: startedAt + 40_000 }, 0);
    expectEvent('renewed', { attempt: 1, duration: 20, leaseUntil: startedAt + 50_000 }, 1);
    expect(events.named('renewed')).to.have.length(2);
  });

  it('`claim-lost` reports a run whose lease could not be renewed, and `store-failed` why', async () => {
    const store = new ScriptedStore().always('replace', 'fail');
    let signal: AbortSignal | undefined;
    const { pay } = payment(
      () => {
        signal = currentExecution().signal;
        return seconds(5);
      },
      { lease: 3 },
      store,
    );
    const call = pay();
    await clock.tickAsync(2_999);
    expect(events.named('claim-lost')).to.deep.equal([]);
    await clock.tickAsync(1);
    expectEvent('claim-lost', { attempt: 1, duration: 3 });
    expectEvent('store-failed', { step: 'replace', failedOpen: false, duration: 1 });
    expect(events.named('store-failed')[0]?.error).to.be.instanceOf(Error);
    expect(signal?.aborted).to.equal(true);
    store.heal();
    await clock.tickAsync(2_000);
    await call;
    expect(events.named('claim-lost')).to.have.length(1);
  });

  it('`released` reports an error that is no outcome, `remembered` one that is, `unknown` one that may or may not have happened', async () => {
    for (const [decision, name] of [
      ['release', 'released'],
      ['remember', 'remembered'],
      ['unknown', 'unknown'],
    ] as const) {
      const failure = new Error(marker);
      const { pay } = payment(() => seconds(1).then(() => Promise.reject(failure)), {
        onError: () => decision,
      });
      const call = rejection(pay());
      await clock.tickAsync(1_000);
      expect(await call).to.equal(failure);
      expectEvent(name, { attempt: 1, duration: 1 });
    }
    expect(events.names).to.deep.equal([
      'claimed',
      'released',
      'claimed',
      'remembered',
      'claimed',
      'unknown',
    ]);
  });

  it('`outcome-not-stored` reports a result that cannot be stored, and why', async () => {
    await payment(() => ({ card: marker, print: () => marker })).pay();
    expectEvent('outcome-not-stored', { attempt: 1 });
    expect(events.named('outcome-not-stored')[0]?.reason).to.match(/function/);
    expect(events.names).to.deep.equal(['claimed', 'outcome-not-stored', 'completed']);
  });

  it('`outcome-not-stored` reports one larger than the store takes', async () => {
    const store = new ScriptedStore().next('replace', async () => {
      throw new StoreError('too large', { tooLarge: true });
    });
    await payment(undefined, {}, store).pay();
    expectEvent('outcome-not-stored', {});
    expect(events.named('outcome-not-stored')[0]?.reason).to.match(/larger/);
  });

  it('`outcome-not-stored` reports one that the store did not take for as long as a caller can wait', async () => {
    const store = new ScriptedStore().always('replace', 'fail');
    const call = payment(undefined, {}, store).pay();
    await clock.tickAsync(6_000);
    expect(await call).to.deep.equal({ card: marker });
    expectEvent('outcome-not-stored', {});
    expect(events.named('outcome-not-stored')).to.have.length(1);
    expect(events.named('completed')).to.deep.equal([]);
  });

  it('`store-failed` reports each failing step, a call without an answer, and a run without a claim', async () => {
    const store = new ScriptedStore().next('claim', 'fail', 'fail').next('find', 'fail');
    const error = await rejection(payment(undefined, {}, store).pay());
    expect(error).to.be.instanceOf(StoreError);
    expectEvent('store-failed', { step: 'claim', failedOpen: false }, 0);
    expect(events.named('store-failed')[1]?.error).to.equal((error as StoreError).cause);

    await payment(undefined, { readFirst: true }, store).pay();
    expectEvent('store-failed', { step: 'find', failedOpen: false }, 2);

    const open = payment(undefined, { onStoreFailure: 'run' }, store.peer().next('claim', 'fail', 'fail'));
    await open.pay({ id: 'another' });
    expectEvent('store-failed', { step: 'claim', failedOpen: true }, 5);

    const silent = payment(undefined, {}, new ScriptedStore().next('claim', 'hang'));
    const call = silent.pay();
    await clock.tickAsync(5_000);
    await call;
    expectEvent('store-failed', { step: 'claim', duration: 5 }, 6);
  });
});

describe('listening to events', () => {
  async function replayTwice(): Promise<number> {
    const clocks = [sinon.spy(Date, 'now'), sinon.spy(performance, 'now')];
    try {
      const pay = makeIdempotent(async () => 'paid', {
        name: 'paySilently',
        store: new InMemoryStore(),
        keepLocal: 1,
      });
      await pay();
      await pay();
      return clocks.reduce((sum, { callCount }) => sum + callCount, 0);
    } finally {
      for (const now of clocks) now.restore();
    }
  }

  it('costs nothing without a listener: no event is built, and the time is not read', async () => {
    const silent = await replayTwice();
    const events = new RecordedEvents();
    const heard = await replayTwice();
    events.stop();
    expect(events.names).to.deep.equal(['claimed', 'completed', 'replayed']);
    expect(heard - silent, 'times asked for the sake of events').to.equal(events.typed.length);
    expect(await replayTwice()).to.equal(silent);
  });

  it('ends with the function that it returns', async () => {
    const seen: string[] = [];
    const stop = onIdempotencyEvent('completed', ({ operation }) => seen.push(operation));
    await replayTwice();
    stop();
    stop();
    await replayTwice();
    expect(seen).to.deep.equal(['paySilently']);
    expect(channel('retrysafe:completed').hasSubscribers).to.equal(false);
  });

  it('refuses an unknown event, and names the known ones', () => {
    const error = thrown(() => onIdempotencyEvent('complete' as IdempotencyEventName, () => {}));
    expect(error).to.be.instanceOf(TypeError);
    expect((error as Error).message)
      .to.include('"complete"')
      .and.to.include('completed')
      .and.to.include('taken-over');
  });

  it('does not break the call when a listener throws: its error becomes an uncaught exception', async () => {
    const faults: unknown[] = [];
    const mochas = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.on('uncaughtException', (fault) => faults.push(fault));
    const failure = new Error('a faulty listener');
    const stops = (['claimed', 'completed', 'replayed'] as const).map((name) =>
      onIdempotencyEvent(name, () => {
        throw failure;
      }),
    );
    try {
      const pay = makeIdempotent(async () => 'paid', { name: 'payLoudly', store: new InMemoryStore() });
      expect(await pay()).to.equal('paid');
      expect(await pay()).to.equal('paid');
      await new Promise((resolve) => setImmediate(resolve));
    } finally {
      for (const stop of stops) stop();
      process.removeAllListeners('uncaughtException');
      for (const listener of mochas) process.on('uncaughtException', listener);
    }
    expect(faults).to.deep.equal([failure, failure, failure]);
  });
});
