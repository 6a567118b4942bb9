import { createHash } from 'node:crypto';
import type { IdempotencyRecord } from 'retrysafe';

/** Random bytes, the same each time: nothing compresses them. */
export function randomBytes(length: number, seed = 'bytes'): Buffer {
  return createHash('shake256', { outputLength: length }).update(seed).digest();
}

/** The record of a call that returned such bytes. It holds its key for an hour, unless changed. */
export function recordOfBytes(
  key: string,
  bytes: Uint8Array,
  change: Partial<IdempotencyRecord> = {},
): IdempotencyRecord {
  const head = { status: 200, headers: [['content-type', 'image/png']] };
  const outcome = { kind: 'value', head, base64: Buffer.from(bytes).toString('base64') } as const;
  const about = { format: 1, status: 'completed', attempt: 1, fencingToken: 1, completedAt: 1 } as const;
  return {
    key,
    token: 'own.1',
    expiresAt: Date.now() + 3_600_000,
    state: { ...about, outcome },
    ...change,
  };
}

/** The record of a call that runs, after that. */
export function recordOfRun(key: string, change: Partial<IdempotencyRecord> = {}): IdempotencyRecord {
  const about = { format: 1, status: 'in-progress', attempt: 1, fencingToken: 1 } as const;
  return {
    key,
    token: 'next.1',
    expiresAt: Date.now() + 3_600_000,
    state: { ...about, startedAt: 1, leaseUntil: 1 },
    ...change,
  };
}
