import { ConfigurationError, type IdempotencyError, StoreError, type StoreStep } from '../../errors.js';
import type { Abandoned, AbandonedDecision } from '../../options/options.js';
import { LONGEST_REASON } from '../../outcome/outcome.js';
import { noteRecordedError } from '../../process/recorded-errors.js';
import { steadyNow } from '../../process/steady-clock.js';
import { Alarm } from '../../process/timers.js';
import { type Completion, type IdempotencyRecord, isRecordOf } from '../../record/persistence-store.js';
import { type CompletedState, type Reason, readState, type StoredOutcome } from '../../record/record.js';
import { viewOf } from '../../record/record-view.js';
import { soundAbout } from '../../record/sound-about.js';
import { DEFAULT_TTL_MS } from '../../settings/duration-checks.js';
import { type CallTrace, storeChannel } from '../../traces.js';
import type { Ending } from '../execution/ending.js';
import { ClaimedExecution, executions, runWithin } from '../execution/execution.js';
import { hideResult } from '../execution/hide-result.js';
import { ReplayExecution } from '../execution/replay-execution.js';
import type { CallReport } from '../execution/replay-info.js';
import { decisionOf, isVerdict, type Verdict } from '../execution/verdict.js';
import type { Answer, Command, Event, Tell } from '../machine/events.js';
import { deadline, isAwaited, isWorking, listens } from '../machine/machine.js';
import type { Moment } from '../machine/moment.js';
import { runOf } from '../machine/settling.js';
import { CallState, type MethodEnd, type Purpose, type Request, type Resolution } from '../machine/state.js';
import { TraceNotes } from './call-trace.js';
import { decide } from './error-decision.js';
import { forgetLocally, learn, localOutcome, watchKeeping } from './local-outcomes.js';
import { newOwner } from './owner.js';
import type { PreparedCall } from './prepared-call.js';
import { type Process, processOf } from './processes.js';
import { reasonFor } from './reasons.js';
import { redactedOutcome } from './redaction.js';
import {
  claimLost,
  noCompletion,
  noSuccessor,
  notApplied,
  outcomeUnknown,
  refusal,
  unavailable,
  WrongResult,
} from './refusals.js';
import { type StorePort, stepsOf } from './store-port.js';
import { Telling, ttlOf } from './telling.js';
import { traceStore } from './tracing.js';

type Of<C extends Command['do']> = Extract<Command, { readonly do: C }>;

/** A method that waits for its completion. */
interface Asking {
  readonly outcome: StoredOutcome;
  readonly resolve: (completion: Completion) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Carries out what the machine says for one call. It has the promises, the timer, the clocks, the store and the values; the
 * machine has the rules. It goes on in the same turn where the store returned a value, and else when the promise is settled.
 */
export class Driver implements CallReport {
  readonly #process: Process;
  readonly #state: CallState;
  readonly #telling: Telling;
  readonly #began: Moment;
  /** The event whose turn is next, and those after it. */
  #event: Event | undefined;
  #events: Event[] | undefined;
  /** Whether the events that are under way carry out commands: others wait for their turn. */
  #isBusy = false;
  /** Whether the call has not returned its promise. */
  #isBeginning = true;
  /** Whether the store answered so that nothing else could happen between: that takes no time. */
  #isAtOnce = false;
  #alarm: Alarm | undefined;
  #unpark: (() => void) | undefined;
  /** What it is to hear when it goes on in its own context. */
  #unheard: (() => void)[] | undefined;
  #listening: AbortController | undefined;
  #isListening = false;
  #execution: ClaimedExecution | undefined;
  #ending: Ending | undefined;
  /** What the last store call failed with. */
  #fault: unknown;
  #asking: Asking[] | undefined;
  #issued: StoredOutcome | undefined;
  #unwatch = ended;
  /** Only where the call is traced. */
  #notes: TraceNotes | undefined;
  /** How the call ended before it returned its promise. */
  #early: Ending | undefined;
  #resolve: (value: unknown) => void = ended;
  #reject: (error: unknown) => void = ended;
  replayed: CallReport['replayed'];
  recorded: IdempotencyRecord | undefined;

