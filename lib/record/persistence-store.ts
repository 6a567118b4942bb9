import type { RecordState } from './record.js';

/** One version of what a store keeps under an idempotency key. */
export interface IdempotencyRecord {
  readonly key: string;
  /** `owner.n`: the call that wrote the record, and the number of that call's write. Every write changes it. */
  readonly token: string;
  /**
   * Epoch milliseconds, a whole number. From then on a claim may replace the record. At most 253402300799999, the end of
   * the year 9999: with that value the engine keeps a record until it is resolved.
   */
  readonly expiresAt: number;
  /**
   * A JSON object, which a store returns as it was written. It need not read it. A store that has binary may keep the `base64` of an
   * outcome of bytes as bytes.
   */
  readonly state: RecordState;
}

/** Whether a store returned a record of this key. Its state may be anything. */
export function isRecordOf(key: string, returned: unknown): returned is IdempotencyRecord {
  if (typeof returned !== 'object' || returned === null) return false;
  const { key: own, token, expiresAt } = returned as Partial<IdempotencyRecord>;
  return own === key && typeof token === 'string' && Number.isFinite(expiresAt);
}

/** A completed record that the method itself writes, and the token that it must follow. */
export interface Completion {
  readonly record: IdempotencyRecord;
  /** The record may only replace the one that bears this token. */
  readonly token: string;
}

/** Which records `records()` lists. All conditions hold together. */
export interface RecordQuery {
  /** `abandoned`: in progress, with a lease that had ended by `now`. `in-progress` includes these. Default: any. */
  readonly status?: RecordState['status'] | 'abandoned';
  /** The operation's name. Default: any. */
  readonly operation?: string;
  /** What their keys begin with. Default: any. */
  readonly prefix?: string;
  /** An instant, in epoch milliseconds: those that have had their status since before. Default: any. */
  readonly olderThan?: number;
  /** How many at most, 1 to 1,000. Default: 100. */
  readonly limit?: number;
  /** That of the page before. Default: from the first. */
  readonly cursor?: string;
  /** The present, in epoch milliseconds: expired records are left out. Default: `Date.now()`. */
  readonly now?: number;
}

/** A record as it is listed: of an outcome its state has no more than the `kind`, and the `reason` where there is none. */
export type ListedRecord = IdempotencyRecord;

/** Some of the records that were asked for. */
export interface RecordPage {
  readonly records: readonly ListedRecord[];
  /** Where the next page begins. Absent after the last. A page may have fewer records than the limit, or none, and a cursor. */
  readonly cursor?: string;
  /** How many records the store has read for this page. */
  readonly examined: number;
}

/** How a store would list, before it does. */
export interface ListingPlan {
  /** `index`: it reads what it returns, and little else. `scan`: it reads every record. */
  readonly by: 'index' | 'scan';
  /** About how many records it will read in all. Absent where the store cannot tell. */
  readonly records?: number;
  /** What it costs, in the units of the database, and what would make it cheaper. One or two sentences. */
  readonly cost?: string;
}

/**
 * Where records are kept: three operations, each one atomic step, without any policy; and optionally a notice of changes.
 * The engine has every rule about statuses and time. `retrysafe/testing` has these laws as tests:
 *
 * - Of several simultaneous claims or replaces one wins, and each of them resolves to the winner.
 * - Only `claim` reads `expiresAt`. It compares it with its argument `now`, never with a clock of its own.
 * - A store may delete expired records, but not before 15 minutes after `expiresAt`: a claim that is delayed in the network
 *   must still find the record before it. Correctness never depends on a deletion.
 * - A returned record shares no references with an argument or with what the store keeps.
 * - A record that passes the store's size limit rejects with a `StoreError` whose `tooLarge` is `true`, and the
 *   current record stays. Every other fault rejects unchanged; the engine wraps it.
 * - The user passes a connected client: a store neither creates nor closes it, and it never logs.
 */
export interface PersistenceStore {
  /** Keeps `record` unless the key is held by one with `expiresAt > now`. Resolves to the holder afterwards. */
  claim(record: IdempotencyRecord, now: number): Promise<IdempotencyRecord>;
  /** Replaces the record that bears exactly `token` by `record`. Resolves to the holder afterwards, if there is one. */
  replace(record: IdempotencyRecord, token: string): Promise<IdempotencyRecord | undefined>;
  /** Resolves to the record under `key`, if there is one. It may be stale unless `consistent` is `true`. */
  find(key: string, options?: { readonly consistent?: boolean }): Promise<IdempotencyRecord | undefined>;
  /**
   * Tells a waiting call that the record under `key` was replaced, so that it need not poll. Optional: a store that has
   * this method declares it to the tests of its laws, by `storeContract(createStore, { supports: { changed: true } })`.
   *
   * - It resolves when a `replace` of any process writes under `key`. It may also resolve for no reason.
   * - The first call with a `signal` starts listening, and resolves once when the store listens.
   * - The store listens until `signal` aborts. A replace between two calls with the same `signal` resolves the second call.
   *   So a caller that reads the record after each call misses nothing.
   * - Each `signal` listens for itself: it gets every notice, and another signal that aborts does not stop it.
   * - A pending call ends when its `signal` aborts.
   * - It rejects if the store cannot listen, or can no longer listen. A store that listens again after its connection was
   *   lost resolves instead, because it may have missed a replace.
   */
  changed?(key: string, signal: AbortSignal): Promise<void>;
  /**
   * Lists records, a page at a time, for the people who look after them. Optional: a store that has this method declares it to the tests of
   * its laws, by `storeContract(createStore, { supports: { records: true } })`.
   *
   * - Following the cursors returns each record that has matched all the while, once or more, and none that never matched.
   * - It never holds more than a page in memory. It changes nothing.
   * - It may be stale, as `find` may.
   */
  records?(query: RecordQuery): Promise<RecordPage>;
  /** Tells how `records()` would list. Optional, with it. */
  planRecords?(query: RecordQuery): Promise<ListingPlan>;
}
