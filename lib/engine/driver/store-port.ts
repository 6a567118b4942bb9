import type { IdempotencyRecord } from '../../record/persistence-store.js';

export { stepsOf } from '../../stores/in-memory/in-memory-store.js';

type Answer<T> = T | PromiseLike<T>;

/** The three operations of a store, each of which may return a value or a promise of it. */
export interface StorePort {
  claim(record: IdempotencyRecord, now: number): Answer<IdempotencyRecord>;
  replace(record: IdempotencyRecord, token: string): Answer<IdempotencyRecord | undefined>;
  find(key: string, options?: { readonly consistent?: boolean }): Answer<IdempotencyRecord | undefined>;
}
