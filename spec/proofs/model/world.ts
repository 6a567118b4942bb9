import {
  type AbandonedDecision,
  currentExecution,
  type IdempotencyRecord,
  OutcomeUnknownError,
  onIdempotencyEvent,
} from 'retrysafe';
import { restOfTurn, type Timer, type TimeSource } from './clock.js';
import { type Apply, Database, type Operation } from './database.js';
import { Fingerprint } from './fingerprint.js';
import { type Caller, Invariants, MethodFailed } from './invariants.js';
import { Process, type Request } from './process.js';
import { type Fault, type Scenario, times } from './scenario.js';

/** Something that may happen next. */
export interface Choice {
  readonly label: string;
  readonly fault?: Fault;
  readonly happen: () => void;
}

/** The operation as each process of the scenario has it. */
export type Call = (this: Process, caller: Caller) => Promise<unknown>;

interface Work {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

const names = 'ABCDEFGH';
const start = Date.UTC(2026, 0, 1);

/** One history: the real engine in some processes, with the network, the database and the time in the checker's hands. */
export class World implements TimeSource {
  now = start;
  runningProcess = 0;
  readonly timers = new Map<number, Timer>();
  readonly database: Database;
  readonly processes: readonly Process[];
  readonly callers: readonly Caller[];
  readonly invariants: Invariants;
  faults = 0;
  isOver = false;
  #requests: Request[] = [];
  readonly #work = new Map<Caller, Work>();
  /** Which faults hit whom once only. */
  readonly #spent = new Set<string>();

  constructor(
    readonly scenario: Scenario,
    readonly call: Call,
    /** What calls when everything is over: it waits for as long as it takes. */
    readonly lastCall: Call,
    apply: Apply,
  ) {
    this.database = new Database(apply);
    const count = Math.max(...scenario.processes) + 1;
    const send = this.#send.bind(this);
    // One more for who calls when everything is over.
    this.processes = Array.from(
      { length: count + 1 },
      (_, index) => new Process(index, scenario.skews?.[index] ?? 0, send),
    );
    const callers = [...scenario.processes, count].map((process, index) => ({
      index,
      process: this.processes[process] as Process,
      state: 'idle' as const,
      runs: 0,
      signal: undefined,
      hasFailed: false,
      error: undefined,
      isOpen: false,
      isUnrecorded: false,
    }));
    this.callers = callers;
    this.invariants = new Invariants(callers, scenario);
  }

  /** What the clock says in the process that is running. */
  get processTime(): number {
    return this.now + (this.processes[this.runningProcess]?.skew ?? 0);
  }

  get violation(): string | undefined {
    return this.invariants.violation;
  }

  /** What the method does, as its caller's process runs it. */
  async work(caller: Caller): Promise<unknown> {
    this.invariants.started(caller, this.database.holder?.record, this.now);
    const value = { run: caller.index };
    try {
      await this.#underClaim(caller);
      if (this.scenario.method === 'commits') await this.#commit(caller.process, value);
      return value;
    } catch (error) {
      this.invariants.failed(caller);
      throw error;
    } finally {
      caller.signal = undefined;
    }
  }

  /** A recovery function that can tell whether the attempt before did its work. */
  async recover(caller: Caller): Promise<AbandonedDecision<unknown>> {
    try {
      await this.#underClaim(caller);
      const { lastRun } = this.invariants;
      return lastRun === undefined ? 'run' : { value: { run: lastRun } };
    } catch (error) {
      this.invariants.failed(caller);
      throw error;
    } finally {
      caller.signal = undefined;
    }
  }

  /** Takes as long as the checker likes. */
  #underClaim(caller: Caller): Promise<void> {
    caller.signal = currentExecution().signal;
    return new Promise((resolve, reject) => this.#work.set(caller, { resolve, reject }));
  }

  async #commit(process: Process, value: unknown): Promise<void> {
    const { record, token } = await currentExecution().completion(value);
    try {
      const holder = await this.#send(process, { kind: 'commit', record, token });
      if (holder?.token === record.token) return;
    } catch {
      // It may have been applied all the same: the engine finds out.
    }
    throw new MethodFailed('the transaction was rolled back, or its answer is lost');
  }

  /** A caller got a result that was not recorded, or runs without a claim. */
  noteUnrecorded(isOpen: boolean): void {
    for (const caller of this.callers) {
      if (caller.process.index !== this.runningProcess || caller.state !== 'calling') continue;
      if (isOpen) caller.isOpen ||= caller.runs === 0;
      else caller.isUnrecorded ||= caller.runs > 0;
    }
  }

