import { expect } from 'chai';
import {
  ClaimLostError,
  ConfigurationError,
  configureIdempotency,
  type IdempotencyRecord,
  InMemoryStore,
  InProgressError,
  makeIdempotent,
  NotResolvedError,
  OutcomeUnavailableError,
  OutcomeUnknownError,
  type ResolveOptions,
  recordOf,
  recordOfKey,
} from 'retrysafe';
import { abandon } from 'retrysafe/testing';
import type { SinonFakeTimers } from 'sinon';
import { defer } from '../support/defer.js';
import { deployable, restOfTurn } from '../support/deployment.js';
import { RecordedEvents } from '../support/recorded-events.js';
import { rejection } from '../support/rejection.js';
import { ScriptedStore } from '../support/scripted-store.js';
import { fakeTime } from '../support/time.js';

interface Hold {
  readonly id: string;
  readonly amount: number;
}

const hold: Hold = { id: 'T-1', amount: 5 };
const now = Date.UTC(2026, 0, 1);
let count = 0;

describe('an operator who resolves a key', () => {
  let clock: SinonFakeTimers;
  let store: ScriptedStore;
  let work: (given: Hold) => Promise<unknown>;
  let placeHold: (given: Hold) => Promise<unknown>;
  let runs: number;

  beforeEach(() => {
    clock = fakeTime(now);
    store = new ScriptedStore();
    configureIdempotency({ store, runtime: 'pride-1' });
    runs = 0;
    count += 1;
    work = async () => 'placed';
    placeHold = makeIdempotent(
      (given: Hold) => {
        runs += 1;
        return work(given);
      },
      { name: `holds ${count}`, key: 'id', fingerprint: 'amount', ttl: 600, onAbandoned: 'refuse', wait: 0 },
    );
  });
  afterEach(() => {
    configureIdempotency({});
    clock.restore();
  });

  const handle = () => recordOf(placeHold, hold);
  const view = () => handle().inspect();

  describe('with a value', () => {
    beforeEach(async () => {
      await abandon(placeHold, hold);
    });

    it('lets every equal call get it, with its types, and never runs the method', async () => {
      const placedAt = new Date(5);
      const isDone = await handle().resolve({ as: 'value', value: { placedAt }, by: 'ada', reason: 'INC-7' });
      expect(isDone).to.equal(true);
      expect(await placeHold(hold)).to.deep.equal({ placedAt });
      expect(runs).to.equal(0);
    });

    it('keeps it for the ttl of the operation, or for the one that is given', async () => {
      await handle().resolve({ as: 'value', value: 1 });
      expect((await view())?.expiresAt).to.equal(now + 600_000);
      await handle().forget();
      await handle().resolve({ as: 'value', value: 1, ttl: '2h' });
      expect((await view())?.expiresAt).to.equal(now + 7_200_000);
    });

    it('still refuses another request with the key', async () => {
      await handle().resolve({ as: 'value', value: 1 });
      expect(await rejection(placeHold({ ...hold, amount: 6 }))).to.include({
        code: 'ERR_IDEMPOTENCY_FINGERPRINT',
      });
    });

    it('leaves who, when and why in the record, and what it was before', async () => {
      await clock.tickAsync(10);
      await handle().resolve({ as: 'value', value: 1, by: 'ada', reason: 'INC-7' });
      expect(await view()).to.deep.include({
        status: 'completed',
        attempt: 1,
        by: 'ada',
        why: { kind: 'resolved', as: 'value', reason: 'INC-7' },
        completedAt: now + 10,
      });
      const [before] = (await view())?.past ?? [];
      expect(before).to.include({ status: 'in-progress', attempt: 1, by: 'pride-1' });
    });

    it('is refused where the value cannot be stored, and changes nothing', async () => {
      const error = await rejection(handle().resolve({ as: 'value', value: () => 1 }));
      expect(error).to.be.instanceOf(ConfigurationError);
      expect((error as Error).message).to.match(/option "value" cannot be stored/);
      expect(await view()).to.include({ status: 'abandoned' });
    });
  });

  it('by another run lets the next equal call run, as another attempt at the same request', async () => {
    await abandon(placeHold, hold);
    expect(await rejection(placeHold(hold))).to.be.instanceOf(OutcomeUnknownError);
    expect(await handle().resolve({ as: 'run-again' })).to.equal(true);
    expect(await rejection(placeHold({ ...hold, amount: 6 }))).to.include({
      code: 'ERR_IDEMPOTENCY_FINGERPRINT',
    });
    expect(await placeHold(hold)).to.equal('placed');
    expect(await view()).to.include({ status: 'completed', attempt: 2 });
    expect((await view())?.past?.map(({ status }) => status)).to.deep.equal(['in-progress', 'released']);
  });

  it('by a refusal lets equal calls hear who decided it, when and why', async () => {
    await abandon(placeHold, hold);
    await handle().resolve({ as: 'refuse', by: 'ada', reason: 'INC-7' });
    const error = await rejection(placeHold(hold));
    expect(error).to.be.instanceOf(OutcomeUnavailableError).and.include({ isRefused: true });
    expect((error as Error).message).to.include(
      'an operator decided that this call gets no outcome and runs no more: it was refused by ada at 2026-01-01T00:00:00.000Z (INC-7)',
    );
    expect(runs).to.equal(0);
  });

  it('decides about a key that is unknown, abandoned, released or unreadable alike', async () => {
    const unknown = makeIdempotent(async () => Promise.reject(new Error('busy')), {
      name: `unknown ${count}`,
      onError: () => 'unknown',
    });
    const released = makeIdempotent(async () => Promise.reject(new Error('busy')), {
      name: `released ${count}`,
    });
    for (const call of [unknown, released]) {
      await rejection(call());
      expect(await recordOf(call).resolve({ as: 'value', value: 'decided' })).to.equal(true);
      expect(await call()).to.equal('decided');
    }
    await abandon(placeHold, hold);
    const { key } = handle();
    const { token } = (await store.inner.find(key)) as IdempotencyRecord;
    await store.inner.replace(
      { key, token: 'later.1', expiresAt: now + 1e9, state: { format: 99 } as never },
      token,
    );
    expect(await handle().resolve({ as: 'value', value: 'decided' })).to.equal(true);
    expect(await placeHold(hold)).to.equal('decided');
  });

  it('changes no outcome', async () => {
    await placeHold(hold);
    for (const options of [{ as: 'value', value: 1 }, { as: 'run-again' }, { as: 'refuse' }] as const) {
      const error = await rejection(handle().resolve({ ...options, force: true }));
      expect(error).to.be.instanceOf(NotResolvedError);
      expect((error as Error).message).to.match(/has an outcome already.*forget\(\) first/);
    }
    expect(await placeHold(hold)).to.equal('placed');
  });

  it('finds nothing to decide where there is no record, or the key is free', async () => {
    expect(await handle().resolve({ as: 'value', value: 1 })).to.equal(false);
    await abandon(placeHold, hold);
    await handle().forget();
    expect(await handle().resolve({ as: 'run-again' })).to.equal(false);
  });

  it('leaves a running call alone, unless it is forced: then its caller gets the value, too', async () => {
    const gate = defer<string>();
    work = () => gate.promise;
    const running = placeHold(hold);
    await clock.tickAsync(0);
    const error = await rejection(handle().resolve({ as: 'value', value: 'decided' }));
    expect(error).to.be.instanceOf(InProgressError);
    expect((error as Error).message).to.include('the option `force`');
    expect(await handle().resolve({ as: 'value', value: 'decided', force: true })).to.equal(true);
    gate.resolve('placed');
    expect(await running).to.equal('decided');
    expect(await placeHold(hold)).to.equal('decided');
  });

  it('by force aborts a running call that is to run again', async () => {
    const gate = defer<string>();
    work = () => gate.promise;
    const running = rejection(placeHold(hold));
    await clock.tickAsync(0);
    await handle().resolve({ as: 'run-again', force: true });
    gate.resolve('placed');
    expect(await running).to.be.instanceOf(ClaimLostError);
  });

  it('decides about the version that was seen, and about no other', async () => {
    await abandon(placeHold, hold);
    const seen = (await view())?.token as string;
    await handle().resolve({ as: 'run-again', token: seen });
    for (const decide of [
      () => handle().resolve({ as: 'value', value: 1, token: seen }),
      () => handle().forget({ token: seen }),
    ]) {
      const error = await rejection(decide());
      expect(error).to.be.instanceOf(NotResolvedError);
      expect((error as Error).message).to.match(/has changed since it was read/);
    }
    expect(await view()).to.include({ status: 'released' });
  });

  it('does not overwrite what came between its read and its write', async () => {
    await abandon(placeHold, hold);
    const { key } = handle();
    store.next('replace', async (apply) => {
      const before = (await store.inner.find(key)) as IdempotencyRecord;
      const outcome = { kind: 'value', json: 'of another' } as const;
      const state = { ...before.state, status: 'completed', completedAt: now, outcome } as never;
      await store.inner.replace({ ...before, token: 'another.1', state }, before.token);
      return apply();
    });
    expect(await rejection(handle().resolve({ as: 'value', value: 1 }))).to.be.instanceOf(NotResolvedError);
    expect(await placeHold(hold)).to.equal('of another');
  });

  it('tells what it decided by an event', async () => {
    const events = new RecordedEvents();
    await abandon(placeHold, hold);
    await handle().resolve({ as: 'refuse', by: 'ada', reason: 'INC-7' });
    await handle().forget();
    events.stop();
    expect(events.typed.map(({ name, as, by, reason }) => [name, as, by, reason])).to.deep.equal([
      ['resolved', 'refuse', 'ada', 'INC-7'],
      ['resolved', 'forgotten', 'pride-1', undefined],
    ]);
  });

  it('lets calls of its process that wait go on at once', async () => {
    const operation = deployable({ wait: 60 });
    void operation(new ScriptedStore(store.inner), () => new Promise(() => {}))('a');
    await restOfTurn();
    const waiting = operation(store, async () => 'ran');
    const call = waiting('a');
    // By then it pauses for long between two reads.
    await clock.tickAsync(20_000);
    const reads = store.count('find');
    await recordOf(waiting, 'a').resolve({ as: 'value', value: 'decided', force: true });
    await restOfTurn();
    expect(await call).to.equal('decided');
    expect(store.count('find') - reads, 'its own consistent read, and one of the call').to.equal(2);
    expect(Date.now()).to.equal(now + 20_000);
  });

  it('refuses wrong options, and changes nothing', async () => {
    await abandon(placeHold, hold);
    for (const [options, message] of [
      [undefined, /the options are undefined; expected an object such as/],
      [{}, /option "as" is undefined; expected one of 'value', 'run-again', 'refuse'/],
      [{ as: 'forgotten' }, /option "as" is a text of 9 characters; expected one of/],
      [{ as: 'run-again', value: 1 }, /there is no option "value" beside as: 'run-again'/],
      [{ as: 'refuse', ttl: 0 }, /option "ttl" is 0; expected/],
      [{ as: 'refuse', by: '' }, /option "by" is an empty text; expected a text of 1 to 200 characters/],
      [{ as: 'refuse', reason: 5 }, /option "reason" is 5; expected a text/],
      [{ as: 'refuse', force: 'yes' }, /option "force" is a text of 3 characters; expected true or false/],
      [{ as: 'refuse', token: 7 }, /option "token" is 7; expected the `token` of a view/],
    ] as const) {
      const error = await rejection(handle().resolve(options as unknown as ResolveOptions));
      expect(error).to.be.instanceOf(ConfigurationError);
      expect((error as Error).message).to.match(message);
    }
    expect(await view()).to.include({ status: 'abandoned' });
  });

  it('needs no more than the key', async () => {
    await abandon(placeHold, hold);
    const { key } = handle();
    await recordOfKey(store, key).resolve({ as: 'value', value: 'decided' });
    expect(await placeHold(hold)).to.equal('decided');
  });

  it('keeps the last five states of a key that is decided again and again', async () => {
    const plain = new InMemoryStore();
    configureIdempotency({ store: plain });
    const failing = makeIdempotent(async () => Promise.reject(new Error('busy')), {
      name: `failing ${count}`,
    });
    for (let attempt = 1; attempt <= 9; attempt += 1) await rejection(failing());
    const { past, attempt } = (await recordOf(failing).inspect()) ?? {};
    expect(attempt).to.equal(9);
    expect(past?.map((state) => state.attempt)).to.deep.equal([4, 5, 6, 7, 8]);
  });
});
