import {
  type IdempotencyRecord,
  type IdempotentOptions,
  makeIdempotent,
  type PersistenceStore,
  recordOf,
} from 'retrysafe';

/** A store without records that records which key was claimed. */
class AskedStore implements PersistenceStore {
  asked: string | undefined;

  async claim(record: IdempotencyRecord): Promise<IdempotencyRecord> {
    return record;
  }

  async replace(record: IdempotencyRecord): Promise<IdempotencyRecord> {
    return record;
  }

  async find(key: string): Promise<undefined> {
    this.asked = key;
  }
}

type KeyOptions = Pick<IdempotentOptions, 'name' | 'key' | 'scope' | 'fingerprint'>;

/** Returns a function that returns the key of a call with these arguments, without making the call. */
export function keyReader(options: KeyOptions = {}): (...args: readonly unknown[]) => Promise<string> {
  return async (...args) => {
    const store = new AskedStore();
    const accept = makeIdempotent(async (..._args: readonly unknown[]): Promise<void> => {}, {
      name: 'Payments.accept',
      ...options,
      store,
    });
    await recordOf(accept, ...args).inspect();
    if (store.asked === undefined) throw new Error('the store was not asked for a key');
    return store.asked;
  };
}

/** The key of one call under the default options. */
export const keyOf = keyReader();
