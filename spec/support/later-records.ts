import { type IdempotencyRecord, keyOf, type RecordState } from 'retrysafe';
import type { deployable, Work } from './deployment.js';
import type { ScriptedStore } from './scripted-store.js';

const DAY = 86_400_000;

/** What a later version may keep in an unfinished record. */
export const steps = [{ name: 'reserve', attempt: 2, outcome: { kind: 'value', json: { seat: '12A' } } }];

export type Unfinished = 'in-progress' | 'released' | 'unknown';

/** Leaves the record of the key `a` as a later version may have left it. One in progress has a lease that has lapsed. */
export async function leftByALaterVersion(
  operation: ReturnType<typeof deployable>,
  store: ScriptedStore,
  status: Unfinished,
  more: Readonly<Record<string, unknown>> = { steps },
): Promise<IdempotencyRecord> {
  const now = Date.now();
  const lease = status === 'in-progress' ? { startedAt: now - DAY, leaseUntil: now - DAY / 2 } : {};
  const state = { format: 1, status, attempt: 2, fencingToken: now - DAY, ...lease, ...more };
  const key = keyOf(operation(store, async () => undefined) as Work, 'a');
  const record = { key, token: 'bGF0ZXI.7', expiresAt: now + DAY, state: state as unknown as RecordState };
  return store.inner.claim(record, now);
}
