import { AsyncLocalStorage } from 'node:async_hooks';
import type { IdempotencyRecord, PersistenceStore } from 'retrysafe';
import type { Ledger } from './ledger.js';

/** The call that is under way here. */
export const callUnderWay = new AsyncLocalStorage<{ readonly key: string; readonly call: string }>();

/** A store that notes each write in the ledger before it sends it. */
export function notingWrites(store: PersistenceStore, ledger: Ledger): PersistenceStore {
  // Renewals are sent by timers, which need not know whose they are. An owner is one call.
  const callOf = new Map<string, { readonly key: string; readonly call: string }>();
  const note = (record: IdempotencyRecord, follows?: string) => {
    const owner = record.token.slice(0, record.token.lastIndexOf('.'));
    const under = callOf.get(owner) ?? callUnderWay.getStore();
    if (under) callOf.set(owner, under);
    if (under) ledger.add({ kind: 'sent', ...under, record, ...(follows !== undefined && { follows }) });
  };
  const { changed } = store;
  return {
    claim(record, now) {
      note(record);
      return store.claim(record, now);
    },
    replace(record, token) {
      note(record, token);
      return store.replace(record, token);
    },
    find: (key, options) => store.find(key, options),
    ...(changed && { changed: (key: string, signal: AbortSignal) => changed.call(store, key, signal) }),
  };
}
