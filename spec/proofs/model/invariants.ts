import type { IdempotencyRecord, RecordState } from 'retrysafe';
import type { Caller } from './caller.js';
import type { CallState, Moment, Refusal, StoreCall, Tell } from './engine.js';
import { times } from './scenario.js';
import { names, type Setting } from './setting.js';

type InProgress = Extract<RecordState, { status: 'in-progress' }>;

/** What has happened under one key, as far as it decides what may still happen. */
export interface Ledger {
  /** How many more runs there may be: one, and one for each cause of another. */
  runsLeft: number;
  /** Whose run began last, and which attempts have run. */
  lastRun: number;
  attempts: number;
  /** The last attempt that may begin by an operator's decision, whatever `maxAttempts` says. */
  permitted: number;
  /** Of which run all answers are. */
  answer: number;
  /** How often an operator has freed the key, and how often that was known to the operator. */
  epoch: number;
  settledEpoch: number;
}

/** What a call has just heard from the store. */
export interface Heard {
  readonly record: IdempotencyRecord | undefined;
  readonly isWrite: boolean;
}

/** Nothing is begun in the last half second of a Lambda invocation. */
const LAMBDA_MARGIN_MS = 500;

/** Watches one history for everything that must never happen. */
export class Invariants {
  violation: string | undefined;
  readonly ledgers: Ledger[];
  /** Which writes of each caller took effect: a bit for each number in its tokens. */
  readonly applied: number[];

  constructor(
    readonly setting: Setting,
    from?: Invariants,
  ) {
    const empty = {
      runsLeft: 1,
      lastRun: -1,
      attempts: 0,
      permitted: 0,
      answer: -1,
      epoch: 0,
      settledEpoch: 0,
    };
    this.ledgers = from ? from.ledgers.map((one) => ({ ...one })) : setting.keys.map(() => ({ ...empty }));
    this.applied = from ? from.applied.slice() : setting.callers.map(() => 0);
  }

  /** A caller's write has taken effect. `sentAt` is by the caller's clock, `now` by the one that is furthest behind. */
  wrote(
    caller: Caller,
    before: IdempotencyRecord | undefined,
    after: IdempotencyRecord,
    sentAt: number,
    now: number,
  ): void {
    const owner = caller.facts.index;
    const number = numberOf(after);
    if ((this.applied[owner] as number) & (1 << number))
      this.fails('a write takes effect once', 'it took effect again');
    (this.applied[owner] as number) |= 1 << number;
    const { state } = after;
    const isUndecided = state.status === 'unknown' || state.status === 'in-progress';
    const isGuarded = this.setting.rules.onAbandoned !== 'run';
    if (isGuarded && isUndecided && after.expiresAt < Date.UTC(9999, 11, 31))
      this.fails('an unknown outcome stays', `${state.status} expires at ${after.expiresAt}`);
    const held = before && before.expiresAt > now ? before : undefined;
    if (caller.facts.purpose !== 'run') this.#resolved(caller, held, after, now);
    else if (!held) this.#claimed(caller, undefined, state);
    else if (ownerOf(held) === owner) this.#wentOn(caller, held.state, state);
    else this.#tookOver(caller, held.state, state, sentAt);
  }

