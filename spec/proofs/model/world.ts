import type { IdempotencyRecord } from 'retrysafe';
import { type Caller, copyOfCaller, newCaller } from './caller.js';
import type { Operation } from './database.js';
import {
  type Answer,
  CallState,
  type Command,
  deadline,
  type Event,
  listens,
  type MethodEnd,
  type Moment,
  newProcess,
  type ProcessState,
  type Resolution,
  type StoreCall,
  type Tell,
} from './engine.js';
import { type Heard, Invariants, ownerOf } from './invariants.js';
import { copyOfProcess } from './process-copy.js';
import { type Operator, times } from './scenario.js';
import type { Setting } from './setting.js';

/** One process of the application. */
export interface Process {
  readonly index: number;
  state: ProcessState;
  isAlive: boolean;
  /** While it is suspended, until when. */
  suspendedUntil: number | undefined;
  /** Milliseconds by which its clock is ahead. */
  skew: number;
  hasJumped: boolean;
}

/** A request on its way. It never changes: another one takes its place. */
export interface Request {
  readonly caller: number;
  /** As its call counts them; 0 for the transaction of a method. */
  readonly n: number;
  readonly operation: Operation;
  /** By its sender's clock, as if that had not been set back. */
  readonly sentAt: number;
  /** `fresh`: just sent, time stands still. `held`: applied at any later time. `answered`: its answer is on its way. */
  readonly status: 'fresh' | 'held' | 'answered';
  /** Whether its answer may take its time. */
  readonly isSlow: boolean;
  /** Whether it arrives a second time. Then its answer reaches no call. */
  readonly isRepeated: boolean;
  readonly answer: IdempotencyRecord | undefined;
}

/** What becomes of a request besides that it is applied. */
export type Fate = 'lost' | 'slow' | 'twice' | 'crash';

/** By the wall clock, when a history begins. A small number, which JavaScript keeps as an integer. */
export const start = 1_000_000;
/** Chance stands still, at a value with which all pauses are whole milliseconds. */
const chance = 0.6;
const never = Number.POSITIVE_INFINITY;

/**
 * One state of one history: what the machine keeps in some processes, and network, database, clocks and methods, which are in
 * the checker's hands. It is plain data: a step is taken on a copy.
 */
export class World {
  now = 0;
  faults = 0;
  isOver = false;
  readonly processes: Process[];
  readonly callers: Caller[];
  requests: readonly Request[];
  /** Of each key, all versions of its record. */
  readonly versions: (readonly IdempotencyRecord[])[];
  readonly invariants: Invariants;
  /** Which processes and callers are copies of their own: a bit for each. */
  #owned = 0;
  #ownedCallers = 0;
  #heard: Heard | undefined;

  constructor(
    readonly setting: Setting,
    from?: World,
  ) {
    this.invariants = new Invariants(setting, from?.invariants);
    if (from) {
      this.now = from.now;
      this.faults = from.faults;
      this.processes = from.processes.slice();
      this.callers = from.callers.slice();
      this.requests = from.requests;
      this.versions = from.versions.slice();
    } else {
      const { skews } = setting.scenario;
      this.processes = Array.from({ length: setting.processes }, (_, index) => ({
        index,
        state: newProcess(),
        isAlive: true,
        suspendedUntil: undefined,
        skew: skews?.[index] ?? 0,
        hasJumped: false,
      }));
      this.callers = setting.callers.map(newCaller);
      this.requests = [];
      this.versions = setting.keys.map(() => []);
    }
  }

  copy(): World {
    return new World(this.setting, this);
  }

  get violation(): string | undefined {
    return this.invariants.violation;
  }

