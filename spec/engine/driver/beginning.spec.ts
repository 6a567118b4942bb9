import { expect } from 'chai';
import {
  type AbandonedDecision,
  currentExecution,
  type IdempotencyRecord,
  type IdempotentOptions,
  InMemoryStore,
  keyOf,
  onIdempotencyEvent,
  type PersistenceStore,
  recordOfKey,
} from 'retrysafe';
import { defer } from '../../support/defer.js';
import { crash, deployable, restOfTurn } from '../../support/deployment.js';
import { ScriptedStore } from '../../support/scripted-store.js';
import { fakeTime } from '../../support/time.js';

/** Stores of each kind: some let a call go on in the turn in which it was made. */
const stores: Readonly<Record<string, () => PersistenceStore>> = {
  'that is in memory': () => new InMemoryStore(),
  'that returns promises': () => new ScriptedStore(),
  'that returns values, as JavaScript allows': () => new StoreOfValues() as unknown as PersistenceStore,
  'that returns promises of another kind': () => new StoreOfThenables() as unknown as PersistenceStore,
};

for (const [kind, create] of Object.entries(stores)) {
  describe(`a call on a store ${kind}`, () => {
    let clock: ReturnType<typeof fakeTime>;
    let store: PersistenceStore;
    let operation: ReturnType<typeof deployable>;
    let isReturned: boolean;
    /** Whether the call had returned its promise when what began. */
    let begun: string[];

    beforeEach(() => {
      clock = fakeTime();
      store = create();
      operation = deployable({ wait: 60, lease: 30 });
      begun = [];
    });

    afterEach(() => {
      clock.restore();
    });

    const begin = (what: string) => {
      begun.push(`${what} ${isReturned ? 'after' : 'before'} the promise`);
    };

    const call = (options: IdempotentOptions = {}, id = 'a') => {
      isReturned = false;
      const method = async () => {
        begin('method');
        return 'done';
      };
      const promise = operation(store, method, options)(id);
      isReturned = true;
      return promise;
    };

    it('returns its promise before its method begins', async () => {
      expect(await call()).to.equal('done');
      expect(begun).to.deep.equal(['method after the promise']);
    });

    it('returns its promise before its method begins anew, under a key that was released', async () => {
      await operation(store, () => Promise.reject(new Error('no')))('a').catch(() => {});
      await call();
      expect(begun).to.deep.equal(['method after the promise']);
    });

    it('returns its promise before the recovery function begins', async () => {
      const peer = new ScriptedStore(store);
      await crash(operation, peer, 'a');
      clock.setSystemTime(Date.now() + 60_000);
      const onAbandoned = (): AbandonedDecision<unknown> => {
        begin('onAbandoned');
        return 'run';
      };
      await call({ onAbandoned });
      expect(begun).to.deep.equal(['onAbandoned after the promise', 'method after the promise']);
    });

    it('returns its promise before a replay is changed on its way', async () => {
      const mapReplay = (value: unknown) => {
        begin('mapReplay');
        return value;
      };
      await call();
      await call({ mapReplay });
      expect(begun).to.deep.equal(['method after the promise', 'mapReplay after the promise']);
    });

    it('returns its promise before what this process keeps is changed on its way', async () => {
      const mapReplay = (value: unknown) => {
        begin('mapReplay');
        return value;
      };
      await call({ keepLocal: 10 });
      await call({ keepLocal: 10, mapReplay });
      expect(begun).to.deep.equal(['method after the promise', 'mapReplay after the promise']);
    });

    it('joins one that began in the same turn', async () => {
      const [first, second] = await Promise.all([call(), call()]);
      expect([first, second]).to.deep.equal(['done', 'done']);
      expect(begun).to.deep.equal(['method after the promise']);
    });

    it('has its completion where its method asks for it at once', async () => {
      let key = '';
      const work = async () => {
        key = currentExecution().key;
        const { record, token } = await currentExecution().completion('recorded');
        await store.replace(record, token);
        return 'recorded';
      };
      expect(await operation(store, work)('a')).to.equal('recorded');
      expect(await store.find(key)).to.have.nested.property('state.status', 'completed');
    });

    it('is aborted once, and its listeners may call the library', async () => {
      const end = defer<string>();
      const answers: unknown[] = [];
      const other = operation(store, async () => 'another');
      const work = () => {
        const execution = currentExecution();
        execution.signal.addEventListener('abort', () => {
          for (const made of [other('a'), other('b'), execution.completion('too late')])
            made.then(
              (answer) => answers.push(answer),
              (error: Error) => answers.push(error.name),
            );
        });
        return end.promise;
      };
      const lost = operation(store, work, { lease: 5, renewFor: 5 })('a');
      lost.catch(() => {});
      await clock.tickAsync(5_500);
      expect(answers).to.have.members(['another', 'ClaimLostError']);
      await clock.tickAsync(20_000);
      expect(answers).to.have.members(['another', 'another', 'ClaimLostError']);
      end.resolve('mine');
      expect(await lost).to.equal('another');
    });

    it('loses no news of the call that it joins, while a listener hears of the one before', async () => {
      const end = defer<string>();
      operation(store, () => end.promise)('a').catch(() => {});
      const key = keyOf(
        operation(store, async () => undefined),
        'a',
      );
      const joined = [1, 2].map((n) => operation(store, async () => `${n} ran`)('a'));
      for (const one of joined) one.catch(() => {});
      await restOfTurn();
      let forgotten: Promise<boolean> | undefined;
      // The second one joins the first, and is sent away while it tells that it has waited.
      const waited: number[] = [];
      const stop = onIdempotencyEvent('waited', () => {
        waited.push(waited.length);
        if (waited.length === 2) forgotten = recordOfKey(store, key).forget({ force: true });
      });
      try {
        end.reject(new Error('no'));
        for (let turn = 0; turn < 5; turn += 1) await restOfTurn();
        expect(await forgotten).to.be.a('boolean');
        // No time has passed: no timer brought it on.
        expect(waited.length).to.be.at.least(3);
      } finally {
        stop();
        await clock.runToLastAsync();
        await Promise.allSettled(joined);
      }
    });
  });
}

/** As a store in JavaScript may be: what the engine awaits need be no promise. */
class StoreOfValues {
  readonly #records = new Map<string, IdempotencyRecord>();

  claim(record: IdempotencyRecord, now: number): IdempotencyRecord {
    const holder = this.#records.get(record.key);
    if (!holder || holder.expiresAt <= now) this.#records.set(record.key, structuredClone(record));
    return structuredClone(this.#records.get(record.key) as IdempotencyRecord);
  }

  replace(record: IdempotencyRecord, token: string): IdempotencyRecord | undefined {
    if (this.#records.get(record.key)?.token === token)
      this.#records.set(record.key, structuredClone(record));
    return structuredClone(this.#records.get(record.key));
  }

  find(key: string): IdempotencyRecord | undefined {
    return structuredClone(this.#records.get(key));
  }
}

/** Its promises are none of this realm: they have a `then`, and call back in the turn in which they are asked. */
class StoreOfThenables {
  readonly #inner = new StoreOfValues();

  claim(record: IdempotencyRecord, now: number) {
    return thenable(this.#inner.claim(record, now));
  }

  replace(record: IdempotencyRecord, token: string) {
    return thenable(this.#inner.replace(record, token));
  }

  find(key: string) {
    return thenable(this.#inner.find(key));
  }
}

function thenable<T>(value: T): { then(resolve: (value: T) => void): void } {
  return {
    // biome-ignore lint/suspicious/noThenProperty: that is what makes it a promise of another kind
    then: (resolve) => resolve(value),
  };
}
