import { stepsOf } from '../../engine/driver/store-port.js';
import type { Completion, IdempotencyRecord, PersistenceStore } from '../../record/persistence-store.js';
import type { Operate } from './operation-under-way.js';
import type { TestTransaction } from './test-database.js';
import { TestStore } from './test-store.js';

/**
 * Returns the store as a service under test has it: each operation is done when its turn comes. It gives no notices, so calls poll. All
 * else of the store is as it is.
 */
export function crashStore<Store extends PersistenceStore>(inner: Store, operate: Operate): Store {
  const steps = stepsOf(inner);
  const ask = (
    name: string,
    record: IdempotencyRecord | undefined,
    isEffective: () => boolean,
    apply: () => unknown,
  ) => operate({ kind: 'store', name, args: [], ...(record && { record }), isEffective, apply });
  const operations: Record<string, unknown> = {
    claim(record: IdempotencyRecord, now: number) {
      const isFree = () => {
        const holder = steps?.find(record.key);
        return !steps || !holder || holder.expiresAt <= now;
      };
      return ask('claim', record, isFree, () => inner.claim(record, now));
    },
    replace(record: IdempotencyRecord, token: string) {
      const isFollowed = () => !steps || steps.find(record.key)?.token === token;
      return ask('replace', record, isFollowed, () => inner.replace(record, token));
    },
    find(key: string, options?: { readonly consistent?: boolean }) {
      return ask(
        'find',
        undefined,
        // What other processes write comes before or after it.
        () => !steps,
        () => inner.find(key, options),
      );
    },
    changed: undefined,
    ...(inner instanceof TestStore && {
      complete: (tx: TestTransaction, completion: Completion) =>
        ask(
          'complete',
          undefined,
          () => true,
          () => inner.complete(tx, completion),
        ),
    }),
  };
  return new Proxy(inner, {
    get(target, name) {
      if (typeof name === 'string' && name in operations) return operations[name];
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' && name !== 'constructor' ? value.bind(target) : value;
    },
    has: (target, name) => name !== 'changed' && name in target,
  });
}