  /** Returns a caller to be changed. */
  caller(index: number): Caller {
    const caller = this.callers[index] as Caller;
    if (this.#ownedCallers & (1 << index)) return caller;
    this.#ownedCallers |= 1 << index;
    const copy = copyOfCaller(caller);
    this.callers[index] = copy;
    return copy;
  }

  processOf({ facts }: Caller): Process {
    return this.processes[facts.process] as Process;
  }

  isRunning(index: number): boolean {
    const { isAlive, suspendedUntil } = this.processes[index] as Process;
    return isAlive && suspendedUntil === undefined;
  }

  holderOf(key: number): IdempotencyRecord | undefined {
    return this.versions[key]?.at(-1);
  }

  /** A process that goes on after a suspension has timers that should have fired already. */
  isLate(process: number): boolean {
    for (const { facts, alarmAt } of this.callers)
      if (facts.process === process && alarmAt <= this.now) return true;
    return false;
  }

  checkClaims(): void {
    this.invariants.holdsOne(this.callers, (process) => this.isRunning(process) && !this.isLate(process));
  }

  begin(caller: Caller): void {
    this.#deliver(this.#own(caller), this.#beginning(caller));
  }

  #beginning(caller: Caller): Event {
    const { facts } = caller;
    const { purpose, name, key } = facts;
    const { scenario, keys } = this.setting;
    caller.state = 'calling';
    caller.bornIn = this.invariants.ledgers[key]?.settledEpoch ?? 0;
    const call = new CallState(
      facts.index + 1,
      {
        purpose,
        resolution: facts.operator && resolutionOf(facts.index, facts.operator),
        key: keys[key] as string,
        fingerprint: undefined,
        owner: name,
        endsAt: scenario.invocationMs && !facts.isLast ? this.now + scenario.invocationMs : never,
      },
      this.#momentIn(this.processOf(caller)),
    );
    return { type: 'begin', call };
  }

  /** Applies a request, and returns its answer at once unless its fate is another one. */
  apply(request: Request, fate?: Fate): void {
    const { operation } = request;
    const caller = this.caller(request.caller);
    const process = caller.facts.process;
    const { key } = caller.facts;
    const before = this.holderOf(key);
    const after = this.setting.apply(operation, before);
    if (after !== before && after) {
      this.versions[key] = [...(this.versions[key] as readonly IdempotencyRecord[]), after];
      this.invariants.wrote(this.caller(ownerOf(after)), before, after, request.sentAt, this.now + start);
      if (operation.kind !== 'claim') this.#notify(key);
    }
    if (fate === 'twice') this.#add({ ...request, status: 'held', isRepeated: true });
    if (fate === 'crash') this.crash(process);
    const { isAlive } = this.processes[process] as Process;
    if (fate === 'lost') this.refuse(request);
    else if (!isAlive || request.isRepeated) this.#remove(request);
    else if (fate === 'slow' || !this.isRunning(process)) {
      const isSlow = fate === 'slow' || request.status === 'held';
      this.#replace(request, { ...request, status: 'answered', isSlow, answer: after });
    } else this.answer(request, after);
  }

  answer(request: Request, record: IdempotencyRecord | undefined): void {
    this.#remove(request);
    const { n, operation } = request;
    const caller = this.caller(request.caller);
    if (operation.kind === 'commit') return this.#committed(caller, record?.token === operation.record.token);
    const isHeard = caller.awaits === n;
    if (isHeard) {
      caller.awaits = 0;
      this.#heard = { record, isWrite: operation.kind !== 'find' };
    }
    this.#deliver(this.#own(caller), { type: 'answer', call: caller.facts.index + 1, request: n, record });
  }

  /** Tells the sender of a request that it failed. */
  refuse(request: Request): void {
    this.#remove(request);
    const { n, operation } = request;
    const caller = this.caller(request.caller);
    if (operation.kind === 'commit') return this.#committed(caller, false);
    if (caller.awaits === n) caller.awaits = 0;
    const call = caller.facts.index + 1;
    this.#deliver(this.#own(caller), { type: 'fault', call, request: n, fault: 'other' });
  }

  hold(request: Request): void {
    this.#replace(request, { ...request, status: 'held' });
  }

  /** What a call runs returns. */
  returns(caller: Caller): void {
    const process = this.#own(caller);
    const call = caller.facts.index + 1;
    if (caller.work === 'recovery') {
      const { lastRun } = this.invariants.ledgers[caller.facts.key] as { readonly lastRun: number };
      if (lastRun < 0) return this.#end(process, caller, { kind: 'run' });
      caller.value = lastRun;
      return this.#end(process, caller, this.#valueOf(caller, false));
    }
    if (this.setting.scenario.method === 'commits') {
      caller.work = 'asking';
      caller.isGranted = false;
      const outcome = outcomeOf(caller.facts.index);
      return this.#deliver(process, { type: 'completion', call, outcome, ttlMs: times.ttl });
    }
    this.#end(process, caller, this.#valueOf(caller, false));
  }

  throws(caller: Caller): void {
    const process = this.#own(caller);
    this.#deliver(process, this.#failure(caller));
  }

