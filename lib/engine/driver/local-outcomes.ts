import { processMemory } from '../../process/process-memory.js';
import { type IdempotencyRecord, isRecordOf, type PersistenceStore } from '../../record/persistence-store.js';
import { readState } from '../../record/record.js';
import { isForAnotherRequest } from '../machine/records.js';
import type { PreparedCall } from './prepared-call.js';

/** What this process keeps of a store, by operation and key. */
const stores = processMemory<Map<string, Map<string, IdempotencyRecord>>>('kept-outcomes');

/** The calls under way that may keep an outcome, by their keys. `forget` removes them: what they are told may be what was forgotten. */
const keeping = processMemory<Map<string, Set<PreparedCall>>>('keeping-calls');

/** Returns the completed record that this process keeps for `call` by its option `keepLocal`, if it still counts. */
export function localOutcome(call: PreparedCall): IdempotencyRecord | undefined {
  if (call.settings.keepLocal === 0) return undefined;
  const records = recordsOf(call.store, call.operation);
  const record = records?.get(call.key);
  if (!records || !record) return undefined;
  if (record.expiresAt <= Date.now()) {
    records.delete(call.key);
    return undefined;
  }
  // Another fingerprint must be refused by the store's answer.
  if (isForAnotherRequest(call, record.state)) return undefined;
  records.delete(call.key);
  records.set(call.key, record);
  return record;
}

/**
 * Takes note of the record that holds a call's key: drops the outcome of an earlier run, and keeps a completed one. The record
 * has to come from the answer to a write or from a consistent read, since a replica may show what was forgotten.
 */
export function learn(call: PreparedCall, record: IdempotencyRecord | undefined): void {
  const { store, operation, key } = call;
  const { keepLocal } = call.settings;
  let records = recordsOf(store, operation);
  if (keepLocal === 0 && !records) return;
  if (!isRecordOf(key, record)) return;
  const state = readState(record);
  if (state.status === 'unreadable') return;
  const other = records?.get(key);
  if (other && state.fencingToken > other.state.fencingToken) records?.delete(key);
  // The answer may be old: the one that is kept is of a later run.
  else if (other && other.state.fencingToken > state.fencingToken) return;
  if (state.status !== 'completed' || record.expiresAt <= Date.now() || isForAnotherRequest(call, state))
    return;
  if (keepLocal === 0 || !callsOf(store).get(key)?.has(call)) return;
  records ??= startKeeping(call);
  records.delete(key);
  records.set(key, record);
  // The one that was used longest ago leaves when there are too many.
  for (const oldest of records.keys()) {
    if (records.size <= keepLocal) break;
    records.delete(oldest);
  }
}

/** Drops what this process keeps under the key, and lets no call keep an outcome of it that began before. */
export function forgetLocally({ store, operation, key }: PreparedCall): void {
  recordsOf(store, operation)?.delete(key);
  callsOf(store).delete(key);
}

/** Lets a call keep an outcome, until the returned function is called. */
export function watchKeeping(call: PreparedCall): () => void {
  if (call.settings.keepLocal === 0) return () => {};
  const calls = callsOf(call.store);
  const same = calls.get(call.key) ?? new Set<PreparedCall>();
  calls.set(call.key, same.add(call));
  return () => {
    same.delete(call);
    if (same.size === 0 && calls.get(call.key) === same) calls.delete(call.key);
  };
}

function callsOf(store: PersistenceStore): Map<string, Set<PreparedCall>> {
  const calls = keeping.get(store) ?? new Map<string, Set<PreparedCall>>();
  keeping.set(store, calls);
  return calls;
}

function recordsOf(store: PersistenceStore, operation: string): Map<string, IdempotencyRecord> | undefined {
  return stores.get(store)?.get(operation);
}

function startKeeping({ store, operation }: PreparedCall): Map<string, IdempotencyRecord> {
  const operations = stores.get(store) ?? new Map<string, Map<string, IdempotencyRecord>>();
  const records = new Map<string, IdempotencyRecord>();
  stores.set(store, operations.set(operation, records));
  return records;
}
