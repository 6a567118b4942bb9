import type { IdempotencyRecord } from 'retrysafe';

let count = 0;

/** A record of a key and an owner of its own that holds for an hour, unless changed. */
export function record(change: Partial<IdempotencyRecord> = {}): IdempotencyRecord {
  count += 1;
  const state = { format: 1, status: 'released', attempt: 1, fencingToken: count } as const;
  return { key: `key ${count}`, token: `a${count}.1`, expiresAt: Date.now() + 3_600_000, state, ...change };
}

/** A record whose state has such a result. */
export function withResult(json: unknown): IdempotencyRecord {
  const outcome = { kind: 'value', json } as const;
  const about = { format: 1, status: 'completed', attempt: 1, fencingToken: 1, completedAt: 1 } as const;
  return record({ state: { ...about, outcome } as IdempotencyRecord['state'] });
}
