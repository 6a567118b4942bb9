import { IdempotencyError, type IdempotencyRecord } from 'retrysafe';
import { aboutFaults } from './about-rules.js';
import type { Host, SimulatedClock } from './clock.js';
import type { Step, Version, Witness } from './database.js';
import { type Decision, DecisionRules } from './decision-rules.js';
import type { DrawnOptions, PlannedCall } from './history.js';
import { confidential } from './operation.js';
import type { Result } from './results.js';
import { markIn } from './results.js';
import { RunRules } from './run-rules.js';
import { writeFaults } from './write-rules.js';

/** Something that must never be. */
export interface Violation {
  /** Which rule was broken. */
  readonly rule: string;
  readonly what: string;
}

/** A call as far as it has come. */
export interface CallState {
  readonly plan: PlannedCall;
  readonly host: Host;
  readonly startedAt: number;
  /** Whether it came after everything, to see that the key is free or has an outcome. */
  readonly isAudit: boolean;
  runs: number;
  /** How often its recovery function was asked. */
  recoveries: number;
  /** Whether it was told that another call holds its key: then it must not run without a claim. */
  hasSeenHolder: boolean;
  /** Whether the library said that the store could not be reached and the method runs without a claim. */
  ranOpen: boolean;
  /** Whether the library said that the outcome was not stored. */
  isUnrecorded: boolean;
  /** Whether it returned what a call of its process had, which it joined. */
  hasJoined: boolean;
  /** Errors that came out of the application's code in this call, and values that are no outcomes: its caller alone gets them. */
  readonly own: Set<unknown>;
  /** For how long the application's own code ran. */
  busy: number;
  /** What an operator decided about the key while the call ran. */
  takenBy: Decision | undefined;
  /** How many requests it has sent, and how many of them had an answer in time. */
  asked: number;
  heard: number;
}

/** What is known about a history while it is lived through, and what was wrong with it. */
export class Checker implements Witness {
  readonly violations: Violation[] = [];
  readonly counts = new Map<string, number>();
  readonly results = new Map<string, Result>();
  /** When each result stood in the database, by its mark. */
  readonly recorded = new Map<string, Version[]>();
  /** Outcomes that a process has forgotten: by which, when it knew, and which there were when it began. */
  readonly forgotten: { readonly host: Host; readonly at: number; readonly marks: ReadonlySet<string> }[] =
    [];
  /** Keys of which the database lost something that it had confirmed. */
  readonly lossy = new Set<string>();
  readonly runs: RunRules;
  readonly decisions = new DecisionRules(this);
  /** Which payload has which fingerprint. */
  readonly payloads = new Map<string, number>();
  /** Ids by full keys, and full keys by ids. */
  readonly ids = new Map<string, string>();
  readonly keys = new Map<string, string>();
  /** Told of each write, where the specification is asked about the history. */
  traces: { wrote(key: string, step: Step, record: IdempotencyRecord | undefined): void } | undefined;
  versionsOf: (key: string) => readonly Version[] = () => [];

  constructor(
    readonly clock: SimulatedClock,
    readonly options: DrawnOptions,
  ) {
    this.runs = new RunRules(this);
  }

  /** What the clock shows that is furthest ahead, or was when a request was sent that arrives now. */
  get latestNow(): number {
    return this.clock.now + Math.ceil(this.options.clockTolerance / 2);
  }

  counted(what: string, times = 1): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + times);
  }

  violated(rule: string, what: string): void {
    this.violations.push({ rule, what });
  }

  wrote(key: string, step: Step, before: Version | undefined, after: Version): void {
    this.traces?.wrote(key, step, after.record);
    if (step === 'deletion') {
      this.counted('deleted record');
      return;
    }
    if (step === 'failover') {
      this.counted('lost write');
      this.lossy.add(key);
      return;
    }
    for (const [rule, what] of writeFaults(this, key, before, after)) this.violated(rule, what);
    for (const [rule, what] of aboutFaults(this, before, after)) this.violated(rule, what);
    const { record } = after;
    if (record?.state?.status !== 'completed') return;
    const mark = markIn(JSON.stringify(record.state.outcome));
    if (mark) this.recorded.set(mark, [...(this.recorded.get(mark) ?? []), after]);
    if (step === 'transaction') this.runs.committed(key, after);
  }

  /** The outcomes of a key that have stood until now. */
  marksOf(id: string): ReadonlySet<string> {
    const marks = [...this.results.values()].filter(({ key, mark }) => key === id && this.recorded.has(mark));
    return new Set(marks.map(({ mark }) => mark));
  }

  /** Whether the process had forgotten that outcome when the call began. */
  isForgotten({ host, startedAt }: CallState, mark: string): boolean {
    return this.forgotten.some((one) => one.host === host && one.at <= startedAt && one.marks.has(mark));
  }

  versionsOfId(id: string): readonly Version[] {
    return this.versionsOf(this.keys.get(id) ?? id);
  }

  /** Whether the database lost something about the key. */
  isLossy(id: string): boolean {
    return this.lossy.has(this.keys.get(id) ?? id);
  }

  /** What a caller, or one who listens to events, was told. */
  told(what: unknown): void {
    const text = what instanceof IdempotencyError ? what.message : String(what);
    if (text.includes(confidential))
      this.violated('messages of methods stay with them', `it says ${text.slice(0, 200)}`);
  }
}
