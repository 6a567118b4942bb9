import { storeMemory } from '../../process/store-memory.js';
import type { IdempotencyRecord, PersistenceStore } from '../../record/persistence-store.js';
import type { Call } from './call.js';

const stores = storeMemory<Map<string, Map<string, IdempotencyRecord>>>('kept-outcomes');

/** The calls that are under way and may keep an outcome, by their keys. */
const keeping = storeMemory<Map<string, Set<Call>>>('keeping-calls');

/** The completed record that this process keeps for `call` by its option `keepLocal`, if it still counts. */
export function localOutcome(call: Call): IdempotencyRecord | undefined {
  const records = recordsOf(call.store, call.operation);
  const record = records?.get(call.key);
  if (!record || call.settings.keepLocal === 0) return undefined;
  if (record.expiresAt <= Date.now()) {
    records?.delete(call.key);
    return undefined;
  }
  // Another fingerprint must be refused by the store's answer.
  if (record.state.fingerprint !== call.fingerprint) return undefined;
  records?.delete(call.key);
  records?.set(call.key, record);
  return record;
}

/**
 * Keeps a completed record, the one used longest ago leaving when there are too many. It has to come from the answer to a
 * write or from a consistent look: a replica may show what was forgotten.
 */
export function keepLocally(call: Call, record: IdempotencyRecord): void {
  const { keepLocal } = call.settings;
  if (keepLocal === 0 || call.isForgotten) return;
  const records = recordsOf(call.store, call.operation) ?? startKeeping(call);
  const other = records.get(call.key);
  // The answer may be old: the one that is kept is of a later run.
  if (other && isLater(other, record)) return;
  records.delete(call.key);
  records.set(call.key, record);
  for (const oldest of records.keys()) {
    if (records.size <= keepLocal) break;
    records.delete(oldest);
  }
}

/** Drops what this process keeps, where `record` is of a later run of the key. */
export function dropEarlier({ store, operation, key }: Call, record: IdempotencyRecord): void {
  const records = recordsOf(store, operation);
  const other = records?.get(key);
  if (other && isLater(record, other)) records?.delete(key);
}

/** Drops what this process keeps under the key, and lets no call keep an outcome of it that began before. */
export function forgetLocally({ store, operation, key }: Call): void {
  recordsOf(store, operation)?.delete(key);
  for (const call of callsOf(store).get(key) ?? []) call.isForgotten = true;
}

/** Watches over a call that may keep an outcome, until the answered function is called. */
export function watchKeeping(call: Call): () => void {
  if (call.settings.keepLocal === 0) return () => {};
  const calls = callsOf(call.store);
  const same = calls.get(call.key) ?? new Set<Call>();
  calls.set(call.key, same.add(call));
  return () => {
    same.delete(call);
    if (same.size === 0) calls.delete(call.key);
  };
}

function isLater({ state }: IdempotencyRecord, other: IdempotencyRecord): boolean {
  return state.fencingToken > other.state.fencingToken;
}

function callsOf(store: PersistenceStore): Map<string, Set<Call>> {
  const calls = keeping.get(store) ?? new Map<string, Set<Call>>();
  keeping.set(store, calls);
  return calls;
}

function recordsOf(store: PersistenceStore, operation: string): Map<string, IdempotencyRecord> | undefined {
  return stores.get(store)?.get(operation);
}

function startKeeping({ store, operation }: Call): Map<string, IdempotencyRecord> {
  const operations = stores.get(store) ?? new Map<string, Map<string, IdempotencyRecord>>();
  const records = new Map<string, IdempotencyRecord>();
  stores.set(store, operations.set(operation, records));
  return records;
}
