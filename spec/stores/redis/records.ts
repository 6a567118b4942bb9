import type { IdempotencyRecord } from 'retrysafe';

/** A record that holds its key for a minute, unless changed. */
export function recordOf(key: string, change: Partial<IdempotencyRecord> = {}): IdempotencyRecord {
  return {
    key,
    token: 'own.1',
    expiresAt: Date.now() + 60_000,
    state: { format: 1, status: 'released', attempt: 1, fencingToken: 1 },
    ...change,
  };
}