  constructor(
    readonly call: PreparedCall,
    readonly purpose: Purpose,
  ) {
    const { store, key, fingerprint, endsAt, by, resolution } = call;
    this.#process = processOf(store);
    const { state } = this.#process;
    state.lastId += 1;
    const now = readMoment();
    this.#began = now;
    this.#telling = new Telling(call, now.steady);
    this.#state = new CallState(
      state.lastId,
      { purpose, key, fingerprint, owner: newOwner(now.wall), endsAt, by, resolution },
      now,
    );
  }

  get operation(): string {
    return this.call.operation;
  }

  get key(): string {
    return this.call.key;
  }

  get attempt(): number {
    return this.#telling.attempt;
  }

  get startedAt(): number {
    return this.#state.startedAt;
  }

  /** Takes notes of the call for its trace, and tells its records of which span it is. To be called before it begins. */
  note(trace: CallTrace): void {
    this.#notes = new TraceNotes(trace);
    this.#state.traceparent = trace.traceparent;
  }

  /** Makes the call. Its method begins after the promise was returned, whatever the store. */
  run(): Promise<unknown> {
    const isRun = this.purpose === 'run';
    const kept = isRun && localOutcome(this.call);
    if (isRun && !kept) this.#unwatch = watchKeeping(this.call);
    if (kept) this.#replay(kept, 'kept');
    else this.#deliver({ type: 'begin', call: this.#state }, this.#began);
    this.#isBeginning = false;
    const early = this.#early;
    if (early) return 'error' in early ? Promise.reject(early.error) : Promise.resolve(early.value);
    return this.#later();
  }

  // A method of its own, like others here: a function that has a closure in it allocates for that in every call.
  #later(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Ends the call before it begins. */
  refuse(error: IdempotencyError): Promise<never> {
    this.#notes?.is('refused');
    this.#notes?.end(this.#state, this.attempt, error);
    this.#publishRefusal(error);
    return Promise.reject(error);
  }

