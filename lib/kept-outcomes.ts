import type { Call } from './call.js';
import type { IdempotencyRecord, PersistenceStore } from './persistence-store.js';
import { shared } from './shared.js';

const stores = shared(
  'kept-outcomes',
  () => new WeakMap<PersistenceStore, Map<string, Map<string, IdempotencyRecord>>>(),
);

/** The completed record that this process keeps for `call` by its option `keepLocal`, if it still counts. */
export function keptOutcome(call: Call): IdempotencyRecord | undefined {
  const kept = recordsOf(call.store, call.operation);
  const record = kept?.get(call.key);
  if (!record || call.settings.keepLocal === 0) return undefined;
  if (record.expiresAt <= Date.now()) {
    kept?.delete(call.key);
    return undefined;
  }
  // Another fingerprint must be refused by the store's answer.
  if (record.state.fingerprint !== call.fingerprint) return undefined;
  keepOutcome(call, record);
  return record;
}

/** Keeps a completed record, the one used longest ago leaving when there are too many. */
export function keepOutcome(call: Call, record: IdempotencyRecord): void {
  const { keepLocal } = call.settings;
  if (keepLocal === 0) return;
  const kept = recordsOf(call.store, call.operation) ?? startKeeping(call);
  kept.delete(call.key);
  kept.set(call.key, record);
  for (const oldest of kept.keys()) {
    if (kept.size <= keepLocal) break;
    kept.delete(oldest);
  }
}

/** Drops what this process keeps under `key`. */
export function dropOutcome(store: PersistenceStore, operation: string, key: string): void {
  recordsOf(store, operation)?.delete(key);
}

function recordsOf(store: PersistenceStore, operation: string): Map<string, IdempotencyRecord> | undefined {
  return stores.get(store)?.get(operation);
}

function startKeeping({ store, operation }: Call): Map<string, IdempotencyRecord> {
  const operations = stores.get(store) ?? new Map<string, Map<string, IdempotencyRecord>>();
  const kept = new Map<string, IdempotencyRecord>();
  stores.set(store, operations.set(operation, kept));
  return kept;
}
