import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import {
  currentExecution,
  type IdempotencyRecord,
  InMemoryStore,
  makeIdempotent,
  type PersistenceStore,
  StoreError,
} from 'retrysafe';
import sinon from 'sinon';
import { defer } from '../../support/defer.js';
import { rejection } from '../../support/rejection.js';

type Step = 'claim' | 'replace' | 'find';
const steps = ['claim', 'replace', 'find'] as const;

let count = 0;

/** An operation under a name of its own, which reads first, so that each step of the store is needed. */
function operationOn(store: PersistenceStore, work: () => unknown = () => 'done') {
  count += 1;
  return makeIdempotent(async (_id: string) => work(), {
    name: `stepping ${count}`,
    store,
    readFirst: true,
  });
}

describe('a call on an InMemoryStore', () => {
  let made: Step[];

  beforeEach(() => {
    made = [];
  });

  afterEach(() => {
    sinon.restore();
  });

  /** The store with each method noted and passed on. */
  const noting = (store: PersistenceStore): PersistenceStore => ({
    claim: (record, now) => {
      made.push('claim');
      return store.claim(record, now);
    },
    replace: (record, token) => {
      made.push('replace');
      return store.replace(record, token);
    },
    find: (key) => {
      made.push('find');
      return store.find(key);
    },
  });

  const callsEachStep = async (store: PersistenceStore) => {
    expect(await operationOn(store)('a')).to.equal('done');
    expect(made).to.deep.equal(['find', 'claim', 'replace']);
  };

  it('calls the methods of a subclass', async () => {
    class Noting extends InMemoryStore {
      override async claim(record: IdempotencyRecord, now: number) {
        made.push('claim');
        return super.claim(record, now);
      }

      override async replace(record: IdempotencyRecord, token: string) {
        made.push('replace');
        return super.replace(record, token);
      }

      override async find(key: string) {
        made.push('find');
        return super.find(key);
      }
    }
    await callsEachStep(new Noting());
  });

  it('calls the method that a subclass has, where it has one', async () => {
    class Failing extends InMemoryStore {
      override async replace(): Promise<never> {
        throw new Error('no');
      }
    }
    const store = new Failing();
    const released = operationOn(store, () => {
      throw new Error('the method failed');
    });
    await rejection(released('a'));
    expect(store.records()).to.have.nested.property('[0].state.status', 'in-progress');
  });

  it('calls methods that are properties of the store', async () => {
    const store = new InMemoryStore();
    await callsEachStep(Object.assign(store, noting(ownMethods(store))));
  });

  it('calls spies on the store', async () => {
    const store = new InMemoryStore();
    const spies = steps.map((step) => sinon.spy(store, step));
    expect(await operationOn(store)('a')).to.equal('done');
    for (const spy of spies) sinon.assert.calledOnce(spy);
  });

  it('calls spies on the class', async () => {
    const spies = steps.map((step) => sinon.spy(InMemoryStore.prototype, step));
    expect(await operationOn(new InMemoryStore())('a')).to.equal('done');
    for (const spy of spies) sinon.assert.calledOnce(spy);
  });

  for (const step of steps) {
    it(`calls a spy on ${step} alone`, async () => {
      const store = new InMemoryStore();
      const spy = sinon.spy(store, step);
      await operationOn(store)('a');
      sinon.assert.calledOnce(spy);
    });
  }

  it('calls a spy on a store that was used before, and no longer after it is removed', async () => {
    const store = new InMemoryStore();
    await operationOn(store)('a');
    const spy = sinon.spy(store, 'claim');
    await operationOn(store)('b');
    sinon.assert.calledOnce(spy);
    spy.restore();
    await operationOn(store)('c');
    sinon.assert.calledOnce(spy);
    expect(store.size).to.equal(3);
  });

  it('calls a spy that is put in place while its method runs', async () => {
    const store = new InMemoryStore();
    const end = defer<string>();
    const call = operationOn(store, () => end.promise)('a');
    await new Promise((resolve) => setImmediate(resolve));
    const spy = sinon.spy(store, 'replace');
    end.resolve('done');
    expect(await call).to.equal('done');
    sinon.assert.calledOnce(spy);
  });

  it('calls a proxy around it', async () => {
    const noted = noting(new InMemoryStore());
    await callsEachStep(new Proxy(new InMemoryStore(), { get: (_, name) => Reflect.get(noted, name) }));
  });

  it('calls a proxy around it that passes everything on', async () => {
    const store = new InMemoryStore();
    const proxy = new Proxy(store, {
      get: (target, name) => {
        const value = Reflect.get(target, name);
        if (steps.includes(name as Step)) made.push(name as Step);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    expect(await operationOn(proxy)('a')).to.equal('done');
    expect(new Set(made)).to.deep.equal(new Set(steps));
    expect(store.size).to.equal(1);
  });

  it('calls the methods of an object that inherits from it', async () => {
    const store = new InMemoryStore();
    await callsEachStep(Object.assign(Object.create(store), noting(store)));
    expect(store.size).to.equal(1);
  });

  it('fails where an object only inherits from it, as its methods do', async () => {
    const store = new InMemoryStore();
    const error = await rejection(operationOn(Object.create(store))('a'));
    expect(error).to.be.instanceOf(StoreError);
    expect(store.size).to.equal(0);
  });

  it('calls the methods of a store of another copy of the library', async () => {
    // Whatever `require` would find: in some versions of Node.js it is the copy that is imported here.
    const file = fileURLToPath(new URL('../../../../dist/cjs/index.js', import.meta.url));
    const other: { readonly InMemoryStore: typeof InMemoryStore } = createRequire(import.meta.url)(file);
    const store = new other.InMemoryStore();
    expect(store).not.to.be.instanceOf(InMemoryStore);
    const work = sinon.spy(() => 'done');
    const operation = operationOn(store, work);
    expect([await operation('a'), await operation('a')]).to.deep.equal(['done', 'done']);
    sinon.assert.calledOnce(work);
    expect(store.records()).to.have.nested.property('[0].state.status', 'completed');
    const spies = steps.map((step) => sinon.spy(other.InMemoryStore.prototype, step));
    await operation('b');
    for (const spy of spies) sinon.assert.calledOnce(spy);
  });

  it('shares nothing of a completion with the store', async () => {
    const store = new InMemoryStore();
    await operationOn(store, async () => {
      const { record, token } = await currentExecution().completion({ items: [1] });
      const holder = await store.replace(record, token);
      spoil(record);
      spoil(holder);
      return { items: [1] };
    })('a');
    expect(store.records()).to.have.nested.property('[0].state.status', 'completed');
    expect(JSON.stringify(store.records())).not.to.include('spoiled');
  });
});

describe('an InMemoryStore', () => {
  const record = (): IdempotencyRecord => ({
    key: 'a key',
    token: 'owner.1',
    expiresAt: 2_000,
    state: { format: 1, status: 'unknown', attempt: 1, fencingToken: 1 },
  });
  const next = (): IdempotencyRecord => ({ ...record(), token: 'owner.2' });

  /** What the store keeps, after everything was spoiled that it took and returned. */
  const kept = (store: InMemoryStore, ...shared: readonly unknown[]) => {
    for (const one of shared) spoil(one);
    return store.records();
  };

  it('shares nothing with the record that it claims, nor with the one that it returns', async () => {
    const store = new InMemoryStore();
    const written = record();
    const holder = await store.claim(written, 1_000);
    expect(holder).to.deep.equal(written);
    const other = await store.claim(next(), 1_000);
    expect(other).to.deep.equal(record());
    expect(kept(store, written, holder, other)).to.deep.equal([record()]);
  });

  it('shares nothing with the record that replaces another, nor with the one that it returns', async () => {
    const store = new InMemoryStore();
    await store.claim(record(), 1_000);
    const written = next();
    const holder = await store.replace(written, 'owner.1');
    expect(holder).to.deep.equal(written);
    const other = await store.replace({ ...record(), token: 'owner.3' }, 'owner.1');
    expect(other).to.deep.equal(next());
    expect(kept(store, written, holder, other)).to.deep.equal([next()]);
  });

  it('shares nothing with the records that it finds', async () => {
    const store = new InMemoryStore();
    await store.claim(record(), 1_000);
    const found = [await store.find('a key'), ...store.records()];
    expect(found).to.deep.equal([record(), record()]);
    expect(kept(store, ...found)).to.deep.equal([record()]);
  });

  it('returns what it keeps, whatever becomes of the argument before it has returned', async () => {
    const store = new InMemoryStore();
    const written = record();
    const claiming = store.claim(written, 1_000);
    spoil(written);
    expect(await claiming).to.deep.equal(record());
  });
});

function ownMethods(store: InMemoryStore): PersistenceStore {
  const { claim, replace, find } = InMemoryStore.prototype;
  return { claim: claim.bind(store), replace: replace.bind(store), find: find.bind(store) };
}

/** Changes everything in a record that can be changed. */
function spoil(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [name, part] of Object.entries(value)) {
    spoil(part);
    Object.assign(value, { [name]: 'spoiled' });
  }
}
