import type { IdempotencyRecord } from './persistence-store.js';
import { readState } from './record.js';

/** What a record says about its key, without the outcome itself. */
export interface RecordView {
  readonly operation: string;
  readonly key: string;
  /** `abandoned` is in progress with its lease lapsed. */
  readonly status: 'in-progress' | 'abandoned' | 'completed' | 'unknown' | 'released' | 'unreadable';
  readonly attempt: number;
  readonly fencingToken: number;
  /** A digest of what must not differ between duplicates. */
  readonly fingerprint?: string;
  /**
   * Epoch milliseconds, like every instant here. From then on the key is free. 253402300799999, the end of the year 9999,
   * where the record stays until somebody resolves it.
   */
  readonly expiresAt: number;
  readonly startedAt?: number;
  readonly leaseUntil?: number;
  readonly completedAt?: number;
  /** Of a completed record: what is kept of its outcome. */
  readonly outcome?: 'value' | 'error' | 'none';
}

/** Describes a record as it is now. */
export function viewOf(operation: string, record: IdempotencyRecord, clockTolerance: number): RecordView {
  const { key, expiresAt } = record;
  const state = readState(record);
  if (state.status === 'unreadable')
    return { operation, key, expiresAt, status: 'unreadable', attempt: 0, fencingToken: 0 };
  const { attempt, fencingToken, fingerprint } = state;
  const common = {
    operation,
    key,
    expiresAt,
    attempt,
    fencingToken,
    ...(fingerprint !== undefined && { fingerprint }),
  };
  switch (state.status) {
    case 'in-progress': {
      const { startedAt, leaseUntil } = state;
      const isAbandoned = leaseUntil + clockTolerance <= Date.now();
      return { ...common, status: isAbandoned ? 'abandoned' : 'in-progress', startedAt, leaseUntil };
    }
    case 'completed':
      return { ...common, status: 'completed', completedAt: state.completedAt, outcome: state.outcome.kind };
    default:
      return { ...common, status: state.status };
  }
}
