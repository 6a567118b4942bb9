import type { IdempotencyRecord } from '../../record/persistence-store.js';
import type { CallUnderTest } from './call-under-test.js';
import { digest } from './digest.js';
import { EffectFailedError } from './effect-failed-error.js';
import { BEGINNING, type Fault, type Happening, type ProcessFault } from './happening.js';
import { here } from './here.js';
import { type Asked, type Done, OperationUnderWay } from './operation-under-way.js';
import { Outside } from './outside.js';
import type { RealParts } from './place.js';
import { awaitComputed, awaitReal, forgetComputed, hasComputed } from './real-work.js';
import { SimulatedProcess } from './simulated-process.js';
import { restOfPromises, restOfTurn } from './turns.js';
import { unwrapped } from './unwrapped.js';
import type { VirtualTimer } from './virtual-timer.js';
import { textOf } from './words.js';

/** How long an operation takes that changes something, and how long a sender waits who learns of a crash or an error. */
const OPERATION_MS = 1;
const RESEND_MS = 1_000;
/** For how long a sender waits for an answer of a process that stands still, where nothing says when its claim lapses. */
const PATIENCE_MS = 60_000;
/** How much of what an effect is given and answers tells two histories apart, in characters. */
const LONGEST_WORDS = 10_000;
/** How many operations a process does at once that change nothing. */
const MOST_QUIET_ANSWERS = 100;
/** How long timers may still fire when every call has its outcome. */
const REST_MS = 60_000;

/** Something that may happen next. */
export interface Choice {
  /** The same in two histories where the same may happen. */
  readonly label: string;
  readonly fault?: Fault;
  readonly take: () => Promise<void>;
}

/** The rules of a history. */
export interface WorldRules {
  readonly seed: number;
  /** How many more faults there may be. */
  readonly faults: number;
  /** Whether what happens is noted, for a story. */
  readonly isTold: boolean;
  /** For how many real milliseconds a process is waited for that waits for nothing which is simulated. */
  readonly patience: () => number;
  readonly realParts: RealParts;
}

/** One history: its time, its processes, and what they wait for. Everything that happens is one of its choices. */
export class World {
  now = BEGINNING;
  readonly outside: Outside;
  readonly processes: SimulatedProcess[] = [];
  readonly happenings: Happening[] = [];
  readonly calls: readonly CallUnderTest[];
  /** Whether a function was wrapped. */
  hasEffects = false;
  /** How many choices were taken. */
  taken = 0;
  /** How often each effect, operation and transaction was done. */
  readonly counts: Record<string, number> = {};
  /** The keys that each process has claimed or asked for. */
  readonly keys = new Map<SimulatedProcess, Set<string>>();
  faults: number;
  readonly #rules: WorldRules;
  #pending: OperationUnderWay[] = [];
  #last: SimulatedProcess | undefined;
  /** The order in which the effects of each system were done: what they change, nobody can look into. */
  readonly #systems = new Map<string, number>();
  readonly #records = new Map<string, { readonly record: IdempotencyRecord; readonly text: string }>();
  readonly #texts = new Map<string, string>();

  constructor(rules: WorldRules, calls: (world: World) => readonly CallUnderTest[]) {
    this.#rules = rules;
    this.faults = rules.faults;
    this.outside = new Outside(this, rules.realParts, rules.seed);
    this.calls = calls(this);
  }

  // ——— What code under test asks for

  /** Does what is asked for when its turn comes, if a process asks; else at once. */
  readonly operate = (asked: Asked): Promise<unknown> => {
    const process = here.getStore();
    if (!(process instanceof SimulatedProcess) || process.clock !== this)
      return this.outside.do(asked.name, asked.apply);
    if (process.state === 'dead') return new Promise(() => {});
    return new Promise((resolve, reject) => {
      const beside = this.#pending.filter((one) => one.process === process).map((one) => one.asked.name);
      this.#pending.push(new OperationUnderWay(process, asked, resolve, reject, beside));
    });
  };

  /** Takes note of what the running process reads without waiting. */
  readonly hear = (what: string): void => {
    const process = here.getStore();
    if (process instanceof SimulatedProcess) process.hear(what);
  };

