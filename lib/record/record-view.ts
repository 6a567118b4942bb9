import type { IdempotencyRecord } from './persistence-store.js';
import { lapsesAt, readState } from './record.js';

/** What a record says about its key, without the value of the outcome. */
export interface RecordView {
  readonly operation: string;
  readonly key: string;
  /** `abandoned`: in progress, and its lease lapsed. */
  readonly status: 'in-progress' | 'abandoned' | 'completed' | 'unknown' | 'released' | 'unreadable';
  readonly attempt: number;
  readonly fencingToken: number;
  /** A digest of what must be the same in all duplicates. */
  readonly fingerprint?: string;
  /**
   * From then on the key is free. Epoch milliseconds, like every instant here. It is 253402300799999, the end of the year 9999,
   * if the record stays until it is resolved.
   */
  readonly expiresAt: number;
  readonly startedAt?: number;
  readonly leaseUntil?: number;
  readonly completedAt?: number;
  /** What is stored of the outcome of a completed record. */
  readonly outcome?: 'value' | 'error' | 'none';
}

/** Returns the view of a record at this moment. */
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
      const isAbandoned = lapsesAt(state, clockTolerance) <= Date.now();
      return { ...common, status: isAbandoned ? 'abandoned' : 'in-progress', startedAt, leaseUntil };
    }
    case 'completed':
      return { ...common, status: 'completed', completedAt: state.completedAt, outcome: state.outcome.kind };
    default:
      return { ...common, status: state.status };
  }
}
