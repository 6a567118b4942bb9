import { operationOf } from './key-parts.js';
import type { IdempotencyRecord, ListedRecord, RecordQuery } from './persistence-store.js';
import { FORMAT, type RecordState, readState } from './record.js';
import { sinceOf } from './sound-about.js';

/** Whether a record is one of those that a query asks for. */
export function matches({ key, expiresAt, state }: IdempotencyRecord, query: RecordQuery): boolean {
  const { status, operation, prefix = '', olderThan, now = Date.now() } = query;
  if (expiresAt <= now || !key.startsWith(prefix)) return false;
  if (operation !== undefined && operationOf(key) !== operation) return false;
  const read = readState({ state });
  if (read.status === 'unreadable') return status === undefined && olderThan === undefined;
  return hasStatus(read, status, now) && (olderThan === undefined || sinceOf(read) < olderThan);
}

function hasStatus(state: RecordState, status: RecordQuery['status'], now: number): boolean {
  if (status !== 'abandoned') return status === undefined || state.status === status;
  return state.status === 'in-progress' && state.leaseUntil <= now;
}

/** Returns a record without what it keeps of an outcome. */
export function listed({ key, token, expiresAt, state }: IdempotencyRecord): ListedRecord {
  if (state?.status !== 'completed' || typeof state.outcome !== 'object' || state.outcome === null)
    return { key, token, expiresAt, state };
  const { outcome } = state;
  const kept = outcome.kind === 'none' ? outcome : { kind: outcome.kind };
  return { key, token, expiresAt, state: { ...state, outcome: kept } as RecordState };
}

/** Returns how the text of a state begins that has this status: each version has written these two fields first. */
export function beginningOf(status: NonNullable<RecordQuery['status']>): string {
  const kept: RecordState['status'] = status === 'abandoned' ? 'in-progress' : status;
  return JSON.stringify({ format: FORMAT, status: kept }).slice(0, -1);
}
