import { expect } from 'chai';
import {
  currentExecution,
  FingerprintError,
  type IdempotentOptions,
  makeIdempotent,
  onIdempotencyEvent,
  recordOf,
} from 'retrysafe';
import type { SinonFakeTimers } from 'sinon';
import { restOfTurn } from '../../support/deployment.js';
import { rejection } from '../../support/rejection.js';
import { ScriptedStore } from '../../support/scripted-store.js';
import { fakeTime } from '../../support/time.js';

describe('outcomes that a process keeps (keepLocal)', () => {
  let clock: SinonFakeTimers;
  beforeEach(() => {
    clock = fakeTime();
  });
  afterEach(() => clock.restore());

  function keeping(options: IdempotentOptions = {}, store = new ScriptedStore()) {
    const runs: string[] = [];
    const price = makeIdempotent(
      async function priceOf(sku: string, _options?: { note: string }) {
        runs.push(sku);
        return { sku, at: new Date() };
      },
      { store, key: (sku: string) => sku, keepLocal: 2, ttl: 60, ...options },
    );
    /** How many store calls it takes to call for these. */
    const storeCalls = async (...skus: string[]) => {
      const before = store.count();
      for (const sku of skus) await price(sku);
      return store.count() - before;
    };
    return { price, runs, store, storeCalls };
  }

  it('answer a replay without a store call', async () => {
    const { price, runs, storeCalls } = keeping();
    const first = await price('book');
    expect(await storeCalls('book', 'book', 'book')).to.equal(0);
    expect(await price('book')).to.deep.equal(first);
    expect(runs).to.deep.equal(['book']);
  });

  it('are named as the source in the event of the replay', async () => {
    const sources: string[] = [];
    const stop = onIdempotencyEvent('replayed', ({ source }) => sources.push(source));
    const { price, store } = keeping();
    await price('book');
    await price('book');
    const elsewhere = keeping({}, store.peer());
    await elsewhere.price('book');
    stop();
    expect(sources).to.deep.equal(['kept', 'store']);
  });

  it('include those that other processes recorded', async () => {
    const { price, store } = keeping();
    await price('book');
    const elsewhere = keeping({}, store.peer());
    expect(await elsewhere.storeCalls('book')).to.equal(1);
    expect(await elsewhere.storeCalls('book', 'book')).to.equal(0);
    expect(elsewhere.runs).to.deep.equal([]);
  });

  it('are none without the option', async () => {
    const { price, storeCalls } = keeping({ keepLocal: 0 });
    await price('book');
    expect(await storeCalls('book')).to.equal(1);
  });

  it('are no more than the option says; the least recently used one is dropped first', async () => {
    const { price, runs, storeCalls } = keeping();
    await price('book');
    await price('pen');
    expect(await storeCalls('book')).to.equal(0);
    await price('ink');
    expect(await storeCalls('book', 'ink'), 'of those that stayed').to.equal(0);
    expect(await storeCalls('pen'), 'of the one that left').to.equal(1);
    expect(runs).to.deep.equal(['book', 'pen', 'ink']);
  });

  it('are counted per operation', async () => {
    const store = new ScriptedStore();
    const one = keeping({ name: 'first price' }, store);
    const other = keeping({ name: 'second price' }, store);
    for (const sku of ['book', 'pen']) {
      await one.price(sku);
      await other.price(sku);
    }
    expect(await one.storeCalls('book', 'pen')).to.equal(0);
    expect(await other.storeCalls('book', 'pen')).to.equal(0);
  });

  it('are dropped at their expiry, and not before', async () => {
    const { price, runs, storeCalls } = keeping();
    await price('book');
    await clock.tickAsync(59_999);
    expect(await storeCalls('book')).to.equal(0);
    await clock.tickAsync(1);
    expect(await storeCalls('book')).to.be.greaterThan(0);
    expect(runs).to.deep.equal(['book', 'book']);
  });

  it('are dropped at the expiry of the record also where they were read later', async () => {
    const { price, store } = keeping();
    await price('book');
    await clock.tickAsync(50_000);
    const elsewhere = keeping({}, store.peer());
    await elsewhere.price('book');
    await clock.tickAsync(10_000);
    await elsewhere.price('book');
    expect(elsewhere.runs).to.deep.equal(['book']);
  });

  it('are dropped when they are forgotten', async () => {
    const { price, runs, storeCalls } = keeping();
    await price('book');
    await price('book');
    expect(await recordOf(price, 'book').forget()).to.equal(true);
    await price('book');
    expect(runs).to.deep.equal(['book', 'book']);
    expect(await storeCalls('book'), 'of the new outcome').to.equal(0);
  });

  it('are dropped when they are forgotten, also where an equal call stored one meanwhile', async () => {
    const { price, runs, store } = keeping();
    await price('book');
    store.next('find', 'hold');
    const forgotten = recordOf(price, 'book').forget();
    await restOfTurn();
    await price('book');
    await store.held[0]?.release();
    expect(await forgotten).to.equal(true);
    await price('book');
    expect(runs).to.deep.equal(['book', 'book']);
  });

  it('are dropped when they are forgotten, also where another process read one before it stored it', async () => {
    const { price, store } = keeping();
    await price('book');
    const elsewhere = keeping({}, store.peer());
    elsewhere.store.next('replace', 'hold');
    const forgotten = recordOf(elsewhere.price, 'book').forget();
    await restOfTurn();
    await elsewhere.price('book');
    await elsewhere.store.held[0]?.release();
    expect(await forgotten).to.equal(true);
    await elsewhere.price('book');
    expect(elsewhere.runs).to.deep.equal(['book']);
  });

  it('are not returned to a call with another fingerprint', async () => {
    const { price, runs } = keeping({
      fingerprint: (_sku: string, options?: { note: string }) => options?.note,
    });
    await price('book', { note: 'first' });
    await price('book', { note: 'first' });
    expect(await rejection(price('book', { note: 'other' }))).to.be.instanceOf(FingerprintError);
    expect(runs).to.deep.equal(['book']);
  });

  it('include remembered errors', async () => {
    const store = new ScriptedStore();
    let runs = 0;
    const declinedPrice = makeIdempotent(
      async function declinedPrice() {
        runs += 1;
        throw new RangeError('out of range');
      },
      { store, keepLocal: 1, remember: [RangeError] },
    );
    await rejection(declinedPrice());
    const before = store.count();
    expect(await rejection(declinedPrice())).to.be.instanceOf(RangeError);
    expect(store.count()).to.equal(before);
    expect(runs).to.equal(1);
  });

  it('include completions that methods write in their transactions', async () => {
    const store = new ScriptedStore();
    let runs = 0;
    const transactionalPrice = makeIdempotent(
      async function transactionalPrice() {
        runs += 1;
        const { record, token } = await currentExecution().completion(7);
        await store.inner.replace(record, token);
        return 7;
      },
      { store, keepLocal: 1 },
    );
    await transactionalPrice();
    const before = store.count();
    expect(await transactionalPrice()).to.equal(7);
    expect(store.count()).to.equal(before);
    expect(runs).to.equal(1);
  });

  it('include what a first read finds, which is then consistent', async () => {
    const { price, store } = keeping();
    await price('book');
    const peer = store.peer();
    const asked: unknown[] = [];
    const find = peer.find.bind(peer);
    peer.find = (key, options) => {
      asked.push(options);
      return find(key, options);
    };
    const elsewhere = keeping({ readFirst: true }, peer);
    expect(await elsewhere.storeCalls('book')).to.equal(1);
    expect(await elsewhere.storeCalls('book')).to.equal(0);
    expect(asked).to.deep.equal([{ consistent: true }]);
  });

  it('do not include what was released', async () => {
    let runs = 0;
    const flakyPrice = makeIdempotent(
      async function flakyPrice() {
        runs += 1;
        if (runs === 1) throw new Error('not now');
        return runs;
      },
      { store: new ScriptedStore(), keepLocal: 1 },
    );
    await rejection(flakyPrice());
    expect(await flakyPrice()).to.equal(2);
    expect(await flakyPrice()).to.equal(2);
  });
});