  // A listener of the signal, and a store that returns values, may cause an event while another is under way.
  #deliver(first: Event, at?: Moment): void {
    if (this.#isBusy) {
      if (!this.#event) this.#event = first;
      else if (this.#events) this.#events.push(first);
      else this.#events = [first];
      return;
    }
    this.#isBusy = true;
    const process = this.#process.state;
    let now = at ?? readMoment();
    let event = first;
    try {
      for (;;) {
        const out = spareLists.pop() ?? [];
        this.call.machine.next(process, event, now, out);
        this.#noteWaiting();
        // After a notice the next one is awaited before the record is read, so that the read misses nothing.
        if (this.call.store.changed) this.#listen();
        this.#isAtOnce = false;
        for (const command of out) this.#carryOut(command);
        const isAtOnce = this.#isAtOnce && out.length === 1;
        this.#isAtOnce = false;
        // Without `length = 0`, which gives up the memory that this is for.
        while (out.length > 0) out.pop();
        spareLists.push(out);
        if (!this.#event) break;
        event = this.#event;
        this.#event = this.#events?.shift();
        if (!isAtOnce) now = readMoment();
      }
      this.#isBusy = false;
      this.#rest(now);
    } catch (error) {
      // A mistake of this library, or a record that reads otherwise each time. The call ends by it, and hears no more.
      this.#alarm?.stop();
      process.calls.delete(this.#state.id);
      if (process.leaders.get(this.#state.slot) === this.#state.id) process.leaders.delete(this.#state.slot);
      this.#end({ error });
    }
  }

  // Before the commands: a listener of an event may do at once what this call is to be woken for.
  #noteWaiting(): void {
    const { id, phase } = this.#state;
    const { joined } = this.#process;
    if (phase === 'joining' || phase === 'waiting') joined.set(id, this);
    else if (joined.size > 0) joined.delete(id);
  }

  /** Waits for what comes next. */
  #rest(now: Moment): void {
    const state = this.#state;
    if (state.phase === 'done') {
      this.#alarm?.stop();
      this.#unpark = undefined;
      return;
    }
    const isWaitedFor = isAwaited(state);
    // Not while the method runs: it may be its context, in which it asks for its completion.
    if (isWaitedFor && !isWorking(state)) this.#park();
    this.#alarm ??= this.#newAlarm();
    this.#alarm.set(deadline(this.#process.state, state, now), isWaitedFor);
  }

  #newAlarm(): Alarm {
    return new Alarm(() => this.wake());
  }

  /**
   * Lets the call go on in its own asynchronous context, whichever call or timer wakes it: what it runs next is its caller's.
   * A faked timer, for one, knows of no context.
   */
  #park(): void {
    if (this.#unpark) return;
    void new Promise<void>((resolve) => {
      this.#unpark = resolve;
    }).then(() => {
      this.#unpark = undefined;
      const unheard = this.#unheard ?? [];
      this.#unheard = undefined;
      for (const hear of unheard) hear();
      // In any case: it waits here again, even if what it heard was no news.
      this.#deliver(this.#time());
    });
  }

  /** Another call of this process has something to see, or time has passed. */
  wake(): void {
    if (this.#unpark) this.#unpark();
    else this.#deliver(this.#time());
  }

  #time(): Event {
    return { type: 'time', call: this.#state.id };
  }

  #carryOut(command: Command): void {
    this.#telling.attempt = command.do === 'tell' ? command.attempt : this.#state.attempt;
    switch (command.do) {
      case 'claim':
      case 'replace':
      case 'find':
        return this.#ask(command);
      case 'give-up': {
        const { request, isCutOff } = command;
        const when = isCutOff ? 'in time' : `within ${Math.round(request.limitMs)} ms`;
        const fault = new StoreError(`the store gave no answer ${when}; try again when it does`);
        return this.#failed(request.do, fault, request.isFair);
      }
      case 'reject': {
        const { step, what, isWrong } = command;
        return this.#failed(
          step,
          isWrong ? new WrongResult(step, what) : new TypeError(`${step}() resolved to ${what}`),
        );
      }
      case 'run':
        return this.#run();
      case 'recover':
        return this.#recover(command);
      case 'abort':
        return this.#execution?.abort(claimLost(this.call, command.loss));
      case 'grant': {
        const { record, token } = command;
        const asked = this.#asking?.shift();
        this.#issued = asked?.outcome;
        return asked?.resolve(hideResult({ record, token }));
      }
      case 'deny': {
        const { why } = command;
        const error = why === 'lost' ? this.#execution?.loss : noCompletion(this.call, why, this.#fault);
        return this.#asking?.shift()?.reject(error);
      }
      case 'tell':
        return this.#tell(command.what);
      case 'wake':
        return this.#process.joined.get(command.call)?.wake();
      case 'refuse': {
        const error = refusal(this.call, command.refusal, this.purpose, this.#fault);
        this.#notes?.dependsOn('same-key', this.#state.holder?.state);
        this.#notes?.is('refused');
        if (this.purpose === 'run') this.#publishRefusal(error);
        return this.#end({ error });
      }
      case 'answer':
        return this.#answer(command.answer);
    }
  }

  #ask(command: Request): void {
    const { store } = this.call;
    let answer: ReturnType<StorePort['find']>;
    try {
      // Asked anew for each step: a spy may be put before the store while the method runs.
      const steps = stepsOf(store);
      if (storeChannel.hasSubscribers) {
        answer = this.#sendTraced(steps ?? store, command);
        this.#isAtOnce = steps !== undefined;
      } else if (steps) {
        answer = send(steps, command, this.call.key);
        this.#isAtOnce = true;
      } else {
        const sent = send(store, command, this.call.key);
        // One that is no promise of this realm is heard as well.
        answer = isThenable(sent) ? Promise.resolve(sent) : sent;
      }
    } catch (fault) {
      return this.#faulted(command, fault);
    }
    if (answer instanceof Promise) this.#await(command, answer);
    else this.#answered(command, answer as IdempotencyRecord | undefined);
  }

  #sendTraced(port: StorePort, command: Request): ReturnType<StorePort['find']> {
    const { operation, key } = this.call;
    const answer = traceStore({ operation, key, step: command.do }, () => send(port, command, key));
    return isThenable(answer) ? Promise.resolve(answer) : answer;
  }

