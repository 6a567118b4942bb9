import type { Rules } from './engine.js';

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
  | 'clock jump'
  /** A notice of a change never arrives. */
  | 'lost notice'
  /** A notice of a change arrives at any later time. */
  | 'late notice'
  /** The store gives no notices any more, and says so. */
  | 'end of notices';

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
  'lost notice',
  'late notice',
  'end of notices',
];

/** What is explored exhaustively: so many callers of one key, and up to so many faults in any order. */
export interface Scenario {
  readonly name: string;
  /** For each caller, which process it is in. Callers of one process meet there. */
  readonly processes: readonly number[];
  /** Where they differ from `baseRules`. */
  readonly rules: Partial<Rules>;
  /** Milliseconds by which each process's clock is ahead. */
  readonly skews?: readonly number[];
  /** `commits`: it writes its own completion. `nests`: it calls another operation, with a key of its own. */
  readonly method?: 'commits' | 'nests';
  /** What `onError` says about a method that throws; `restore`: the method has not begun after all. */
  readonly failures?: 'release' | 'unknown' | 'restore';
  /** An operator in the first caller's process, who decides about the key at any time. */
  readonly operator?: Operator;
  /** How many milliseconds after its begin the Lambda invocation of each call ends. */
  readonly invocationMs?: number;
  /** Whether the store tells waiting calls of changes. */
  readonly hasNotices?: boolean;
  readonly faults: readonly Fault[];
  /** How many of them there may be in one history. */
  readonly mostFaults: number;
}

/**
 * What an operator decides: the key is forgotten, also by force, equal calls get an answer, also by force, or they may run again without being
 * another request.
 */
export type Operator = 'forget' | 'force' | 'answer' | 'force an answer' | 'run again';

/** Short, so that a history has few events: a lease of 300 ms is renewed once, after 100 ms, and a store call is
 * given up after 100 ms. */
export const times = {
  lease: 300,
  clockTolerance: 50,
  renewFor: 300,
  wait: 500,
  skew: 45,
  ttl: 3_600_000,
} as const;

export const baseRules: Rules = {
  ttl: times.ttl,
  lease: times.lease,
  renewFor: times.renewFor,
  wait: times.wait,
  clockTolerance: times.clockTolerance,
  onAbandoned: 'run',
  maxAttempts: Number.POSITIVE_INFINITY,
  unresolvedTtl: undefined,
  onStoreFailure: 'throw',
  readFirst: false,
  keepLocal: 0,
};

/** A recovery function: the machine asks only whether there is one. */
export const recoveryFunction: Rules['onAbandoned'] = () => 'run';
