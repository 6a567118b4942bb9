import type { CurrentExecution } from 'retrysafe';
import type { CallState, Checker } from './checker.js';
import type { Version } from './database.js';
import { type Decision, isAnswer } from './decision-rules.js';
import { owner } from './write-rules.js';

/** For how long a signal may be silent after its lease has ended, in milliseconds: for timers that are due as well. */
const GRACE = 5;

/** A run of a method, or of a recovery function under a claim of its own. */
export interface Run {
  readonly call: CallState;
  readonly key: string;
  readonly signal: AbortSignal;
  readonly isOpen: boolean;
  readonly isRecovery: boolean;
  /** Who made its claim. */
  readonly owner: string | undefined;
  /** Whether it goes on, and its work is not completed yet. */
  isActive: boolean;
  hasFailed: boolean;
  /** Whether the database lost its claim, or an operator took it away. */
  isDispossessed: boolean;
  /** Why its key may run again. */
  excuse?: string;
}

/** The rules about runs: who may run when, and how often. */
export class RunRules {
  readonly #byKey = new Map<string, Run[]>();
  readonly #contested = new Set<string>();
  readonly #committed = new Map<string, { readonly version: Version; isForgotten: boolean }>();

  /** What operators wrote. */
  readonly #decided = new Set<Version>();

  constructor(readonly checker: Checker) {}

  /** How often methods ran, under claims and without. */
  get count(): number {
    return [...this.#byKey.values()].flat().filter(({ isRecovery }) => !isRecovery).length;
  }

  start(call: CallState, { key, signal, fencingToken, attempt }: CurrentExecution, isRecovery: boolean): Run {
    const isOpen = call.ranOpen && !isRecovery;
    const { checker } = this;
    const versions = checker.versionsOf(key);
    const place = isOpen
      ? -1
      : versions.findLastIndex(
          ({ record }) =>
            record?.state.status === 'in-progress' && record.state.fencingToken === fencingToken,
        );
    const claim = versions[place];
    // It may have been taken away before its answer came.
    const taking =
      place < 0 ? undefined : versions.slice(place).find((version) => this.#decided.has(version));
    const decision = taking?.record && checker.decisions.of(taking.record);
    const isDispossessed = decision !== undefined;
    const run: Run = {
      call,
      key,
      signal,
      isOpen,
      isRecovery,
      owner: claim?.record && owner(claim.record).name,
      isActive: true,
      hasFailed: false,
      isDispossessed,
    };
    // It has another claim than the one that was taken.
    call.takenBy = undefined;
    if (decision) this.#takeFrom(run, decision);
    this.#checkLease(run);
    this.#checkAnswer(run);
    if (!isRecovery) {
      if (!isOpen && !isDispossessed && !call.isAudit) this.#checkAttempt(run, attempt);
      call.runs += 1;
      if (isOpen && call.hasSeenHolder)
        checker.violated(
          'no open run beside a holder',
          `call ${call.plan.index} runs without a claim and knows of a holder`,
        );
      if (call.runs > 1)
        checker.violated('a call runs its method once', `call ${call.plan.index} ran ${call.runs} times`);
      // A call that was refused before its response came does not know of later calls.
      if (!isOpen && !isDispossessed) this.#excuseEarlier(run);
    }
    const runs = this.#byKey.get(key) ?? [];
    this.#byKey.set(key, runs);
    if (runs.some(({ isActive }) => isActive)) this.#contested.add(key);
    runs.push(run);
    return run;
  }

  /** To be called whenever anything has happened: of one key at most one run has a claim that has not lapsed. */
  check(): void {
    for (const key of this.#contested) {
      const active = (this.#byKey.get(key) ?? []).filter(({ isActive }) => isActive);
      if (active.length < 2) this.#contested.delete(key);
      const unlapsed = active.filter((run) => this.#isUnlapsed(run));
      if (unlapsed.length < 2 || this.checker.lossy.has(key)) continue;
      const calls = unlapsed.map(({ call }) => call.plan.index).join(' and ');
      this.checker.violated('one runner', `calls ${calls} run under claims that have not lapsed`);
      this.#contested.delete(key);
    }
  }

  /** A transaction did the work of a key and completed it. */
  committed(key: string, version: Version): void {
    const { checker } = this;
    checker.counted('committed transaction');
    const last = this.#committed.get(key);
    const expiresAt = last?.version.record?.expiresAt ?? 0;
    if (last && !last.isForgotten && expiresAt > checker.latestNow && !checker.lossy.has(key))
      checker.violated('transactions are exactly once', 'the work of a key was done by two transactions');
    this.#committed.set(key, { version, isForgotten: false });
    const by = version.record && owner(version.record).name;
    for (const run of this.#byKey.get(key) ?? []) if (run.owner === by) run.isActive = false;
  }

  /** An operator decided about a key, and took it away from a running call. */
  decided(key: string, version: Version, decision: Decision): void {
    const { checker } = this;
    this.#decided.add(version);
    checker.decisions.wrote(checker.ids.get(key) ?? key, version, decision);
    for (const run of this.#byKey.get(key) ?? []) {
      run.isDispossessed = true;
      this.#takeFrom(run, decision);
    }
    const committed = this.#committed.get(key);
    if (committed && decision.as === 'forgotten') committed.isForgotten = true;
  }

  #takeFrom(run: Run, decision: Decision): void {
    if (run.isActive && !run.isOpen) run.call.takenBy ??= decision;
    if (run.excuse) return;
    // While the answer stands nothing runs, which is a rule of its own.
    if (isAnswer(decision)) run.excuse = 'answer';
    else this.#excuse(run, decision.as === 'run-again' ? 'decision to run again' : 'forget');
  }

  /** Nothing runs where an operator has decided what every equal call gets. */
  #checkAnswer({ key, call, isOpen, isDispossessed }: Run): void {
    const { checker } = this;
    if (isOpen || isDispossessed || checker.lossy.has(key)) return;
    const answer = checker.decisions.answerTo(call.plan.key);
    if (!answer) return;
    checker.violated(
      "no run after an operator's answer",
      `call ${call.plan.index} runs, and the key was resolved by "${answer.decision.as}"`,
    );
  }

  /** No attempt begins after the last, but one that an operator permits. */
  #checkAttempt({ key, call }: Run, attempt: number): void {
    const { checker } = this;
    const { maxAttempts } = checker.options;
    const permitted = checker.versionsOf(key).map(({ record }) => record?.state.permitted ?? 0);
    if (maxAttempts === undefined || attempt <= Math.max(maxAttempts, ...permitted)) return;
    checker.violated(
      'attempts have an end',
      `call ${call.plan.index} runs as attempt ${attempt} of ${maxAttempts}`,
    );
  }

  /** A claim that lapsed while its answer was under way is renewed before anything runs under it. */
  #checkLease({ call, owner: by, key, isDispossessed }: Run): void {
    const { checker } = this;
    const last = checker
      .versionsOf(key)
      .findLast(({ record }) => record && owner(record).name === by)?.record;
    if (isDispossessed || last?.state.status !== 'in-progress') return;
    if (checker.clock.nowAt(call.host) >= last.state.leaseUntil)
      checker.violated(
        'no run begins under a lapsed claim',
        `call ${call.plan.index} runs when its lease is over`,
      );
  }

  /** No run of a key goes without a reason but the last, or one for each write that the database lost. */
  #excuseEarlier({ key, call }: Run): void {
    const { checker } = this;
    for (const run of this.#byKey.get(key) ?? []) {
      if (run.isRecovery || run.isOpen || run.excuse) continue;
      const reason =
        this.#reasonFor(run) ?? (checker.lossy.has(key) ? 'write lost by the database' : undefined);
      if (reason) this.#excuse(run, reason);
      else
        checker.violated(
          'no run without a reason',
          `call ${call.plan.index} runs, and the run of call ${run.call.plan.index} is neither recorded as failed, nor lapsed, expired or forgotten`,
        );
    }
  }

