import type { RecordState } from './record.js';

/** Whether a store returned a record of this key. Its state may be anything. */
export function isRecordOf(key: string, returned: unknown): returned is IdempotencyRecord {
  if (typeof returned !== 'object' || returned === null) return false;
  const { key: own, token, expiresAt } = returned as Partial<IdempotencyRecord>;
  return own === key && typeof token === 'string' && Number.isFinite(expiresAt);
}

/** One version of what a store keeps under an idempotency key. */
export interface IdempotencyRecord {
  readonly key: string;
  /** `owner.n`: which call wrote it, and with which of its writes. It changes with every write. */
  readonly token: string;
  /**
   * Epoch milliseconds, a whole number; from then on a claim may replace the record. At most that of the end of the year
   * 9999, 253402300799999, by which the engine says that it is to be kept until somebody resolves it.
   */
  readonly expiresAt: number;
  /** A JSON object that a store keeps verbatim and never looks into. */
  readonly state: RecordState;
}

/** A completed record to be written by the method itself, and the token it must follow. */
export interface Completion {
  readonly record: IdempotencyRecord;
  /** The record must be written exactly where one with this token stands, and nowhere else. */
  readonly token: string;
}

/**
 * Where records live: three operations, each one atomic step, and no policy; and, where it can, a notice of changes.
 * Every rule about statuses and time belongs to the engine; `retrysafe/testing` has the laws below as tests.
 *
 * - Of two simultaneous claims or replaces one wins, and both answer with the winner.
 * - Only `claim` looks at `expiresAt`, and it compares with the `now` it is given, never with a clock of its own.
 * - A store's own expiry is garbage collection: at least 15 minutes after `expiresAt`, so that a claim delayed
 *   in the network finds what came before it. Correctness never depends on it.
 * - Answers share no references with what was given or with what is kept.
 * - A record that passes the store's size limit rejects with a `StoreError` whose `tooLarge` is `true`; the
 *   record that was there stays. Every other fault rejects as it is: the engine wraps it.
 * - The user injects a connected client: a store neither creates, closes nor logs.
 */
export interface PersistenceStore {
  /** Keeps `record` unless one with `expiresAt > now` holds the key. Resolves to the holder afterwards. */
  claim(record: IdempotencyRecord, now: number): Promise<IdempotencyRecord>;
  /** Puts `record` in place of the one that bears exactly `token`. Resolves to the holder afterwards, if any. */
  replace(record: IdempotencyRecord, token: string): Promise<IdempotencyRecord | undefined>;
  /** Resolves to the record under `key`, if any; it may be stale unless `consistent`. */
  find(key: string, options?: { readonly consistent?: boolean }): Promise<IdempotencyRecord | undefined>;
  /**
   * Optional: spares a waiting call from asking again and again. Resolves when the record under `key` is replaced,
   * by whichever process, and once when the store has begun to listen; it may also resolve for no reason. It listens
   * until `signal` aborts: what happens between two calls with one signal resolves the second. So whoever asks for
   * the next notice and then looks misses nothing. Rejects where the store cannot listen, or cannot any more.
   */
  settled?(key: string, signal: AbortSignal): Promise<void>;
}
