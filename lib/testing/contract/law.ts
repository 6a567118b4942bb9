import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { IdempotencyRecord, PersistenceStore } from '../../record/persistence-store.js';
import { FORMAT, type RecordState } from '../../record/record.js';

/** Makes a store that is ready to be used. */
export type StoreFactory = () => PersistenceStore | Promise<PersistenceStore>;

/** One thing that every store does. */
export interface Law {
  readonly title: string;
  /** Rejects if a store from `createStore` breaks the law. */
  check(createStore: StoreFactory): Promise<void>;
}

export const HOUR_MS = 3_600_000;

/** Makes a law that is checked on a store of its own and a key of its own. */
export function law(title: string, check: (store: PersistenceStore, key: string) => Promise<void>): Law {
  return { title, check: async (createStore) => check(await createStore(), `law#${randomUUID()}`) };
}

/** Returns the smallest state there is. */
export function released(fencingToken: number): RecordState {
  return { format: FORMAT, status: 'released', attempt: 1, fencingToken };
}

/** Returns the state of a call that returned this JSON. */
export function completed(json: unknown): RecordState {
  const outcome = { kind: 'value', json } as const;
  return { format: FORMAT, status: 'completed', attempt: 1, fencingToken: 1, completedAt: 1, outcome };
}

/** Returns the state of a call that returned bytes, and this JSON with them. */
export function completedWithBytes(head: object, base64: string): RecordState {
  const outcome = { kind: 'value', head, base64 } as const;
  return { format: FORMAT, status: 'completed', attempt: 1, fencingToken: 1, completedAt: 1, outcome };
}

/** Returns a record that holds its key for an hour, with `change` applied. */
export function record(
  key: string,
  token: string,
  change: Partial<IdempotencyRecord> = {},
): IdempotencyRecord {
  return { key, token, expiresAt: Date.now() + HOUR_MS, state: released(1), ...change };
}

/** Asserts that the store keeps exactly this record. */
export async function holds(store: PersistenceStore, expected: IdempotencyRecord): Promise<void> {
  assert.deepEqual(
    await store.find(expected.key, { consistent: true }),
    expected,
    'what a consistent find returns',
  );
}