  #claimed(caller: Caller, before: RecordState | undefined, after: RecordState): void {
    const ledger = this.#ledgerOf(caller);
    caller.attemptsBefore = before?.attempt ?? 0;
    caller.epoch = ledger.epoch;
    const asks = typeof this.setting.rules.onAbandoned === 'function';
    const isRecovery = before !== undefined && before.status !== 'released' && asks;
    const expected = caller.attemptsBefore + (isRecovery ? 0 : 1);
    if (after.attempt !== expected) this.#attemptIs(after, expected);
  }

  #tookOver(caller: Caller, before: RecordState, after: RecordState, sentAt: number): void {
    if (before.status === 'completed')
      return this.fails('a completed key never runs again', `its record was overwritten as ${after.status}`);
    if (after.status === 'unknown' && after.exhausted !== undefined)
      return this.#exhausted(before, after, sentAt);
    if (after.status !== 'in-progress')
      return this.fails(
        'no write of a former holder takes effect',
        `another's ${before.status} became ${after.status}`,
      );
    if (before.status === 'in-progress') {
      if (isTooEarly(before, sentAt))
        this.fails('at most one unlapsed claim', 'a claim was taken over before it had lapsed');
      // By the other policies a lapsed claim is no reason to run again.
      if (this.setting.rules.onAbandoned === 'run') this.#ledgerOf(caller).runsLeft += 1;
    }
    this.#claimed(caller, before, after);
  }

  /** A call that may not begin has written that none may. */
  #exhausted(before: RecordState, after: RecordState, sentAt: number): void {
    const { maxAttempts } = this.setting.rules;
    if (before.status === 'in-progress' && isTooEarly(before, sentAt))
      this.fails(
        'at most one unlapsed claim',
        'attempts were said to be exhausted before a claim had lapsed',
      );
    if (after.attempt !== before.attempt || after.exhausted !== before.attempt)
      this.#attemptIs(after, before.attempt);
    if (before.attempt < maxAttempts && (before.recoveries?.count ?? 0) < maxAttempts)
      this.fails(
        'attempts end by their count',
        `attempt ${before.attempt} of ${maxAttempts} is not the last`,
      );
    if (after.fencingToken !== before.fencingToken)
      this.fails('attempts end by their count', 'the fencing token grew, and nothing was claimed');
  }

  /** A caller's record has replaced its own one before. */
  #wentOn(caller: Caller, before: RecordState, after: RecordState): void {
    if (before.status === 'completed')
      return this.fails('a completed key never runs again', `its record was overwritten as ${after.status}`);
    if (before.status !== 'in-progress')
      return this.fails('no write of a former holder takes effect', `${before.status} was overwritten`);
    const { attemptsBefore, hasRecovered, isOpen, runs } = caller;
    if (isOpen) return;
    const hasBegun = runs > 0 || hasRecovered;
    if (after.status === 'in-progress') {
      // The recovery function said that the method runs: that attempt is counted before it begins.
      if (after.attempt === before.attempt) return;
      if (hasRecovered && runs === 0 && after.attempt === attemptsBefore + 1) return;
    } else if (hasBegun) {
      const expected = attemptsBefore + (runs > 0 && !this.#hasNotBegun(caller) ? 1 : 0);
      // What was counted and not begun, since the process died, is not known to the next one.
      const isCounted = after.attempt === before.attempt;
      if (after.attempt !== expected && !(runs === 0 && isCounted)) this.#attemptIs(after, expected);
      return;
    }
    // It gives back a claim under which nothing has run, so the record says what it said before.
    if (after.status === 'completed')
      this.fails('answers are of runs', `caller ${caller.facts.index} completed what did not run`);
    if (after.attempt !== attemptsBefore) this.#attemptIs(after, attemptsBefore);
    // The lapse is to be judged again.
    if (after.status === 'in-progress' && this.setting.rules.onAbandoned === 'run')
      this.#ledgerOf(caller).runsLeft -= 1;
  }

  #attemptIs({ status, attempt }: RecordState, expected: number): void {
    this.fails(
      'attempts are counted as they run',
      `${status} says attempt ${attempt}, and it is attempt ${expected}`,
    );
  }

  /** An operator has decided about the key. */
  #resolved(
    caller: Caller,
    before: IdempotencyRecord | undefined,
    { state }: IdempotencyRecord,
    now: number,
  ): void {
    const { operator = 'forget' } = caller.facts;
    const holder = before?.state;
    const answers = operator === 'answer' || operator === 'force an answer';
    if (!holder || state.status !== (answers ? 'completed' : 'released'))
      return this.fails('an operator resolves a key', `its ${holder?.status} became ${state.status}`);
    const isHeld =
      holder.status === 'in-progress' && holder.leaseUntil + times.clockTolerance > now + times.skew;
    if (isHeld && operator !== 'force' && operator !== 'force an answer')
      this.fails('at most one unlapsed claim', 'an operator took a claim before it had lapsed');
    if (operator === 'forget' || operator === 'force') return this.#forgotten(caller, holder);
    if (holder.status === 'completed')
      return this.fails('a completed key never runs again', `its outcome was overwritten as ${state.status}`);
    if (state.attempt !== holder.attempt) this.#attemptIs(state, holder.attempt);
    const ledger = this.#ledgerOf(caller);
    // A call whose claim was taken by force may begin its run before it learns of that, as where the key was freed by force.
    if (answers && isHeld) ledger.epoch += 1;
    // The answer stands for that of a run.
    if (answers) {
      caller.runs = 1;
      caller.epoch = ledger.epoch;
    } else if (holder.status === 'released') this.fails('an operator resolves a key', 'a free key was freed');
    else {
      ledger.runsLeft += 1;
      ledger.permitted = holder.attempt + 1;
    }
  }

  #forgotten(caller: Caller, holder: RecordState): void {
    if (holder.status === 'released') this.fails('an operator resolves a key', 'a free key was freed');
    const ledger = this.#ledgerOf(caller);
    ledger.epoch += 1;
    ledger.runsLeft += 1;
    ledger.answer = -1;
    ledger.attempts = 0;
    ledger.permitted = 0;
  }

  started(caller: Caller, { claim, confirmed }: CallState, holder: RecordState | undefined): void {
    const ledger = this.#ledgerOf(caller);
    caller.runs += 1;
    // The recovery function may take longer than its claim, which holds anew when the run is counted.
    caller.claimsTold = 1;
    ledger.lastRun = caller.facts.index;
    if (caller.runs > 1)
      this.fails('a call runs its method at most once', `caller ${caller.facts.index} ran it again`);
    if (claim === 'open') ledger.runsLeft += 1;
    // Of a claim that an operator has freed by force since.
    else if (caller.epoch === ledger.epoch) {
      if (holder?.status === 'completed')
        this.fails('a completed key never runs again', `caller ${caller.facts.index} ran its method`);
      this.#countsAttempt(caller, ledger, confirmed?.state.attempt ?? 0);
    }
    ledger.runsLeft -= 1;
    if (ledger.runsLeft < 0)
      this.fails('no more runs than causes', `caller ${caller.facts.index} ran without a cause`);
  }

  #countsAttempt(caller: Caller, ledger: Ledger, attempt: number): void {
    const expected = caller.attemptsBefore + 1;
    if (attempt > Math.max(this.setting.rules.maxAttempts, ledger.permitted))
      this.fails('attempts end by their count', `attempt ${attempt} ran`);
    if (attempt !== expected)
      this.fails('attempts are counted as they run', `attempt ${attempt} ran as attempt ${expected}`);
    if (ledger.attempts & (1 << attempt))
      this.fails('attempts are counted as they run', `attempt ${attempt} ran twice`);
    ledger.attempts |= 1 << attempt;
  }

  failed(caller: Caller): void {
    caller.hasFailed = true;
    const ledger = this.#ledgerOf(caller);
    ledger.runsLeft += 1;
    // The next one runs under the same number.
    if (this.#hasNotBegun(caller)) ledger.attempts &= ~(1 << (caller.attemptsBefore + 1));
  }

  /** Whether something before the method has answered, so that it was no attempt. */
  #hasNotBegun({ hasFailed, runs }: Caller): boolean {
    return hasFailed && runs > 0 && this.setting.scenario.failures === 'restore';
  }

  /** A call has the outcome of that run. */
  answered(callers: readonly Caller[], caller: Caller, run: number): void {
    const { index } = caller.facts;
    const of = callers[run];
    if (!of?.runs) return this.fails('answers are of runs', `caller ${index} has that of no run`);
    if (of.isOpen || of.isUnrecorded) return;
    const ledger = this.#ledgerOf(caller);
    if (of.epoch < caller.bornIn)
      this.fails('what was forgotten stays forgotten', `caller ${index} has that of run ${run}`);
    if (of.epoch !== ledger.epoch) return;
    if (ledger.answer >= 0 && ledger.answer !== run)
      this.fails(
        'all answers are equal',
        `caller ${index} has that of run ${run}, and others that of run ${ledger.answer}`,
      );
    ledger.answer = run;
  }

  /**
   * A call is refused since another one holds the key. It may be so only at the answer to a write of its own, which shows that
   * the key is held, and when all its time to wait is used up. The record of that answer is no outcome.
   */
  refused(caller: Caller, { reason }: Refusal, heard: Heard | undefined, { wall, steady }: Moment): void {
    const state = heard?.record?.state;
    if (
      reason === 'exhausted' &&
      !(heard?.isWrite && state?.status === 'unknown' && state.exhausted === state.attempt)
    )
      this.fails(
        'attempts end by their count',
        `caller ${caller.facts.index} is refused, and no record says why`,
      );
    if (reason !== 'running' && reason !== 'contended') return;
    const { facts, waited } = caller;
    const what = `caller ${facts.index} is refused as ${reason}`;
    if (facts.purpose !== 'run') return;
    if (!heard?.isWrite || !heard.record || heard.record.expiresAt <= wall)
      return this.fails('no call is refused unasked', `${what}, and no write showed that the key is held`);
    if (heard.record.state.status === 'completed')
      this.fails('no call is refused where an outcome is', `${what}, and was told of the outcome`);
    const { wait } = this.setting.rulesOf(facts);
    const { invocationMs = Number.POSITIVE_INFINITY } = this.setting.scenario;
    // It began at 0 at the earliest.
    if (waited < wait && steady < invocationMs - LAMBDA_MARGIN_MS)
      this.fails('no call is refused before its time', `${what} after ${waited} of ${wait} ms`);
  }

  /** Time has passed in which a call waited. */
  waited({ facts, waited }: Caller): void {
    const { wait } = this.setting.rulesOf(facts);
    // A read that is begun gets a millisecond at least.
    if (waited > wait + 1)
      this.fails('no call waits past its budget', `caller ${facts.index} has waited ${waited} of ${wait} ms`);
  }

  /** A call sends a request. */
  sends(caller: Caller, command: StoreCall): void {
    const { awaits, isGranted, facts } = caller;
    if (awaits !== 0)
      this.fails('a call has one request at a time', `caller ${facts.index} sends a ${command.do} beside it`);
    if (isGranted && command.do !== 'find')
      this.fails(
        'nothing is written beside a granted completion',
        `caller ${facts.index} sends a ${command.do} while its method may write`,
      );
  }

  /** The method gets its completion. */
  granted(caller: Caller, token: string, call: CallState): void {
    const { awaits, facts } = caller;
    if (awaits !== 0 || call.confirmed?.token !== token)
      this.fails(
        'nothing is written beside a granted completion',
        `caller ${facts.index} gets one that follows ${token}`,
      );
    caller.isGranted = true;
  }

  told(caller: Caller, { event }: Tell): void {
    const { index } = caller.facts;
    if (event === 'claimed' || event === 'taken-over') caller.claimsTold += 1;
    if (event === 'claim-lost' || event === 'renewed') {
      if (caller.claimsTold === 0)
        this.fails('what is told fits', `caller ${index} is told '${event}' without a claim`);
      if (event === 'claim-lost') caller.claimsTold = 0;
    }
    if (event === 'completed' || event === 'remembered' || event === 'released' || event === 'unknown') {
      if (caller.hasToldEnd)
        this.fails('what is told fits', `caller ${index} is told '${event}' after another end`);
      caller.hasToldEnd = true;
    }
  }

  /** After each event of a call, its timer fires later. */
  setAlarm(caller: Caller, now: number): void {
    if (caller.alarmAt <= now)
      this.fails('the next deadline lies ahead', `that of caller ${caller.facts.index} does not`);
  }

  /** Of the callers whose timers are on time, and so the signals of their methods. */
  holdsOne(callers: readonly Caller[], isOnTime: (process: number) => boolean): void {
    for (let key = 0; key < this.setting.keys.length; key += 1) {
      let holder: Caller | undefined;
      for (const caller of callers) {
        const { facts, work, isAborted, isOpen } = caller;
        if (facts.key !== key || work === 'none' || isAborted || isOpen || !isOnTime(facts.process)) continue;
        // An operator has freed the key beside its run, by force.
        if (caller.epoch !== this.ledgers[key]?.epoch) continue;
        if (holder)
          this.fails(
            'at most one unlapsed claim',
            `callers ${holder.facts.index} and ${facts.index} have one`,
          );
        holder = caller;
      }
    }
  }

  fails(invariant: string, what: string): void {
    this.violation ??= `${invariant}: ${what}`;
  }

  #ledgerOf({ facts }: Caller): Ledger {
    return this.ledgers[facts.key] as Ledger;
  }
}

/** Whether a claim is taken over before it has lapsed, by the clock of the call that takes it over. */
export function isTooEarly({ leaseUntil }: InProgress, sentAt: number): boolean {
  return sentAt < leaseUntil + times.clockTolerance;
}

/** Which caller's record it is. */
export function ownerOf({ token }: Pick<IdempotencyRecord, 'token'>): number {
  return token.charCodeAt(0) - names.charCodeAt(0);
}

/** The number that a record has among those of its owner. */
export function numberOf({ token }: Pick<IdempotencyRecord, 'token'>): number {
  const number = Number(token.slice(2));
  if (number > 30) throw new RangeError(`${token}: the checker counts up to 30 records of a call`);
  return number;
}