  newProcess(name: string, call: SimulatedProcess['call']): SimulatedProcess {
    const process = new SimulatedProcess(this, name, this.processes.length + 1, call, this.#rules.seed);
    this.processes.push(process);
    return process;
  }

  /** Runs code of a process, and lets everything happen that follows at once. */
  async step(process: SimulatedProcess, run: () => void): Promise<void> {
    this.#last = process;
    await this.#run(process, run);
    await this.#settle();
    if (process.reached) throw unwrapped(process.reached);
  }

  async #run(process: SimulatedProcess, run: () => void): Promise<void> {
    here.run(process, run);
    await restOfPromises();
    // It may be in the middle of many ticks, as when it reads a stream.
    if (this.#isIdle(process)) await restOfTurn();
    await awaitComputed(process, () => this.#isIdle(process));
  }

  note(happening: Happening): void {
    if (this.#rules.isTold) this.happenings.push(happening);
  }

  // ——— What may happen

  /** What may happen now without a fault: first of all what happens where nothing else is tried. Empty at the end. */
  *orders(): Generator<Choice, undefined> {
    let isAny = false;
    const underWay = this.#underWay();
    for (const operation of underWay) {
      if (isSpinning(operation.process)) continue;
      isAny = true;
      yield this.#does(operation);
    }
    for (const beginning of this.#beginnings()) {
      isAny = true;
      yield beginning;
    }
    for (const next of this.#passing(isAny)) {
      isAny = true;
      yield next;
    }
    for (const operation of underWay) {
      if (!isSpinning(operation.process)) continue;
      isAny = true;
      yield this.#does(operation);
    }
    yield* this.#resumptions(!isAny);
  }

  /** The faults that may happen now, as long as there may be any. */
  faultsNow(): Choice[] {
    if (this.faults === 0) return [];
    return [...this.#underWay().flatMap((one) => [...this.#faultsOf(one)]), ...this.#redeliveries()];
  }

  /** The operations that may be done, first those of the process that went on last. */
  #underWay(): OperationUnderWay[] {
    const alive = this.#pending.filter(({ isHeld, process }) => !isHeld && process.state === 'alive');
    return [
      ...alive.filter(({ process }) => process === this.#last),
      ...alive.filter(({ process }) => process !== this.#last),
    ];
  }

  #does(operation: OperationUnderWay): Choice {
    return { label: `${operation.label} is done`, take: () => this.#answer(operation) };
  }

  *#beginnings(): Generator<Choice> {
    for (const call of this.calls)
      if (!call.hasBegun && !this.#isLikeAnEarlier(call))
        yield { label: `${call.name} begins`, take: () => call.deliver() };
  }

  /** Of calls that are one function, the first begins first. */
  #isLikeAnEarlier(call: CallUnderTest): boolean {
    return this.calls.some(
      ({ index, make, hasBegun }) => index < call.index && make === call.make && !hasBegun,
    );
  }

  /**
   * The next thing that happens by itself. As long as something else can happen, it is a timer that is due, or a sender who just has learned
   * that it has to send again: the process that begins then can be held up where it asks for something first.
   */
  *#passing(isBusy: boolean): Generator<Choice> {
    let next: { at: number; take: () => Promise<void>; label: string } | undefined;
    const consider = (at: number, label: string, take: () => Promise<void>) => {
      if (!next || at < next.at) next = { at, label, take };
    };
    for (const call of this.calls)
      if (call.resendAt !== undefined && (!isBusy || call.resendSince === this.taken))
        consider(call.resendAt, `${call.name} is sent again`, () => call.deliver());
    for (const process of this.processes) {
      if (process.state !== 'alive' && process.state !== 'lapsing') continue;
      for (const timer of process.timers)
        if (this.#matters(timer) && (!isBusy || timer.at <= this.now))
          consider(timer.at, `a timer of ${process.name} fires`, () => this.#fire(process, timer));
    }
    if (!next) return;
    const { at, label, take } = next;
    const pass = () => {
      this.now = Math.max(this.now, at);
      return take();
    };
    yield { label, take: pass };
  }

  /** Timers that nobody waits for may fire for a while when all calls have their outcome; those that are repeated may not. */
  #matters(timer: VirtualTimer): boolean {
    const answeredAt = Math.max(...this.calls.map((call) => call.endedAt ?? Number.POSITIVE_INFINITY));
    return answeredAt === Number.POSITIVE_INFINITY || (!timer.isRepeated && timer.at <= answeredAt + REST_MS);
  }

  /** What stands still may go on when its claim can have lapsed, and does at last. */
  *#resumptions(isLast: boolean): Generator<Choice> {
    for (const process of this.processes) {
      const { state, name, lapsesAt } = process;
      if ((state !== 'suspended' && state !== 'lapsing') || (this.now < lapsesAt && !isLast)) continue;
      const take = () => {
        this.now = Math.max(this.now, lapsesAt);
        return this.#resume(process);
      };
      yield { label: `${name} ${state === 'suspended' ? 'goes on' : 'hears again'}`, take };
    }
  }

  *#faultsOf(operation: OperationUnderWay): Generator<Choice> {
    const { process, asked, label } = operation;
    const { kind } = asked;
    const choice = (fault: Fault, take: () => Promise<void>): Choice => ({
      label: `${label}: ${fault}`,
      fault,
      take: () => {
        this.faults -= 1;
        return take();
      },
    });
    yield choice('crash after', async () => {
      await this.#apply(operation);
      await this.#crash(process, 'crash after', asked.name);
    });
    yield choice('crash before', () => this.#crash(process, 'crash before', asked.name));
    yield choice('lost answer', async () => {
      await this.#apply(operation);
      this.#noteFault(process, 'lost answer', asked.name);
      await this.#fail(operation, true);
    });
    if (kind !== 'store')
      yield choice('failure', async () => {
        this.#noteFault(process, 'failure', asked.name);
        await this.#fail(operation, false);
      });
    yield choice('suspension after', async () => {
      operation.done = await this.#apply(operation);
      await this.#hold(process, 'suspended', 'suspension after', operation);
    });
    yield choice('suspension before', () => this.#hold(process, 'suspended', 'suspension before', operation));
    if (kind !== 'store')
      yield choice('lapse', async () => {
        operation.done = await this.#apply(operation);
        operation.isHeld = true;
        await this.#hold(process, 'lapsing', 'lapse', operation);
      });
  }

  *#redeliveries(): Generator<Choice> {
    for (const call of this.calls) {
      if (!call.mayBeRedelivered) continue;
      const take = () => {
        this.faults -= 1;
        call.wasRedelivered = true;
        return call.deliver('redelivery');
      };
      yield { label: `${call.name} is delivered once more`, fault: 'redelivery', take };
    }
  }

  // ——— What happens

  async #answer(operation: OperationUnderWay): Promise<void> {
    const done = operation.done ?? (await this.#apply(operation));
    await this.#deliver(operation, done);
  }

  async #deliver(operation: OperationUnderWay, done: Done): Promise<void> {
    const { process } = operation;
    this.#pending = this.#pending.filter((one) => one !== operation);
    this.#tellAnswer(operation, done);
    await this.step(process, () => operation.settle(done));
  }

  /** Does it, outside of all processes. */
  async #apply(operation: OperationUnderWay): Promise<Done> {
    const { asked, process } = operation;
    const isEffective = asked.isEffective();
    if (asked.record) this.#noteKey(process, asked.record.key);
    const before = asked.record && this.#records.get(asked.record.key)?.record;
    let done: Done;
    try {
      done = { value: await operation.runInAsyncScope(() => this.outside.do(asked.name, asked.apply)) };
    } catch (error) {
      done = { error };
    }
    if (this.outside.failure) throw this.outside.failure;
    if (isEffective || isSpinning(process)) this.now += OPERATION_MS;
    if (isEffective) process.quietAnswers = 0;
    this.counts[asked.name] = (this.counts[asked.name] ?? 0) + 1;
    if (asked.kind !== 'store') this.#noteEffect(operation);
    else if (asked.record && 'value' in done) this.#noteRecord(process, asked.record, done.value);
    this.#noteDone(operation, done, before);
    return done;
  }

  /** `bank.placeHold` and `bank.release` are of one system; those of different ones do not depend on each other's order. */
  #noteEffect({ asked, label }: OperationUnderWay): void {
    const system = systemOf(asked.name);
    const what = `${label} ${this.#wordsOf(asked.args)} ${asked.tell?.() ?? ''}`;
    this.#systems.set(system, digest(what, this.#systems.get(system)));
  }