  #excuse(run: Run, reason: string): void {
    run.excuse = reason;
    if (!run.isRecovery && !run.isOpen) this.checker.counted(`another run after: ${reason}`);
  }

  /** Why a key may run again after this run. */
  #reasonFor(run: Run): string | undefined {
    const { checker } = this;
    const { latestNow, options } = checker;
    const last = checker
      .versionsOf(run.key)
      .findLast(({ record }) => record && owner(record).name === run.owner)?.record;
    switch (last?.state.status) {
      case 'released':
      case 'unknown':
        return run.hasFailed ? 'failure' : 'completion given up';
      case 'completed':
        return last.expiresAt <= latestNow ? 'expiry' : undefined;
      case 'in-progress':
        if (last.state.leaseUntil + options.clockTolerance > latestNow) return undefined;
        if (run.call.host.state === 'dead') return 'crash';
        return run.call.isUnrecorded ? 'completion given up' : 'lapse';
      default:
        return undefined;
    }
  }

  #isUnlapsed({ call: { host }, signal, isOpen, isDispossessed, owner: by, key }: Run): boolean {
    if (signal.aborted || isOpen || isDispossessed || !host.isCurrent) return false;
    const { clock } = this.checker;
    const now = clock.nowAt(host);
    const lease = this.checker.versionsOf(key).findLast(({ record }) => record && owner(record).name === by)
      ?.record?.state;
    if (lease?.status !== 'in-progress' || now < lease.leaseUntil) return true;
    // The lease is over, which its signal has to say.
    return now >= lease.leaseUntil + GRACE && clock.now >= host.currentSince + GRACE;
  }
}