  #failure(caller: Caller): Event {
    const decision = caller.work === 'recovery' ? 'unknown' : (this.setting.scenario.failures ?? 'release');
    this.invariants.failed(caller);
    return this.#ending(caller, { kind: 'error', decision });
  }

  #end(process: Process, caller: Caller, end: MethodEnd): void {
    this.#deliver(process, this.#ending(caller, end));
  }

  #ending(caller: Caller, end: MethodEnd): Event {
    caller.work = 'none';
    caller.isGranted = false;
    // As in Lambda.
    const stopsWithAnswer = this.setting.scenario.invocationMs !== undefined;
    return { type: 'ended', call: caller.facts.index + 1, end, stopsWithAnswer };
  }

  #valueOf(caller: Caller, isAsCompleted: boolean): MethodEnd {
    const ttlMs = isAsCompleted ? 0 : times.ttl;
    return { kind: 'value', outcome: outcomeOf(caller.value), ttlMs, isAsCompleted };
  }

  #committed(caller: Caller, isApplied: boolean): void {
    if (isApplied) this.#end(this.#own(caller), caller, this.#valueOf(caller, true));
    // It may have been applied all the same: the engine finds out.
    else this.throws(caller);
  }

  crash(index: number): void {
    const process = this.#ownProcess(index);
    process.isAlive = false;
    process.state = newProcess();
    for (const { facts, state } of this.callers) {
      if (facts.process !== index || state === 'ended') continue;
      const caller = this.caller(facts.index);
      caller.state = 'crashed';
      caller.work = 'none';
      caller.alarmAt = never;
      caller.awaits = 0;
      caller.isListening = false;
      caller.notice = 'none';
    }
    // What was sent may arrive. Responses reach no process any more.
    this.requests = this.requests
      .filter((request) => this.#isOf(request, index) === false || request.status !== 'answered')
      .map((request) => (this.#isOf(request, index) ? { ...request, status: 'held' } : request));
  }

  #isOf({ caller }: Request, process: number): boolean {
    return this.callers[caller]?.facts.process === process;
  }

  suspend(index: number): void {
    this.#ownProcess(index).suspendedUntil = this.now + 2 * times.lease;
  }

  resume(index: number, at: number): void {
    this.passTime(at);
    this.#ownProcess(index).suspendedUntil = undefined;
  }

  jump(index: number): void {
    const process = this.#ownProcess(index);
    process.hasJumped = true;
    process.skew = process.skew > 0 ? 0 : times.skew;
  }

  /** The timer of a call fires. */
  fire(caller: Caller, at: number): void {
    this.passTime(at);
    caller.alarmAt = never;
    this.#deliver(this.#own(caller), { type: 'time', call: caller.facts.index + 1 });
  }

  passTime(at: number): void {
    const length = at - this.now;
    this.now = at;
    if (length <= 0) return;
    for (const caller of this.callers) if (caller.state === 'calling') this.#countWaiting(caller, length);
  }

  // Waiting is what a call does that neither runs anything nor asks the store; but a read to see how the other call does is
  // part of it. A suspension uses time up, but no call waits too long by it.
  #countWaiting({ facts, work, awaits }: Caller, length: number): void {
    if (work !== 'none') return;
    const phase = this.processes[facts.process]?.state.calls.get(facts.index + 1)?.phase;
    if (phase === undefined || phase === 'resting' || phase === 'yielding') return;
    if (awaits !== 0 && phase !== 'looking') return;
    const caller = this.caller(facts.index);
    if (this.isRunning(facts.process)) {
      caller.waited += length;
      this.invariants.waited(caller);
    } else {
      const { wait } = this.setting.rulesOf(facts);
      caller.waited = Math.max(caller.waited, Math.min(wait, caller.waited + length));
    }
  }

  /** A notice reaches a call. */
  notice(caller: Caller): void {
    caller.notice = 'none';
    caller.awaitsNotice = false;
    this.#deliver(this.#own(caller), { type: 'notice', call: caller.facts.index + 1 });
  }

  endNotices(caller: Caller): void {
    caller.notice = 'none';
    caller.awaitsNotice = false;
    caller.isListening = false;
    this.#deliver(this.#own(caller), { type: 'no-notices', call: caller.facts.index + 1 });
  }

  #notify(key: number): void {
    for (const { facts, isListening, notice } of this.callers)
      if (facts.key === key && isListening && notice === 'none') this.caller(facts.index).notice = 'fresh';
  }

  /** Nothing arrives any more. What goes on behind the answers ends as well. */
  end(): void {
    this.requests = [];
    this.isOver = true;
    for (const { index } of this.processes.slice(0, -1)) this.#ownProcess(index).state = newProcess();
    for (const { facts } of this.callers) this.caller(facts.index).alarmAt = never;
  }

  #momentIn({ skew }: Process): Moment {
    return { wall: start + this.now + skew, steady: this.now, chance };
  }

  /** What the clock of a process says, or would say if it had not been set back since it judged what it sends now. */
  #latestWall({ skew, hasJumped }: Process): number {
    return start + this.now + (hasJumped ? times.skew : skew);
  }

  /** Tells the machine of an event, carries out what it says, and lets the calls go on that it wakes. */
  #deliver(process: Process, first: Event): void {
    const events = [first];
    const out: Command[] = [];
    const { state } = process;
    const moment = this.#momentIn(process);
    for (const event of events) {
      const id = event.type === 'begin' ? event.call.id : event.call;
      const caller = this.caller(id - 1);
      this.setting.machineOf(caller.facts).next(state, event, moment, out);
      for (const command of out) this.#carryOut(process, caller, command, events);
      out.length = 0;
      this.#heard = undefined;
      const call = state.calls.get(id);
      if (call) {
        caller.alarmAt = deadline(state, call, moment);
        this.invariants.setAlarm(caller, this.now);
      } else caller.alarmAt = never;
      if (this.setting.scenario.hasNotices) this.#listen(caller, call);
    }
  }

  // As the driver does: after a notice the next one is awaited before the record is read.
  #listen(caller: Caller, call: CallState | undefined): void {
    if (!call || !listens(call)) {
      caller.isListening = false;
      caller.awaitsNotice = false;
      caller.notice = 'none';
      return;
    }
    if (caller.awaitsNotice || call.isNoticed) return;
    caller.awaitsNotice = true;
    // The store tells once that it listens.
    if (!caller.isListening) caller.notice = 'fresh';
    caller.isListening = true;
  }

  #carryOut(process: Process, caller: Caller, command: Command, events: Event[]): void {
    switch (command.do) {
      case 'claim':
      case 'replace':
      case 'find':
        this.invariants.sends(caller, command);
        caller.awaits = command.n;
        return this.#send(caller, command.n, operationOf(command));
      case 'give-up':
        caller.awaits = 0;
        return;
      case 'reject':
        if (this.setting.isLawful) this.invariants.fails('a lawful store is believed', command.what);
        return;
      case 'run':
        return this.#run(process, caller, events);
      case 'recover':
        caller.work = 'recovery';
        caller.hasRecovered = true;
        caller.isAborted = false;
        return;
      case 'abort':
        caller.isAborted = true;
        return;
      case 'grant': {
        const { record, token } = command;
        this.invariants.granted(caller, token, callOf(process, caller));
        caller.work = 'committing';
        return this.#send(caller, 0, { kind: 'commit', record, token });
      }
      case 'deny':
        if (caller.work === 'asking') events.push(this.#failure(caller));
        return;
      case 'tell':
        return this.#told(caller, command.what);
      case 'wake':
        if (isWakeable(process.state.calls.get(command.call)))
          events.push({ type: 'time', call: command.call });
        return;
      case 'refuse':
        this.invariants.refused(caller, command.refusal, this.#heard, this.#momentIn(process));
        return this.#ended(process, caller, command.refusal.reason, events);
      case 'answer':
        return this.#answered(process, caller, command.answer, events);
    }
  }

  #send(caller: Caller, n: number, operation: Operation): void {
    this.#add({
      caller: caller.facts.index,
      n,
      operation,
      sentAt: this.#latestWall(this.processOf(caller)),
      status: 'fresh',
      isSlow: false,
      isRepeated: false,
      answer: undefined,
    });
  }

  #run(process: Process, caller: Caller, events: Event[]): void {
    caller.work = 'method';
    caller.isAborted = false;
    const { inner, key } = caller.facts;
    const holder = this.holderOf(key);
    const held = holder && holder.expiresAt > this.now + start ? holder.state : undefined;
    this.invariants.started(caller, callOf(process, caller), held);
    if (inner === undefined) return;
    caller.work = 'nesting';
    events.push(this.#beginning(this.caller(inner)));
  }

  #told(caller: Caller, what: Tell): void {
    this.invariants.told(caller, what);
    if (what.event === 'outcome-not-stored') caller.isUnrecorded = true;
    if (what.event === 'failed-open') caller.isOpen = true;
  }

  #answered(process: Process, caller: Caller, answer: Answer, events: Event[]): void {
    const { facts, hasFailed } = caller;
    switch (answer.with) {
      case 'own':
        if (!hasFailed) this.invariants.answered(this.callers, caller, caller.value);
        caller.verdict = hasFailed
          ? 'failed'
          : caller.value === facts.index
            ? 'its own outcome'
            : 'that of another';
        return this.#ended(process, caller, hasFailed ? 'own' : undefined, events);
      case 'replay':
      case 'recorded':
      case 'successor':
        this.invariants.answered(this.callers, caller, runIn(answer.record));
        caller.verdict = runIn(answer.record) === facts.index ? 'its own outcome' : 'that of another';
        return this.#ended(process, caller, undefined, events);
      case 'freed': {
        const ledger = this.invariants.ledgers[facts.key];
        if (ledger) ledger.settledEpoch = ledger.epoch;
        return this.#ended(process, caller, undefined, events);
      }
      case 'holder':
        return this.#ended(process, caller, undefined, events);
      case 'claim-lost':
      case 'not-applied':
        return this.#ended(process, caller, answer.with, events);
    }
  }

  /** A call has ended for its caller: with an outcome, or with an error that has this reason. */
  #ended(process: Process, caller: Caller, error: string | undefined, events: Event[]): void {
    if (caller.state === 'ended')
      this.invariants.fails('a call ends once', `caller ${caller.facts.index} ends again`);
    caller.state = 'ended';
    caller.verdict ||= error ?? 'ended';
    if (caller.facts.isLast && !caller.facts.isInner) this.lastError = error;
    if (!caller.facts.isInner) return;
    const outer = this.caller(this.callers.findIndex(({ facts }) => facts.inner === caller.facts.index));
    if (outer.facts.process !== process.index || outer.work !== 'nesting') return;
    if (error === undefined) outer.work = 'method';
    else events.push(this.#failure(outer));
  }

  /** What the call ended with that came when everything was over, where that is no outcome. */
  lastError: string | undefined;

  #add(request: Request): void {
    this.requests = [...this.requests, request];
  }

  #remove(request: Request): void {
    this.requests = this.requests.filter((one) => one !== request);
  }

  #replace(request: Request, other: Request): void {
    this.requests = this.requests.map((one) => (one === request ? other : one));
  }

  #own({ facts }: Caller): Process {
    return this.#ownProcess(facts.process);
  }

  #ownProcess(index: number): Process {
    const process = this.processes[index] as Process;
    if (this.#owned & (1 << index)) return process;
    this.#owned |= 1 << index;
    const { isAlive, suspendedUntil, skew, hasJumped } = process;
    const copy = {
      index,
      state: copyOfProcess(process.state),
      isAlive,
      suspendedUntil,
      skew,
      hasJumped,
    };
    this.processes[index] = copy;
    return copy;
  }
}

