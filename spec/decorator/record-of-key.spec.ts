import { expect } from 'chai';
import {
  ConfigurationError,
  configureIdempotency,
  currentExecution,
  Idempotent,
  InMemoryStore,
  InProgressError,
  KeyError,
  keyOf,
  makeIdempotent,
  recordOf,
  recordOfKey,
} from 'retrysafe';
import type { SinonFakeTimers } from 'sinon';
import { type Deferred, defer } from '../support/defer.js';
import { rejection, thrown } from '../support/rejection.js';
import { fakeTime } from '../support/time.js';

const started = Date.UTC(2026, 0, 1);

describe('the record under a key, for an operator who has the key alone', () => {
  let clock: SinonFakeTimers;
  let store: InMemoryStore;
  let runs: number;
  let gate: Deferred<void> | undefined;

  class Transfers {
    @Idempotent({ key: 'id', keepLocal: 10, wait: 0 })
    async send(transfer: { readonly id: string }): Promise<string> {
      runs += 1;
      await gate?.promise;
      return `${transfer.id} sent by run ${runs}`;
    }
  }
  const transfers = new Transfers();
  const transfer = { id: 't-1' };

  beforeEach(() => {
    clock = fakeTime(started);
    runs = 0;
    gate = undefined;
    store = new InMemoryStore();
    configureIdempotency({ store });
  });
  afterEach(() => {
    configureIdempotency({});
    clock.restore();
  });

  it('is shown as it is by the arguments of the call', async () => {
    await transfers.send(transfer);
    const byCall = recordOf(transfers, 'send', transfer);
    const byKey = recordOfKey(store, byCall.key);
    expect(await byKey.inspect())
      .to.deep.equal(await byCall.inspect())
      .and.to.include({ operation: 'Transfers.send', status: 'completed' });
    expect(byKey).to.include({ operation: 'Transfers.send', key: byCall.key });
  });

  it('is under the key that a running method, an error and an event name', async () => {
    const keys: string[] = [];
    gate = defer();
    const held = makeIdempotent(async (_id: string) => gate?.promise, { name: 'refuseKeys', wait: 0 });
    void held('a');
    await clock.tickAsync(0);
    const note = makeIdempotent(
      async (_id: string) => {
        keys.push(currentExecution().key);
        keys.push(((await rejection(held('a'))) as KeyError).key ?? '');
      },
      { name: 'noteKeys' },
    );
    await note('a');
    gate.resolve();
    expect(keys).to.deep.equal([keyOf(note, 'a'), keyOf(held, 'a')]);
  });

  it('is freed, also from what this process keeps: the next call runs', async () => {
    await transfers.send(transfer);
    expect(await transfers.send(transfer)).to.equal('t-1 sent by run 1');
    expect(await recordOfKey(store, keyOf(transfers, 'send', transfer)).forget()).to.equal(true);
    expect(await transfers.send(transfer)).to.equal('t-1 sent by run 2');
  });

  it('is taken from a running call by force alone, and the next call does not join that one', async () => {
    const [first, second] = [defer(), defer()];
    gate = first;
    const running = transfers.send(transfer).catch((error: unknown) => error);
    await clock.tickAsync(0);
    const { forget } = recordOfKey(store, keyOf(transfers, 'send', transfer));
    expect(await rejection(forget()))
      .to.be.instanceOf(InProgressError)
      .and.include({ retryAfter: 31 });
    expect(await forget({ force: true })).to.equal(true);
    gate = second;
    const next = transfers.send(transfer);
    await clock.tickAsync(0);
    expect(runs).to.equal(2);
    second.resolve();
    expect(await next).to.equal('t-1 sent by run 2');
    first.resolve();
    await running;
  });

  it('is abandoned after the tolerance that configureIdempotency sets', async () => {
    configureIdempotency({ store, clockTolerance: 60 });
    const { key } = recordOf(transfers, 'send', transfer);
    const owner = { key, token: 'dead.1', expiresAt: started + 86_400_000 };
    const state = {
      format: 1,
      status: 'in-progress',
      attempt: 1,
      fencingToken: started,
      startedAt: started,
      leaseUntil: started + 30_000,
    } as const;
    await store.claim({ ...owner, state }, started);
    const record = recordOfKey(store, key);
    await clock.tickAsync(89_999);
    expect(await record.inspect()).to.include({ status: 'in-progress' });
    await clock.tickAsync(1);
    expect(await record.inspect()).to.include({ status: 'abandoned' });
  });

  it('has the operation of a private method, whose name has a # of its own', () => {
    const key = `Orders.#place#${'0'.repeat(64)}`;
    expect(recordOfKey(store, key).operation).to.equal('Orders.#place');
  });

  it('is refused at once where there is no key, in words without it', () => {
    for (const wrong of ['4111-secret', '', `Transfers.send#${'g'.repeat(64)}`, `#${'0'.repeat(64)}`, 7]) {
      const error = thrown(() => recordOfKey(store, wrong as string)) as Error;
      expect(error).to.be.instanceOf(KeyError);
      expect(error.message)
        .to.match(/^recordOfKey: the key is /)
        .and.not.include('4111');
    }
  });

  it('is refused at once where there is no store', () => {
    for (const wrong of [undefined, {}, () => store, Promise.resolve(store)]) {
      const error = thrown(() => recordOfKey(wrong as never, keyOf(transfers, 'send', transfer)));
      expect(error).to.be.instanceOf(ConfigurationError);
    }
  });
});

describe('a handle of a record', () => {
  afterEach(() => configureIdempotency({}));

  it('keeps the key of the moment it was made, whatever becomes of the arguments', async () => {
    configureIdempotency({ store: new InMemoryStore() });
    const place = makeIdempotent(async (_order: { id: string }) => {}, { name: 'placeLater', key: 'id' });
    const order = { id: 'a' };
    const record = recordOf(place, order);
    await place(order);
    order.id = 'b';
    expect(await record.inspect()).to.include({ key: keyOf(place, { id: 'a' }), status: 'completed' });
  });

  it('refuses options of `forget` that it does not have, and frees nothing', async () => {
    configureIdempotency({ store: new InMemoryStore() });
    const place = makeIdempotent(async (_id: string) => {}, { name: 'placeForced' });
    await place('a');
    const record = recordOf(place, 'a');
    for (const wrong of [true, { forced: true }, { force: 'yes' }, null]) {
      const error = (await rejection(record.forget(wrong as never))) as Error;
      expect(error).to.be.instanceOf(ConfigurationError);
      expect(error.message).to.match(
        /^placeForced: forget\(\): .*(expected|the options are by, reason, token, force)/,
      );
    }
    expect(await record.inspect()).to.include({ status: 'completed' });
    expect(await record.forget({})).to.equal(true);
  });
});
