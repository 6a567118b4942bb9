import { IdempotencyError, type IdempotencyRecord, type RecordState } from 'retrysafe';
import type { Process } from './process.js';
import { type Scenario, times } from './scenario.js';

/** One call of the operation. */
export interface Caller {
  readonly index: number;
  readonly process: Process;
  state: 'idle' | 'calling' | 'ended' | 'crashed';
  runs: number;
  /** While its method runs: its signal. */
  signal: AbortSignal | undefined;
  /** Whether its method threw, or what it asked about a lapsed claim. */
  hasFailed: boolean;
  /** What it ended with, where it was no outcome. */
  error: unknown;
  /** Whether it runs without a claim. */
  isOpen: boolean;
  /** Whether its caller got a result that the store did not take. */
  isUnrecorded: boolean;
}

export class MethodFailed extends Error {}

/** Watches one history for everything that must never happen. */
export class Invariants {
  violation: string | undefined;
  readonly #callers: readonly Caller[];
  readonly #tokens = new Set<string>();
  readonly #answers = new Map<number, number>();
  /** What allows one more run: claims that lapsed (by a crash, too, or since a completion was given up), failures, open runs. */
  readonly causes = { lapses: 0, failures: 0, open: 0 };
  /** Whose run began last. */
  lastRun: number | undefined;

  constructor(
    callers: readonly Caller[],
    readonly scenario: Scenario,
  ) {
    this.#callers = callers;
  }

  /** A write has taken effect. `now` is by the clock that is furthest behind. */
  wrote(before: IdempotencyRecord | undefined, after: IdempotencyRecord, now: number): void {
    if (this.#tokens.has(after.token)) this.#fail('a write takes effect once', 'it took effect again');
    this.#tokens.add(after.token);
    const isUndecided = after.state.status === 'unknown' || after.state.status === 'in-progress';
    if (this.scenario.policy && isUndecided && after.expiresAt < Date.UTC(9999, 11, 31))
      this.#fail('an unknown outcome stays', `${after.state.status} expires at ${after.expiresAt}`);
    if (!before || before.expiresAt <= now) return;
    const { status } = before.state;
    if (status === 'completed') {
      this.#fail('a completed key never runs again', `its record was overwritten as ${after.state.status}`);
    } else if (ownerOf(before) === ownerOf(after)) {
      if (status !== 'in-progress')
        this.#fail('no write of a former holder takes effect', `${status} was overwritten`);
    } else if (after.state.status !== 'in-progress') {
      this.#fail(
        'no write of a former holder takes effect',
        `another's ${status} became ${after.state.status}`,
      );
    } else if (before.state.status === 'in-progress') {
      this.#tookOver(before.state, after.state);
    }
  }

  #tookOver(
    before: Extract<RecordState, { status: 'in-progress' }>,
    after: Extract<RecordState, { status: 'in-progress' }>,
  ) {
    if (after.leaseUntil - times.lease < before.leaseUntil + times.clockTolerance) {
      this.#fail('at most one unlapsed claim', 'a claim was taken over before it had lapsed');
    }
    // By the other policies a lapsed claim is no reason to run again.
    if (this.scenario.policy === undefined) this.causes.lapses += 1;
  }

  started(caller: Caller, holder: IdempotencyRecord | undefined, now: number): void {
    caller.runs += 1;
    this.lastRun = caller.index;
    if (caller.runs > 1)
      this.#fail('a call runs its method at most once', `caller ${caller.index} ran it again`);
    if (caller.isOpen) this.causes.open += 1;
    else if (holder?.state.status === 'completed' && holder.expiresAt > now) {
      this.#fail('a completed key never runs again', `caller ${caller.index} ran its method`);
    }
    const runs = this.#callers.reduce((sum, { runs }) => sum + runs, 0);
    const most = 1 + Object.values(this.causes).reduce((sum, count) => sum + count, 0);
    if (runs > most) {
      const why = Object.entries(this.causes).map(([name, count]) => `${count} ${name}`);
      this.#fail('no more runs than causes', `${runs} runs with ${why.join(', ')}`);
    }
  }

  failed(caller: Caller): void {
    caller.hasFailed = true;
    this.causes.failures += 1;
  }

  answered(caller: Caller, value: unknown): void {
    const { run } = value as { readonly run: number };
    if (!this.#callers[run]?.runs)
      this.#fail('answers are of runs', `caller ${caller.index} has that of no run`);
    if (this.#callers[run]?.isOpen || this.#callers[run]?.isUnrecorded) return;
    this.#answers.set(caller.index, run);
    if (new Set(this.#answers.values()).size > 1) {
      const all = [...this.#answers].map(([index, of]) => `caller ${index} has that of run ${of}`);
      this.#fail('all answers are equal', all.join(', '));
    }
  }

  refused(caller: Caller, error: unknown): void {
    if (error instanceof IdempotencyError) return;
    if (error instanceof MethodFailed && caller.hasFailed) return;
    this.#fail('a call ends with an outcome or an error of ours', `caller ${caller.index}: ${error}`);
  }

  /** Of the processes whose timers are on time, and so the signals of their methods. */
  holdsOne(isOnTime: (process: Process) => boolean): void {
    const holders = this.#callers.filter(
      ({ signal, process, isOpen }) => signal && !signal.aborted && !isOpen && isOnTime(process),
    );
    if (holders.length > 1) {
      this.#fail(
        'at most one unlapsed claim',
        `callers ${holders.map(({ index }) => index).join(' and ')} have one`,
      );
    }
  }

  fails(invariant: string, what: string): void {
    this.#fail(invariant, what);
  }

  #fail(invariant: string, what: string): void {
    this.violation ??= `${invariant}: ${what}`;
  }
}

function ownerOf({ token }: IdempotencyRecord): string {
  return token.slice(0, token.lastIndexOf('.'));
}
