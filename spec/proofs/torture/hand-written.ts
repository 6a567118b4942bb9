import { keyOf, type Line, type Policy, type Unwritten } from './ledger.js';

type WithoutKey<T> = T extends unknown ? Omit<T, 'key'> : never;
/** When, and what: the key is the same in all of a history. */
export type Told = readonly [at: number, line: WithoutKey<Unwritten>];

const lease = 2_000;
const tolerance = 200;
export const unknownOutcome = 'ERR_IDEMPOTENCY_OUTCOME_UNKNOWN';

const withoutKey = ['calm', 'killed', 'stopped', 'continued', 'crashed', 'down', 'up', 'network'];

/** A history of one key, from the lines of a ledger. */
export function pastOf(policy: Policy, ...told: readonly Told[]): Line[] {
  const key = keyOf('postgres', policy, 0);
  const rules = { kind: 'rules', seed: 1, seconds: 20, stores: ['postgres'], lease, tolerance } as const;
  const lines = told.map(([at, line]) => ({
    at,
    ...(!withoutKey.includes(line.kind) && { key }),
    ...line,
  }));
  return [{ at: 0, ...rules }, ...(lines as Line[])];
}

// Worker names are those of their calls, and calls those of their workers.
export const called = (call: string) => ({ kind: 'called', call, worker: call }) as const;
export const began = (run: string, attempt: number, token: number) =>
  ({ kind: 'began', run, worker: run, attempt, token }) as const;
export const effect = (run: string) => ({ kind: 'effect', run }) as const;
export const inTable = (run: string) => ({ kind: 'effect', run, inTable: true }) as const;
export const completing = (run: string) => ({ kind: 'completing', run }) as const;
export const returned = (run: string) => ({ kind: 'returned', run }) as const;
export const failed = (run: string) => ({ kind: 'failed', run, why: 'Declined' }) as const;
export const answered = (call: string, run: string) => ({ kind: 'answered', call, run, took: 1 }) as const;
export const refused = (call: string, code: string) => ({ kind: 'refused', call, code, took: 1 }) as const;
export const event = (name: 'outcome-not-stored' | 'store-failed', run: string) =>
  ({ kind: 'event', name, run }) as const;
export const renewed = (run: string, until: number) =>
  ({ kind: 'event', name: 'renewed', run, until }) as const;
export const killed = (worker: string) => ({ kind: 'killed', worker, where: 'at any time' }) as const;
export const stopped = (worker: string) => ({ kind: 'stopped', worker }) as const;
export const continued = (worker: string) => ({ kind: 'continued', worker }) as const;
export const recovering = (worker: string, attempt: number, token: number) =>
  ({ kind: 'recovering', worker, attempt, token }) as const;
export const calm = { kind: 'calm' } as const;
export const neverExpires = Date.UTC(9999, 11, 31, 23, 59, 59, 999);
export const record = (status: string, attempt: number, token: number, run?: string) =>
  ({ kind: 'record', status, attempt, token, run, expiresAt: neverExpires }) as const;

/** One key is run by A, from claim to completion. */
export const once: readonly Told[] = [
  [1_000, called('A')],
  [1_005, began('A', 1, 1_000)],
  [1_100, effect('A')],
  [1_200, returned('A')],
  [1_210, answered('A', 'A')],
];
/** It is run by A, whose process is killed after its effect. */
export const untilKilled: readonly Told[] = [...once.slice(0, 3), [1_150, killed('A')]];
/** B takes over when the lease of A has lapsed, and is answered. */
export const takenOver: readonly Told[] = [
  [3_200, called('B')],
  [3_205, began('B', 2, 3_200)],
  [3_300, effect('B')],
  [3_400, returned('B')],
  [3_410, answered('B', 'B')],
];
export const standsOnce: readonly Told[] = [
  [9_000, calm],
  [9_010, called('Z')],
  [9_020, answered('Z', 'A')],
  [9_030, record('completed', 1, 1_000, 'A')],
];
export const standsTakenOver: readonly Told[] = [
  [9_000, calm],
  [9_010, called('Z')],
  [9_020, answered('Z', 'B')],
  [9_030, record('completed', 2, 3_200, 'B')],
];
export const refusedForGood: readonly Told[] = [
  [9_000, calm],
  [9_010, called('Z')],
  [9_020, refused('Z', unknownOutcome)],
  [9_030, record('abandoned', 1, 1_000)],
];