  /** What a process learns is the record that it gets, or what the system answers, which depends on what it has done before. */
  #tellAnswer({ process, asked, label }: OperationUnderWay, done: Done): void {
    const answer =
      asked.kind === 'store' && 'value' in done
        ? this.#textOf(done.value)
        : `${this.#systems.get(systemOf(asked.name))} ${this.#answerIn(done)}`;
    process.hear(`${label} ${answer}`);
  }

  /** An answer as a text. */
  #answerIn(done: Done): string {
    return 'error' in done ? `! ${this.#wordsOf(done.error)}` : `= ${this.#wordsOf(done.value)}`;
  }

  /** Any value as a text, in which nothing is left that is another one in each history. */
  #wordsOf(value: unknown): string {
    let words = textOf(value).slice(0, LONGEST_WORDS);
    for (const [own, name] of this.outside.names) words = words.replaceAll(own, name);
    return words;
  }

  #noteDone(operation: OperationUnderWay, done: Done, before: IdempotencyRecord | undefined): void {
    if (!this.#rules.isTold) return;
    const { asked, process } = operation;
    const { kind, name, args, record } = asked;
    const isWritten =
      record !== undefined &&
      'value' in done &&
      (done.value as IdempotencyRecord | undefined)?.token === record.token;
    const isRefused = name === 'complete' && 'error' in done;
    if (kind === 'store' && !isWritten && !isRefused) return;
    this.note({
      what: 'does',
      at: this.now,
      process,
      kind,
      name,
      args,
      told: asked.tell?.() ?? '',
      beside: operation.beside,
      record,
      before,
      done,
    });
  }

  #noteRecord(process: SimulatedProcess, record: IdempotencyRecord, answer: unknown): void {
    if ((answer as IdempotencyRecord | undefined)?.token !== record.token) return;
    this.#records.set(record.key, { record, text: this.#textOf(record, process) });
    if (record.state.status === 'in-progress') process.lapsesAt = record.state.leaseUntil;
  }

  #noteKey(process: SimulatedProcess, key: string): void {
    const keys = this.keys.get(process) ?? new Set();
    this.keys.set(process, keys.add(key));
  }

  #noteFault(process: SimulatedProcess, fault: ProcessFault, name: string): void {
    this.note({ what: 'fault', at: this.now, process, fault, name });
  }

  async #fail(operation: OperationUnderWay, wasDone: boolean): Promise<void> {
    await this.#deliver(operation, { error: new EffectFailedError(operation.asked.name, wasDone) });
  }

  async #crash(process: SimulatedProcess, fault: ProcessFault, name: string): Promise<void> {
    this.#noteFault(process, fault, name);
    const call = this.callOf(process);
    this.kill(process);
    call?.lose(process);
    call?.resend(RESEND_MS);
  }

  /** Nothing of the process ever goes on. */
  kill(process: SimulatedProcess): void {
    process.state = 'dead';
    forgetComputed(process);
    process.timers.clear();
    this.#pending = this.#pending.filter((one) => one.process !== process);
  }

  async #hold(
    process: SimulatedProcess,
    state: 'suspended' | 'lapsing',
    fault: ProcessFault,
    { asked }: OperationUnderWay,
  ): Promise<void> {
    this.#noteFault(process, fault, asked.name);
    process.state = state;
    const patience = process.lapsesAt > this.now ? process.lapsesAt - this.now : PATIENCE_MS;
    this.callOf(process)?.resend(patience + RESEND_MS);
  }

  /** Timers fire first that are due, as in the event loop, and then it gets what was held back. */
  async #resume(process: SimulatedProcess): Promise<void> {
    this.note({ what: 'resumes', at: this.now, process });
    const wasSuspended = process.state === 'suspended';
    process.state = 'alive';
    process.hear('goes on');
    if (wasSuspended)
      for (const timer of [...process.timers].sort((a, b) => a.at - b.at))
        if (timer.at <= this.now && process.timers.has(timer)) await this.#fire(process, timer);
    for (const operation of this.#pending.filter((one) => one.process === process && one.done)) {
      operation.isHeld = false;
      await this.#deliver(operation, operation.done as Done);
    }
  }

  async #fire(process: SimulatedProcess, timer: VirtualTimer): Promise<void> {
    process.hear('timer');
    process.quietAnswers = 0;
    await this.step(process, () => timer.fire());
  }

  callOf(process: SimulatedProcess): CallUnderTest | undefined {
    return this.calls.find((call) => call.isWaitedForIn(process));
  }

  // ——— What follows at once

  /** Does what changes nothing, until every process waits for a choice or the time. */
  async #settle(): Promise<void> {
    for (;;) {
      const quiet = this.#pending.find(
        ({ asked, process, isHeld, done }) =>
          !isHeld && !done && process.state === 'alive' && !isSpinning(process) && !asked.isEffective(),
      );
      if (quiet) await this.#answerQuietly(quiet);
      else if (!(await this.#leaveLimbo())) return;
    }
  }

  // Not by #deliver, which settles.
  async #answerQuietly(operation: OperationUnderWay): Promise<void> {
    const { process } = operation;
    process.quietAnswers += 1;
    this.#pending = this.#pending.filter((one) => one !== operation);
    const done = await this.#apply(operation);
    this.#tellAnswer(operation, done);
    await this.#run(process, () => operation.settle(done));
  }

  /** Whether a process has gone on that waited for nothing which is simulated. It is not waited for again before it hears of something. */
  async #leaveLimbo(): Promise<boolean> {
    const process = this.#last;
    if (!process || !this.#isInLimbo(process) || process.waitedOutAt === process.heard) return false;
    process.waitedOutAt = process.heard;
    if (!(await awaitReal(this.#rules.patience(), () => this.#isInLimbo(process)))) return false;
    if (!hasComputed(process)) process.reached ??= { what: 'something', by: undefined, line: undefined };
    return true;
  }

  /** Whether a process has asked for nothing, has no timer that keeps a process alive, and has not ended its call. */
  #isInLimbo(process: SimulatedProcess): boolean {
    return this.#isIdle(process) && ![...process.timers].some((timer) => timer.hasRef());
  }

  /** Whether a process that has not ended its call has asked for nothing. */
  #isIdle(process: SimulatedProcess): boolean {
    if (process.state !== 'alive' || process.reached || !this.callOf(process)) return false;
    return !this.#pending.some((one) => one.process === process);
  }

  // ——— What it is like

  /** A digest of all that decides what can follow. */
  state(): number {
    const processes = this.processes.map((process) => {
      if (process.state === 'dead' || this.#isOver(process)) return '-';
      const timers = [...process.timers].map(({ at }) => at - this.now);
      const pending = this.#pending
        .filter((one) => one.process === process)
        .map(({ label, done, isHeld }) => `${label}${done ? this.#answerIn(done) : ''}${isHeld ? '?' : ''}`);
      return `${process.state} ${process.heard} ${isSpinning(process)} ${timers} ${pending}`;
    });
    const records = [...this.#records.values()].map(({ text }) => text).sort();
    const calls = this.calls.map((call) => call.text());
    const systems = [...this.#systems].map(([name, order]) => `${name} ${order}`).sort();
    return digest([this.now, this.#last?.number, ...systems, ...processes, ...records, ...calls].join('\n'));
  }

  /** Whether a process has ended its call, and nothing in it can go on. */
  #isOver(process: SimulatedProcess): boolean {
    const isWaiting = process.timers.size > 0 || this.#pending.some((one) => one.process === process);
    return !isWaiting && this.callOf(process) === undefined;
  }

  /** A record as a text in which tokens are named by their processes: owners are random. */
  #textOf(record: unknown, writer?: SimulatedProcess): string {
    if (typeof record !== 'object' || record === null) return String(record);
    const { token, state, expiresAt } = record as IdempotencyRecord;
    // Each version of a record has a token of its own.
    const known = this.#texts.get(token);
    if (known !== undefined) return known;
    const text = `${this.#nameOf(token, writer)} ${expiresAt} ${JSON.stringify(state)}`;
    this.#texts.set(token, text);
    return text;
  }

  #nameOf(token: string, writer: SimulatedProcess | undefined): string {
    const [owner = '', n = ''] = String(token).split('.');
    const known = this.outside.names.get(owner);
    if (known !== undefined) return `${known}.${n}`;
    if (!writer) return `?.${n}`;
    writer.owners += 1;
    this.outside.names.set(owner, `${writer.number}/${writer.owners}`);
    return `${writer.number}/${writer.owners}.${n}`;
  }
}

/** Whether a process asks in a loop for what changes nothing. Others go on first. */
function isSpinning({ quietAnswers }: SimulatedProcess): boolean {
  return quietAnswers >= MOST_QUIET_ANSWERS;
}

function systemOf(name: string): string {
  return name.split('.')[0] ?? name;
}
