import type { Line, Unwritten } from './ledger.js';
import type { Message } from './queue-under-test.js';

type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never;
/** When, and what: the message is the same in all of a history. */
export type Told = readonly [at: number, line: WithoutId<Unwritten>];

const rules = {
  ...{ kind: 'rules', queue: 'postgres', seed: 1, lease: 2_000, renewFor: 4_000, tolerance: 1_000 },
  ...{ maxAttempts: 3, maxReceives: 4 },
} as const;
const withoutId = ['killed', 'stopped', 'continued', 'frozen', 'down', 'up', 'crashed', 'over'];

/** A history of one message, from the lines of a ledger. Nothing is open at its end, unless it says so. */
export function pastOf(what: Message['kind'], ...told: readonly Told[]): Line[] {
  const lines = told.map(([at, line]) => ({
    at,
    ...(!withoutId.includes(line.kind) && { id: 'm-1' }),
    ...line,
  }));
  const end = lines.some(({ kind }) => kind === 'over') ? [] : [{ at: 99_999, ...over(0) }];
  return [{ at: 0, ...rules }, { at: 900, id: 'm-1', ...sent(what, 1) }, ...lines, ...end] as Line[];
}

export const over = (open: number) => ({ kind: 'over', open, seconds: 99 }) as const;
export const sent = (what: Message['kind'], copy: number) => ({ kind: 'sent', what, copy }) as const;
// A worker is named by a capital, its deliveries by that and a number.
export const received = (delivery: string) =>
  ({ kind: 'received', delivery, worker: delivery.charAt(0) }) as const;
export const began = (delivery: string, attempt: number, token: number) =>
  ({ kind: 'began', delivery, worker: delivery.charAt(0), attempt, token }) as const;
export const completing = (attempt: number) => ({ kind: 'completing', attempt }) as const;
export const returned = (attempt: number) => ({ kind: 'returned', attempt }) as const;
export const failed = (attempt: number) => ({ kind: 'failed', attempt, why: 'CardExpired' }) as const;
export const answered = (delivery: string, payment: string) =>
  ({ kind: 'answered', delivery, payment }) as const;
export const refused = (delivery: string, code: string) => ({ kind: 'refused', delivery, code }) as const;
export const killed = (worker: string) => ({ kind: 'killed', worker, by: 'nemesis' }) as const;
export const stopped = (worker: string) => ({ kind: 'stopped', worker }) as const;
export const continued = (worker: string) => ({ kind: 'continued', worker }) as const;
export const frozen = (worker: string, from: number, to: number) =>
  ({ kind: 'frozen', worker, from, to }) as const;
export const crashed = (worker: string) => ({ kind: 'crashed', worker, said: 'read ECONNRESET' }) as const;
export const record = (status: string, attempt: number) => ({ kind: 'record', status, attempt }) as const;
export const inTable = (payment: string, attempt: number) =>
  ({ kind: 'effect', payment, attempt, where: 'table' }) as const;
export const parked = (reason: string) => ({ kind: 'parked', reason }) as const;

/** It is delivered to A, which runs it. */
export const begunByA: readonly Told[] = [
  [1_000, received('A1')],
  [1_005, began('A1', 1, 1_001)],
];
export const endedByA: readonly Told[] = [
  [1_010, completing(1)],
  [1_020, returned(1)],
  [1_025, answered('A1', 'row-1')],
];
export const paidByA: readonly Told[] = [
  [9_000, record('completed', 1)],
  [9_001, inTable('row-1', 1)],
];
/** It is delivered to B when the lease of A has lapsed, and B runs it to its end. */
export const takenOverByB: readonly Told[] = [
  [4_100, received('B1')],
  [4_105, began('B1', 2, 4_101)],
  [4_110, completing(2)],
  [4_120, returned(2)],
  [4_125, answered('B1', 'row-2')],
];
export const paidByB: readonly Told[] = [
  [9_000, record('completed', 2)],
  [9_001, inTable('row-2', 2)],
];
/** Each of three runs throws. */
export const failedThrice: readonly Told[] = [1, 2, 3].flatMap((attempt): Told[] => [
  [1_000 * attempt, received(`A${attempt}`)],
  [1_000 * attempt + 1, began(`A${attempt}`, attempt, 1_000 * attempt)],
  [1_000 * attempt + 2, failed(attempt)],
  [1_000 * attempt + 3, refused(`A${attempt}`, 'CardExpired')],
]);
/** Each of three workers is killed while it runs it. */
export const killedThrice: readonly Told[] = ['A', 'B', 'C'].flatMap((worker, index): Told[] => [
  [1_000 + 5_000 * index, received(`${worker}1`)],
  [1_001 + 5_000 * index, began(`${worker}1`, index + 1, 1_000 + 5_000 * index)],
  [1_100 + 5_000 * index, killed(worker)],
]);
export const exhausted: readonly Told[] = [
  [20_000, received('D1')],
  [20_001, refused('D1', 'ERR_IDEMPOTENCY_ATTEMPTS_EXHAUSTED')],
  [20_010, parked('AttemptsExhaustedError')],
  [20_020, record('unknown', 3)],
];