  #await(command: Request, answer: Promise<IdempotencyRecord | undefined>): void {
    answer.then(
      (record) => this.#hear(command, () => this.#answered(command, record)),
      (fault) => this.#hear(command, () => this.#faulted(command, fault)),
    );
  }

  #answered(command: Request, record: IdempotencyRecord | undefined): void {
    const { id, request, isAnswered } = this.#state;
    const isNews = request?.n === command.n && !isAnswered;
    try {
      if (!this.#isAtOnce && isRecordOf(this.call.key, record)) readState(record);
    } catch (fault) {
      // A record whose properties throw is no answer.
      return this.#faulted(command, fault);
    }
    // What a replica shows may have been forgotten.
    if (isNews && (command.do !== 'find' || command.isConsistent)) learn(this.call, record);
    this.#deliver({ type: 'answer', call: id, request: command.n, record });
  }

  // A renewal is sent by a timer, or in the context in which the method asks for its completion. What follows its answer may be
  // the end of the call.
  #hear({ renews }: Request, hear: () => void): void {
    if (!renews || !this.#unpark) return hear();
    this.#unheard ??= [];
    this.#unheard.push(hear);
    this.#unpark();
  }

  #faulted(command: Request, fault: unknown): void {
    const { id, request } = this.#state;
    // What comes of a store call that was given up is no news about the store.
    if (request?.n !== command.n) return;
    this.#failed(command.do, fault);
    const kind =
      fault instanceof StoreError && fault.tooLarge
        ? 'too-large'
        : fault instanceof ConfigurationError
          ? 'misused'
          : 'other';
    this.#deliver({ type: 'fault', call: id, request: command.n, fault: kind });
  }

  #failed(step: StoreStep, fault: unknown, isTold = true): void {
    this.#fault = fault;
    if (isTold) this.#telling.publish('store-failed', { step, error: fault, failedOpen: false });
  }

  /** Runs the method, or the recovery function, so that `currentExecution()` finds the run. */
  #run(recover?: () => unknown): void {
    const execution = new ClaimedExecution(this.call, runOf(this.#state), this);
    this.#execution = execution;
    this.#issued = undefined;
    this.#afterReturn(() => this.#runIn(execution, recover));
  }

  /** Goes on in the same turn where it returned a value. */
  #runIn(execution: ClaimedExecution, recover: (() => unknown) | undefined): void {
    const isRecovery = recover !== undefined;
    this.#notes?.run();
    let value: unknown;
    try {
      value = executions.run(execution, recover ?? callMethod, this.call);
      if (isThenable(value)) {
        const promise =
          value instanceof Promise ? value : executions.run(execution, () => Promise.resolve(value));
        promise.then(
          (result) => this.#over(execution, isRecovery, { value: result }),
          (error) => this.#over(execution, isRecovery, { error }),
        );
        return;
      }
    } catch (error) {
      return this.#over(execution, isRecovery, { error });
    }
    this.#over(execution, isRecovery, { value });
  }

  #over(execution: ClaimedExecution, isRecovery: boolean, ending: Ending): void {
    execution.isRunning = false;
    this.#notes?.ran();
    if (isRecovery) this.#recovered(ending);
    else this.#ended(ending);
  }

  /** Begins what the caller wrote: not before the call has returned its promise, whatever the store. */
  #afterReturn(begin: () => void): void {
    if (this.#isBeginning) void settled.then(begin);
    else begin();
  }

  #recover({ from, attempt, fencingToken }: Of<'recover'>): void {
    const { operation, key, self, args, settings } = this.call;
    const abandoned: Abandoned = { operation, key, status: from, attempt, fencingToken };
    const onAbandoned = settings.onAbandoned as Exclude<typeof settings.onAbandoned, string>;
    this.#run(() => onAbandoned.apply(self, [abandoned, ...args]));
  }

  #recovered(ending: Ending): void {
    const { operation, key } = this.call;
    if ('error' in ending) return this.#endUnknown(ending.error, this.#reasonFor(ending.error));
    const decision = ending.value as AbandonedDecision<unknown> | undefined;
    if (decision === 'run') return this.#deliverEnd({ kind: 'run' });
    if (decision === 'refuse') {
      this.#ending = { error: outcomeUnknown(this.call) };
      return this.#deliverEnd({ kind: 'error', decision: 'refuse', why: { kind: 'refused' } });
    }
    if (typeof decision === 'object' && decision !== null && 'value' in decision)
      return this.#ended({ value: decision.value });
    const error = new ConfigurationError(
      `${operation}: option "onAbandoned" returned none of its decisions; expected { value }, 'run' or 'refuse'`,
      { operation, key },
    );
    this.#endUnknown(error, this.#reasonFor(error));
  }

  #endUnknown(error: unknown, why: Reason): void {
    this.#ending = { error };
    this.#deliverEnd({ kind: 'error', decision: 'unknown', why });
  }

  #reasonFor(error: unknown): Reason {
    return this.#within(() => reasonFor(this.call, error, this.#telling));
  }

  #ended(ending: Ending): void {
    if ('value' in ending && isVerdict(ending.value)) return this.#endByVerdict(ending.value);
    this.#ending = ending;
    const end = 'value' in ending ? this.#endByValue(ending.value) : this.#endByError(ending.error);
    this.#deliverEnd(end);
  }

  /** Ends the run with a value for the caller alone. */
  #endByVerdict(verdict: Verdict): void {
    const { value } = verdict;
    const decision = decisionOf(verdict);
    this.#ending = { value };
    if (decision.to !== 'complete')
      return this.#deliverEnd({ kind: 'error', decision: decision.to, why: { kind: 'decided' } });
    this.#telling.isIntended = true;
    const outcome = { kind: 'none', reason: decision.reason.slice(0, LONGEST_REASON) } as const;
    this.#deliverEnd({ kind: 'value', outcome, ttlMs: this.#ttlOf(value), isAsCompleted: false });
  }

  #deliverEnd(end: MethodEnd): void {
    const { stopsWithAnswer } = this.call;
    this.#deliver({ type: 'ended', call: this.#state.id, end, stopsWithAnswer });
  }

  #endByValue(value: unknown): MethodEnd {
    const outcome = this.#outcomeOf(value);
    if (!this.#issued) return { kind: 'value', outcome, ttlMs: this.#ttlOf(value), isAsCompleted: false };
    const isAsCompleted = this.call.settings.format.areSame(outcome, this.#issued, this.call);
    return { kind: 'value', outcome, ttlMs: 0, isAsCompleted };
  }

  #endByError(error: unknown): MethodEnd {
    const { ttl, format } = this.call.settings;
    const decision = this.#within(() => decide(this.call, error, this.#telling));
    if (decision !== 'remember') return { kind: 'error', decision, why: this.#reasonFor(error) };
    const ttlMs = typeof ttl === 'number' ? ttl : DEFAULT_TTL_MS;
    noteRecordedError(error);
    return { kind: 'error', decision, outcome: format.encodeError(error, this.call), ttlMs };
  }

  /** Returns what a record keeps of a result. */
  #outcomeOf(value: unknown): StoredOutcome {
    const { redact, format } = this.call.settings;
    return redact ? this.#redactedOutcomeOf(value) : format.encodeValue(value, this.call);
  }

  #redactedOutcomeOf(value: unknown): StoredOutcome {
    return this.#within(() => redactedOutcome(this.call, value));
  }

  #ttlOf(value: unknown): number {
    const { ttl } = this.call.settings;
    return typeof ttl === 'number' ? ttl : this.#computedTtlOf(value);
  }

  #computedTtlOf(value: unknown): number {
    return this.#within(() => ttlOf(this.call, value, this.#telling));
  }

  /** Asks an option so that `currentExecution()` finds the run that has ended. */
  #within<T>(ask: () => T): T {
    return executions.run(this.#execution as ClaimedExecution, ask);
  }

  /** Asks for the completion of a run with this result. One that the method does not await may be denied: that ends no process. */
  complete(execution: ClaimedExecution, result: unknown): Promise<Completion> {
    const completion = this.#completion(execution, result);
    completion.catch(ended);
    return completion;
  }

  async #completion(execution: ClaimedExecution, result: unknown): Promise<Completion> {
    if (!execution.isRunning) throw noCompletion(this.call, 'returned');
    const outcome = this.#outcomeOf(result);
    const ttlMs = this.#ttlOf(result);
    return new Promise((resolve, reject) => {
      this.#asking ??= [];
      this.#asking.push({ outcome, resolve, reject });
      this.#deliver({ type: 'completion', call: this.#state.id, outcome, ttlMs });
    });
  }

  #tell(what: Tell): void {
    const telling = this.#telling;
    if (this.#notes) this.#note(this.#notes, what);
    switch (what.event) {
      case 'taken-over':
        return telling.publish('taken-over', { from: what.from });
      case 'renewed':
        return telling.publish('renewed', { leaseUntil: what.leaseUntil });
      case 'completed':
      case 'remembered':
        this.recorded = what.record;
        return telling.publish(what.event);
      case 'outcome-not-stored':
        if (what.reason !== 'unreachable') return telling.outcomeNotStored(what.reason);
        return telling.storeUnreachable(this.#state.claim === 'open', this.call.stopsWithAnswer);
      case 'failed-open':
        return telling.publish('store-failed', { step: 'claim', error: this.#fault, failedOpen: true });
      case 'resolved': {
        const { as, reason } = this.call.resolution as Resolution;
        const { by } = this.call;
        return telling.publish('resolved', {
          as,
          ...(by !== undefined && { by }),
          ...(reason !== undefined && { reason }),
        });
      }
      default:
        return telling.publish(what.event);
    }
  }

  #note(notes: TraceNotes, what: Tell): void {
    switch (what.event) {
      case 'completed':
      case 'remembered':
      case 'released':
      case 'unknown':
        return notes.is(what.event);
      case 'outcome-not-stored':
        return what.reason === 'unreachable' ? notes.is('unrecorded') : undefined;
      case 'taken-over':
        return notes.dependsOn('took-over', this.#state.takenOver?.state);
      case 'waited':
        return what.traceparent === undefined
          ? undefined
          : notes.link('waited-for', what.traceparent, this.#state.attempt);
    }
  }

  #answer(answer: Answer): void {
    switch (answer.with) {
      case 'own':
        return this.#end(this.#ending as Ending);
      case 'replay':
        return this.#replay(answer.record, answer.source);
      case 'recorded':
        return this.#end(this.#recordedEnding(answer.record));
      case 'successor': {
        // Where that has no outcome the caller is not refused: the method has run.
        const ending = this.#recordedEnding(answer.record);
        return 'isMissing' in ending ? this.#end(ending) : this.#replay(answer.record, answer.source, ending);
      }
      case 'claim-lost':
        return this.#end({ error: noSuccessor(this.call, this.#ownError()) });
      case 'not-applied':
        return this.#end({ error: notApplied(this.call, answer.isUnanswered) });
      case 'holder':
        return this.#end({
          value: answer.record && viewOf(this.operation, answer.record, this.call.settings.clockTolerance),
        });
      case 'freed':
        return this.#end({ value: answer.isFreed });
    }
  }

  /** What the call would have thrown, had it not lost its claim. */
  #ownError(): { readonly cause?: unknown } {
    const ending = this.#ending as Ending;
    if ('error' in ending) return { cause: ending.error };
    return this.#issued ? { cause: notApplied(this.call, false) } : {};
  }

  /** Returns the outcome that a completed record has, a copy of its own for each call. */
  #recordedEnding({
    state,
  }: IdempotencyRecord): Ending | { readonly error: unknown; readonly isMissing: true } {
    const outcome = this.call.settings.format.decode((state as CompletedState).outcome, this.call);
    if (outcome.kind === 'error') noteRecordedError(outcome.error);
    if (outcome.kind !== 'none') return outcome;
    const isDecided = soundAbout(state)?.why?.kind === 'resolved';
    return { error: unavailable(this.call, outcome.reason, isDecided), isMissing: true };
  }

  /** Ends the call with the outcome of another one. */
  #replay(
    record: IdempotencyRecord,
    source: 'store' | 'joined' | 'kept',
    ending = this.#recordedEnding(record),
  ): void {
    const telling = this.#telling;
    telling.attempt = record.state.attempt;
    this.#notes?.dependsOn('replayed', record.state);
    if ('isMissing' in ending) {
      this.#notes?.is('refused');
      telling.publish('refused', { code: 'ERR_IDEMPOTENCY_OUTCOME_UNAVAILABLE' });
      return this.#end(ending);
    }
    this.#notes?.is('replayed');
    telling.publish('replayed', { source });
    this.replayed = { record, source };
    if ('error' in ending || !this.call.settings.mapReplay) return this.#end(ending);
    this.#mapReplay(record, ending.value, this.call.settings.mapReplay);
  }

  #mapReplay(
    record: IdempotencyRecord,
    value: unknown,
    mapReplay: Exclude<PreparedCall['settings']['mapReplay'], undefined>,
  ): void {
    const { self, settings } = this.call;
    const view = viewOf(this.operation, record, settings.clockTolerance);
    const execution = new ReplayExecution(this.call, record);
    this.#afterReturn(() => {
      const mapping = runWithin(execution, () => mapReplay.call(self, value, view));
      void mapping.then((mapped) => this.#end(mapped));
    });
  }

  #publishRefusal(error: IdempotencyError): void {
    if (!(error instanceof StoreError)) this.#telling.publish('refused', { code: error.code });
  }

  #end(ending: Ending): void {
    this.#unwatch();
    // After the write, because an equal call may have kept the outcome in the meantime. And after a write that failed, because
    // the store may have done it all the same.
    if (this.purpose === 'resolve') forgetLocally(this.call);
    this.#notes?.end(this.#state, this.attempt, 'error' in ending ? ending.error : undefined);
    if (this.#isBeginning) this.#early ??= ending;
    else if ('error' in ending) this.#reject(ending.error);
    else this.#resolve(ending.value);
    // A promise holds the run in which it was made, and this one's run holds the driver: a chain of runs would stay in memory.
    this.#resolve = ended;
    this.#reject = ended;
  }

  /** Listens to the notices of a store that gives them, for as long as the call has a use for them. */
  #listen(): void {
    const { store, key } = this.call;
    const { id, isNoticed } = this.#state;
    if (!listens(this.#state)) {
      this.#listening?.abort();
      this.#listening = undefined;
      this.#isListening = false;
      return;
    }
    if (this.#isListening || isNoticed) return;
    this.#isListening = true;
    this.#listening ??= new AbortController();
    const { signal } = this.#listening;
    // In a promise, so that a store which throws is one that rejects.
    new Promise<void>((resolve) => resolve(store.changed?.(key, signal))).then(
      () => {
        if (signal.aborted) return;
        this.#isListening = false;
        this.#deliver({ type: 'notice', call: id });
      },
      () => {
        if (signal.aborted) return;
        this.#telling.noNotices();
        this.#deliver({ type: 'no-notices', call: id });
      },
    );
  }
}

const settled = Promise.resolve();

/** Lists of commands that no event uses just now. */
const spareLists: Command[][] = [];

function ended(): void {}

function send(port: StorePort, command: Request, key: string): ReturnType<StorePort['find']> {
  switch (command.do) {
    case 'claim':
      return port.claim(command.record as IdempotencyRecord, command.now);
    case 'replace':
      return port.replace(command.record as IdempotencyRecord, command.token);
    case 'find':
      return command.isConsistent ? port.find(key, { consistent: true }) : port.find(key);
  }
}

function readMoment(): Moment {
  return { wall: Date.now(), steady: steadyNow(), chance: Math.random() };
}

function callMethod({ method, self, args }: PreparedCall): unknown {
  return method.apply(self, args as unknown[]);
}

function isThenable(value: unknown): value is PromiseLike<IdempotencyRecord | undefined> {
  if ((typeof value !== 'object' || value === null) && typeof value !== 'function') return false;
  return typeof (value as { readonly then?: unknown }).then === 'function';
}