function callOf({ state }: Process, { facts }: Caller): CallState {
  return state.calls.get(facts.index + 1) as CallState;
}

function operationOf({ do: kind, record, token, now, isConsistent }: StoreCall): Operation {
  if (kind === 'find' || !record) return { kind: 'find', isConsistent };
  return kind === 'claim' ? { kind, record, now } : { kind, record, token };
}

/** As the driver does: only those that wait can be woken. */
function isWakeable(call: CallState | undefined): boolean {
  return call?.phase === 'joining' || call?.phase === 'waiting';
}

type StoredOutcome = Extract<MethodEnd, { readonly kind: 'value' }>['outcome'];

const outcomes: readonly StoredOutcome[] = Array.from({ length: 10 }, (_, run) => ({
  kind: 'value',
  json: { run },
}));

function resolutionOf(index: number, operator: Operator): Resolution {
  const isForced = operator === 'force' || operator === 'force an answer';
  const common = { isForced, token: undefined, reason: undefined, outcome: undefined, ttlMs: times.ttl };
  if (operator === 'forget' || operator === 'force') return { ...common, as: 'forgotten' };
  return operator === 'run again'
    ? { ...common, as: 'run-again' }
    : { ...common, as: 'value', outcome: outcomeOf(index) };
}

function outcomeOf(run: number): StoredOutcome {
  return outcomes[run] as StoredOutcome;
}

/** Of which run the outcome in a completed record is. */
export function runIn({ state }: IdempotencyRecord): number {
  const outcome = state.status === 'completed' ? (state.outcome as { readonly json?: unknown }) : undefined;
  return (outcome?.json as { readonly run: number } | undefined)?.run ?? -1;
}
