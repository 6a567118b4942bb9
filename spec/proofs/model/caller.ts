import type { CallerFacts } from './setting.js';

/** What the caller's process does for it at present, besides the machine. */
export type Work =
  | 'none'
  | 'method'
  | 'recovery'
  /** The method waits for its completion. */
  | 'asking'
  /** The method's transaction is under way. */
  | 'committing'
  /** The method waits for the call that it made. */
  | 'nesting';

/** One call of the operation. Plain data. */
export interface Caller {
  readonly facts: CallerFacts;
  state: 'idle' | 'calling' | 'ended' | 'crashed';
  work: Work;
  runs: number;
  /** What it ended with, in words. */
  verdict: string;
  /** Whose run its method's value is of. The recovery function returns that of another one. */
  value: number;
  /** Whether the signal of its method is aborted. */
  isAborted: boolean;
  /** Whether its method threw, or what it asked about a lapsed claim. */
  hasFailed: boolean;
  /** Whether it runs without a claim. */
  isOpen: boolean;
  /** Whether its caller got a result that the store did not take. */
  isUnrecorded: boolean;
  /** Whether its method asked for its completion and got it, and has not ended. */
  isGranted: boolean;
  /** Whether its recovery function was asked. */
  hasRecovered: boolean;
  /** The request that it awaits, and whether that is a read for a call that waits. */
  awaits: number;
  /** When its timer fires. */
  alarmAt: number;
  /** For how long it has waited, by the checker's own count. */
  waited: number;
  /** How many attempts there were before its claim. */
  attemptsBefore: number;
  /** How often the key was freed by an operator before its claim, and before it began. */
  epoch: number;
  bornIn: number;
  /** How many claims it was told of and how many of their losses, and whether it was told how its record ended. */
  claimsTold: number;
  hasToldEnd: boolean;
  /** Whether it listens to its store, whether it awaits a notice, and the notice that is on its way. */
  isListening: boolean;
  awaitsNotice: boolean;
  notice: 'none' | 'fresh' | 'late';
}

export function newCaller(facts: CallerFacts): Caller {
  return {
    facts,
    state: 'idle',
    work: 'none',
    runs: 0,
    verdict: '',
    value: facts.index,
    isAborted: false,
    hasFailed: false,
    isOpen: false,
    isUnrecorded: false,
    isGranted: false,
    hasRecovered: false,
    awaits: 0,
    alarmAt: Number.POSITIVE_INFINITY,
    waited: 0,
    attemptsBefore: 0,
    epoch: 0,
    bornIn: 0,
    claimsTold: 0,
    hasToldEnd: false,
    isListening: false,
    awaitsNotice: false,
    notice: 'none',
  };
}

/** Field by field: all copies have one shape, which makes them cheap. */
export function copyOfCaller(caller: Caller): Caller {
  return {
    facts: caller.facts,
    state: caller.state,
    work: caller.work,
    runs: caller.runs,
    verdict: caller.verdict,
    value: caller.value,
    isAborted: caller.isAborted,
    hasFailed: caller.hasFailed,
    isOpen: caller.isOpen,
    isUnrecorded: caller.isUnrecorded,
    isGranted: caller.isGranted,
    hasRecovered: caller.hasRecovered,
    awaits: caller.awaits,
    alarmAt: caller.alarmAt,
    waited: caller.waited,
    attemptsBefore: caller.attemptsBefore,
    epoch: caller.epoch,
    bornIn: caller.bornIn,
    claimsTold: caller.claimsTold,
    hasToldEnd: caller.hasToldEnd,
    isListening: caller.isListening,
    awaitsNotice: caller.awaitsNotice,
    notice: caller.notice,
  };
}
