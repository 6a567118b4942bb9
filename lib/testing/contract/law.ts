import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { IdempotencyRecord, PersistenceStore } from '../../record/persistence-store.js';
import { FORMAT, type RecordState } from '../../record/record.js';

/** Makes a store, ready to be used. */
export type StoreFactory = () => PersistenceStore | Promise<PersistenceStore>;

/** One thing that every store does. */
export interface Law {
  readonly title: string;
  /** Rejects where a store that `createStore` makes does otherwise. */
  check(createStore: StoreFactory): Promise<void>;
}

export const HOUR = 3_600_000;
/** A law that is checked on a store of its own and a key of its own. */
export function law(title: string, check: (store: PersistenceStore, key: string) => Promise<void>): Law {
  return { title, check: async (createStore) => check(await createStore(), `law#${randomUUID()}`) };
}

/** The smallest state there is. */
export function released(fencingToken: number): RecordState {
  return { format: FORMAT, status: 'released', attempt: 1, fencingToken };
}

/** A record that holds its key for an hour, unless changed. */
export function record(
  key: string,
  token: string,
  change: Partial<IdempotencyRecord> = {},
): IdempotencyRecord {
  return { key, token, expiresAt: Date.now() + HOUR, state: released(1), ...change };
}

/** Asserts that exactly this record is what the store keeps. */
export async function holds(store: PersistenceStore, expected: IdempotencyRecord): Promise<void> {
  assert.deepEqual(
    await store.find(expected.key, { consistent: true }),
    expected,
    'what a consistent find answers',
  );
}
