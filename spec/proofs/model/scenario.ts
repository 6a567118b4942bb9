import type { IdempotentOptions } from 'retrysafe';

/** What may go wrong. Each costs one of a scenario's faults. */
export type Fault =
  /** A process dies; what it sent may still arrive. Also between a write that was applied and its answer. */
  | 'crash'
  /** A request is applied, and its sender is told that it failed. */
  | 'lost answer'
  /** A request is applied at once and answered later. */
  | 'late answer'
  /** A request is applied later: after others, after its sender has given up, after everything. */
  | 'delayed request'
  /** A write is applied, and once more at any later time. */
  | 'repeated write'
  /** A read returns an earlier version. */
  | 'stale read'
  /** A request is refused and not applied. */
  | 'store error'
  /** The method throws. */
  | 'method failure'
  /** A process does nothing for twice its lease, and then goes on. */
  | 'suspension'
  /** The clock of a process is set forward, within the tolerance. */
  | 'clock jump';

export const everyFault: readonly Fault[] = [
  'crash',
  'lost answer',
  'late answer',
  'delayed request',
  'repeated write',
  'stale read',
  'store error',
  'method failure',
  'suspension',
  'clock jump',
];

/** What is explored exhaustively: so many callers of one key, and up to so many faults in any order. */
export interface Scenario {
  readonly name: string;
  /** For each caller, which process it is in. Callers of one process share its store object and meet there. */
  readonly processes: readonly number[];
  readonly options: IdempotentOptions;
  /** Milliseconds by which each process's clock is ahead. */
  readonly skews?: readonly number[];
  /** What is done about a lapsed claim, where it is not run again: `asks` a recovery function that can tell. */
  readonly policy?: 'refuse' | 'asks';
  readonly faults: readonly Fault[];
  /** How many of them there may be in one history. */
  readonly mostFaults: number;
  /** `commits`: it writes its own completion. */
  readonly method?: 'commits';
}

/** Short, so that a history has few events: a lease of 300 ms is renewed once, after 100 ms, and a store call is
 * given up after 100 ms. */
export const times = { lease: 300, clockTolerance: 50, renewFor: 300, wait: 500, skew: 45 } as const;

const ms = (length: number) => `${length}ms` as const;

export const baseOptions: IdempotentOptions = {
  name: 'model',
  key: () => 'the key',
  ttl: '1h',
  lease: ms(times.lease),
  clockTolerance: ms(times.clockTolerance),
  renewFor: ms(times.renewFor),
  wait: ms(times.wait),
};
