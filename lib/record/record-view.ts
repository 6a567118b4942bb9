import type { IdempotencyRecord } from './persistence-store.js';
import { lapsesAt, type PastState, type Reason, type RecordState, readState } from './record.js';
import { isInstant, sinceOf, soundAbout } from './sound-about.js';

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
  /** When the call began whose run the record is about. */
  readonly startedAt?: number;
  readonly leaseUntil?: number;
  readonly completedAt?: number;
  /** What is stored of the outcome of a completed record. */
  readonly outcome?: 'value' | 'error' | 'none';
  /** Names this version of the record: every write changes it. */
  readonly token: string;
  /** Since when the record has its status. Absent where it cannot be read. */
  readonly since?: number;
  /** When the lease was last renewed. */
  readonly renewedAt?: number;
  /** Who wrote it: a host and process, the request of a Lambda invocation, what `runtime` says, or an operator. */
  readonly by?: string;
  /** Why there is no outcome, or what an operator decided. */
  readonly why?: Reason;
  /** The W3C `traceparent` of the run, where one was active. */
  readonly traceparent?: string;
  /** What the record was before, the latest last. Default: nothing. */
  readonly past?: readonly PastState[];
}

/** Returns the view of a record at this moment. */
export function viewOf(operation: string, record: IdempotencyRecord, clockTolerance: number): RecordView {
  const { key, expiresAt, token } = record;
  const state = readState(record);
  if (state.status === 'unreadable')
    return { operation, key, expiresAt, token, status: 'unreadable', attempt: 0, fencingToken: 0 };
  const { attempt, fencingToken, fingerprint } = state;
  const since = sinceOf(state);
  const common = {
    operation,
    key,
    expiresAt,
    attempt,
    fencingToken,
    token,
    ...(isInstant(since) && { since }),
    ...(fingerprint !== undefined && { fingerprint }),
    ...told(state),
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

/** Returns what a record tells of itself, as far as it is about the run that the record is about. */
function told(state: RecordState): Partial<RecordView> {
  const { run: _run, at: _at, ...about } = soundAbout(state) ?? {};
  return about;
}