  /** Everything that may happen now, faults last. */
  *choices(): Generator<Choice> {
    if (this.isOver) return;
    yield* this.#beginnings();
    yield* this.#deliveries();
    yield* this.#endings();
    yield* this.#moments();
    if (this.#isDone) yield { label: 'nothing else arrives', happen: () => this.#end() };
    else if (this.faults < this.scenario.mostFaults) {
      for (const choice of this.#faults())
        if (this.scenario.faults.includes(choice.fault as Fault)) yield choice;
    }
  }

  /** Lets it happen, and everything that follows from it by itself. */
  async take({ fault, happen }: Choice): Promise<void> {
    if (fault) this.faults += 1;
    happen();
    await restOfTurn();
    this.invariants.holdsOne((process) => process.isRunning && !this.#isLate(process));
  }

  /** A process that goes on after a suspension has timers that should have fired already. */
  #isLate({ index }: Process): boolean {
    for (const timer of this.timers.values())
      if (timer.process === index && timer.at <= this.now) return true;
    return false;
  }

  /** What the future depends on, condensed. */
  fingerprint(): number {
    const all = new Fingerprint().add(`${this.now - start} ${this.faults} ${this.isOver}`);
    for (const { seen, sent, isAlive, suspendedUntil, skew } of this.processes)
      all.add(`${seen.value} ${sent} ${isAlive} ${suspendedUntil} ${skew}`);
    const readsStale = this.scenario.faults.includes('stale read') && this.faults < this.scenario.mostFaults;
    for (const { writtenBy } of this.database.versions.slice(readsStale ? 0 : -1)) all.add(`=${writtenBy}`);
    const requests = this.#requests.map(
      ({ id, status, isSlow, answer }) => `${id} ${status} ${isSlow} ${answer?.writtenBy}`,
    );
    all.add(requests.sort().join(','));
    for (const { state } of this.callers) all.add(state);
    return all.value;
  }

  #send(process: Process, operation: Operation): Promise<IdempotencyRecord | undefined> {
    process.sent += 1;
    const id = `${names[process.index]}${process.sent}`;
    return new Promise((resolve, reject) => {
      this.#requests.push({
        id,
        process,
        operation,
        status: 'fresh',
        isSlow: false,
        answer: undefined,
        resolve,
        reject,
      });
    });
  }

  // Equal callers begin in their order.
  *#beginnings(): Generator<Choice> {
    const caller = this.callers.find(({ state }) => state === 'idle');
    if (!caller || caller === this.callers.at(-1) || !caller.process.isRunning) return;
    yield {
      label: `call ${caller.index} begins in process ${names[caller.process.index]}`,
      happen: () => this.#begin(caller),
    };
  }

  #begin(caller: Caller): void {
    caller.state = 'calling';
    this.#enter(caller.process, `begin ${caller.index}`);
    const call = caller === this.callers.at(-1) ? this.lastCall : this.call;
    call.call(caller.process, caller).then(
      (value) => {
        caller.state = 'ended';
        this.invariants.answered(caller, value);
      },
      (error) => {
        caller.state = 'ended';
        caller.error = error;
        this.invariants.refused(caller, error);
      },
    );
  }

  *#deliveries(): Generator<Choice> {
    for (const request of this.#requests) {
      const { process, status } = request;
      if (status === 'answered') {
        if (process.isRunning)
          yield { label: `the answer to ${nameOf(request)} arrives`, happen: () => this.#answer(request) };
      } else {
        const later = status === 'held' ? ', late' : '';
        yield { label: `${nameOf(request)} is applied${later}`, happen: () => this.#deliver(request) };
      }
    }
  }

  *#endings(): Generator<Choice> {
    for (const [caller, { resolve }] of this.#work) {
      if (!caller.process.isRunning) continue;
      const happen = () => this.#endWork(caller, 'returns', resolve);
      yield { label: `what call ${caller.index} runs returns`, happen };
    }
  }

  #endWork(caller: Caller, how: string, end: () => void): void {
    this.#work.delete(caller);
    this.#enter(caller.process, `${how} ${caller.index}`);
    end();
  }

  /** Lets time pass until the next timer, unless a call expects a response at once. */
  *#moments(): Generator<Choice> {
    const isBusy = this.#requests.some(
      ({ status, process, isSlow }) =>
        process.isRunning && (status === 'fresh' || (status === 'answered' && !isSlow)),
    );
    let next = Number.POSITIVE_INFINITY;
    const due = new Map<Process, { readonly at: number; readonly id?: number }>();
    const propose = (process: Process, at: number, id?: number) => {
      const soonest = due.get(process);
      if (soonest && soonest.at <= at) return;
      due.set(process, { at, ...(id !== undefined && { id }) });
      next = Math.min(next, at);
    };
    for (const [id, { process: index, at }] of this.timers) {
      const process = this.processes[index] as Process;
      if (process.isRunning) propose(process, Math.max(at, this.now), id);
    }
    for (const process of this.processes) {
      if (process.suspendedUntil !== undefined) propose(process, process.suspendedUntil);
    }
    if (isBusy && next > this.now) return;
    for (const [process, { at, id }] of due) {
      if (at > next) continue;
      const after = at - this.now;
      if (id === undefined)
        yield {
          label: `process ${names[process.index]} goes on, after ${after} ms`,
          happen: () => this.#resume(process, at),
        };
      else
        yield {
          label: `a timer of process ${names[process.index]} fires, after ${after} ms`,
          happen: () => this.#fire(id, at),
        };
    }
  }

  #fire(id: number, at: number): void {
    const timer = this.timers.get(id) as Timer;
    this.timers.delete(id);
    this.now = at;
    this.#enter(this.processes[timer.process] as Process, 'timer');
    timer.run();
  }

  #resume(process: Process, at: number): void {
    this.now = at;
    process.suspendedUntil = undefined;
    process.seen.add('resumes');
  }

  *#faults(): Generator<Choice> {
    yield* this.#networkFaults();
    yield* this.#methodFaults();
    yield* this.#processFaults();
  }

  *#networkFaults(): Generator<Choice> {
    for (const request of this.#requests) {
      if (request.status !== 'fresh' || !request.process.isRunning) continue;
      const name = nameOf(request);
      const { kind } = request.operation;
      yield {
        fault: 'lost answer',
        label: `${name} is applied, its answer lost`,
        happen: () => this.#deliver(request, 'lost'),
      };
      yield {
        fault: 'late answer',
        label: `${name} is applied, its answer late`,
        happen: () => this.#deliver(request, 'slow'),
      };
      yield { fault: 'store error', label: `${name} is refused`, happen: () => this.#fault(request) };
      const hold = () => {
        request.status = 'held';
      };
      yield { fault: 'delayed request', label: `${name} is held up`, happen: hold };
      if (kind !== 'find') {
        yield {
          fault: 'repeated write',
          label: `${name} is applied, and will be again`,
          happen: () => this.#deliver(request, 'twice'),
        };
        yield {
          fault: 'crash',
          label: `${name} is applied, and process ${names[request.process.index]} crashes`,
          happen: () => this.#deliver(request, 'crash'),
        };
      } else if (!(request.operation as { isConsistent?: boolean }).isConsistent) {
        const { versions } = this.database;
        for (const [age, version] of versions.slice(0, -1).entries()) {
          const label = `${name} is answered with version ${age + 1} of ${versions.length}`;
          yield { fault: 'stale read', label, happen: () => this.#answer(request, version) };
        }
      }
    }
  }

  *#methodFaults(): Generator<Choice> {
    for (const [caller, { reject }] of this.#work) {
      if (!caller.process.isRunning) continue;
      const happen = () =>
        this.#endWork(caller, 'throws', () => reject(new MethodFailed('the method failed')));
      yield { fault: 'method failure', label: `what call ${caller.index} runs throws`, happen };
    }
  }

  *#processFaults(): Generator<Choice> {
    for (const process of this.processes) {
      const isAtWork = this.callers.some(
        (caller) => caller.process === process && caller.state === 'calling',
      );
      if (!process.isRunning || !isAtWork) continue;
      const name = `process ${names[process.index]}`;
      yield { fault: 'crash', label: `${name} crashes`, happen: () => this.#crash(process) };
      const suspend = () => {
        process.suspendedUntil = this.now + 2 * times.lease;
      };
      yield { fault: 'suspension', label: `${name} is suspended`, happen: suspend };
      if (this.#spent.has(`jump ${process.index}`)) continue;
      const jump = () => {
        this.#spent.add(`jump ${process.index}`);
        process.skew = process.skew > 0 ? 0 : times.skew;
      };
      yield {
        fault: 'clock jump',
        label: `the clock of ${name} jumps by ${process.skew > 0 ? -times.skew : times.skew} ms`,
        happen: jump,
      };
    }
  }

  #deliver(request: Request, fate?: 'lost' | 'slow' | 'twice' | 'crash'): void {
    const { process, operation, id, status } = request;
    const before = this.database.holder?.record;
    const { version, isNew } = this.database.run(operation, id);
    if (isNew && version) this.invariants.wrote(before, version.record, this.now);
    if (fate === 'twice')
      this.#requests.push({ ...request, id: `${id}'`, status: 'held', resolve: () => {}, reject: () => {} });
    if (fate === 'crash') this.#crash(process);
    if (fate === 'lost') this.#fault(request);
    else if (!process.isAlive || id.endsWith("'")) this.#remove(request);
    else if (fate === 'slow' || !process.isRunning) {
      request.status = 'answered';
      request.isSlow = fate === 'slow' || status === 'held';
      request.answer = version;
    } else this.#answer(request, version);
  }

  #answer(request: Request, version = request.answer): void {
    this.#remove(request);
    this.#enter(request.process, `${request.id}:${version?.writtenBy}`);
    request.resolve(version?.record);
  }

  #fault(request: Request): void {
    this.#remove(request);
    this.#enter(request.process, `${request.id} fails`);
    request.reject(new Error('the store failed'));
  }

  #crash(process: Process): void {
    process.isAlive = false;
    for (const [id, timer] of this.timers) if (timer.process === process.index) this.timers.delete(id);
    for (const caller of this.callers) {
      if (caller.process !== process || caller.state === 'ended') continue;
      caller.state = 'crashed';
      caller.signal = undefined;
      this.#work.delete(caller);
    }
    // What was sent may arrive. Responses reach no process any more.
    this.#requests = this.#requests.filter(
      (request) => request.process !== process || request.status !== 'answered',
    );
    for (const request of this.#requests) if (request.process === process) request.status = 'held';
  }

  #remove(request: Request): void {
    this.#requests = this.#requests.filter((one) => one !== request);
  }

  /** From here on it is the code of this process that runs, until the next choice. */
  #enter(process: Process, what: string): void {
    this.runningProcess = process.index;
    process.seen.add(`${what}@${this.now + process.skew}/${this.now - start};`);
  }

  get #isDone(): boolean {
    return this.callers.slice(0, -1).every(({ state }) => state === 'ended' || state === 'crashed');
  }

  #end(): void {
    this.#requests = [];
    this.isOver = true;
  }

  /**
   * What holds at the end of each history: every call has ended, and a new call gets the one outcome, or what the
   * policy says about a lost one.
   */
  async conclude(): Promise<void> {
    const stuck = this.callers.slice(0, -1).filter(({ state }) => state === 'calling');
    if (stuck.length > 0) {
      this.invariants.fails(
        'every call ends',
        `call ${stuck.map(({ index }) => index).join(', ')} waits for nothing`,
      );
      return;
    }
    const last = this.callers.at(-1) as Caller;
    const end = this.now + times.lease + times.clockTolerance + 2 * times.skew + 2_000;
    this.#begin(last);
    await restOfTurn();
    while (last.state === 'calling' && this.now < end) {
      const [request] = this.#requests;
      const [work] = this.#work;
      if (request) this.#deliver(request);
      else if (work) this.#endWork(work[0], 'returns', work[1].resolve);
      else {
        const [moment] = this.#moments();
        if (!moment) break;
        moment.happen();
      }
      await restOfTurn();
    }
    const isRefused = this.scenario.policy === 'refuse' && last.error instanceof OutcomeUnknownError;
    if (last.state === 'calling' || (last.error && !isRefused))
      this.invariants.fails(
        'no key stays in progress after its lease',
        `a call gets ${last.error ?? 'no answer'}`,
      );
  }
}

function nameOf({ id, operation }: Request): string {
  return `${operation.kind} ${id}`;
}

/** Tells the world that is current what is published, for as long as the checker runs. */
export function observe(current: () => World): () => void {
  const stops = [
    onIdempotencyEvent('outcome-not-stored', () => current().noteUnrecorded(false)),
    onIdempotencyEvent('store-failed', ({ failedOpen }) => {
      if (failedOpen) current().noteUnrecorded(true);
    }),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}
