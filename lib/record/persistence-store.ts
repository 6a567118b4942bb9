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
}
