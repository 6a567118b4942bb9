import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { IdempotencyRecord } from 'retrysafe';
import { randomFrom } from '../../support/random.js';

/** What of the machine this needs to know: it is no export of the package. */
interface Call {
  phase: string;
  readonly id: number;
  readonly dueAt: number;
  readonly issued?: IdempotencyRecord;
}

interface Request {
  readonly do: 'claim' | 'replace' | 'find';
  readonly n: number;
  readonly record?: IdempotencyRecord;
  readonly token: string;
  readonly now: number;
}

type Command = Request | { readonly do: 'run' | 'recover' } | { readonly do: 'wake'; readonly call: number };

interface ProcessState {
  lastId: number;
  readonly calls: Map<number, Call>;
}

interface Moment {
  readonly wall: number;
  readonly steady: number;
  readonly chance: number;
}

type Event = { readonly type: string; readonly [fact: string]: unknown };

const modules = fileURLToPath(new URL('../../../modules/engine/machine/', import.meta.url));
const require = createRequire(import.meta.url);
const { Machine, deadline }: Engine = require(`${modules}machine.js`);
const { CallState, newProcess }: State = require(`${modules}state.js`);

interface Engine {
  readonly Machine: new (
    rules: object,
  ) => { next(process: ProcessState, event: Event, now: Moment, out: Command[]): void };
  deadline(process: ProcessState, call: Call, now: Moment): number;
}

interface State {
  readonly CallState: new (id: number, facts: object, now: Moment) => Call;
  newProcess(): ProcessState;
}

/** A call came from one phase to another, by an event. */
export interface Transition {
  readonly from: string;
  readonly event: string;
  readonly to: string;
}

const start = Date.UTC(2026, 0, 1);
const key = 'a key';
const outcome = { kind: 'value', json: '1' };
const ends: readonly object[] = [
  { kind: 'value', outcome, ttlMs: 60_000, isAsCompleted: true },
  { kind: 'value', outcome, ttlMs: 60_000, isAsCompleted: false },
  { kind: 'error', decision: 'release' },
  { kind: 'error', decision: 'unknown' },
  { kind: 'error', decision: 'restore' },
  { kind: 'error', decision: 'refuse' },
  { kind: 'error', decision: 'remember', outcome, ttlMs: 60_000 },
];

interface Process {
  readonly state: ProcessState;
  readonly skew: number;
}

interface Pending {
  readonly process: Process;
  readonly call: Call;
  readonly request: Request;
}

/** Drives the machine through random histories of two processes on one record, and tells which transitions it made. */
export function transitionsOf(histories: number, seed: number): Map<string, Transition> {
  const seen = new Map<string, Transition>();
  const chance = randomFrom(seed);
  for (let history = 0; history < histories; history += 1) new History(chance, seen).go();
  return seen;
}

class History {
  readonly #machine;
  readonly #processes: readonly Process[];
  readonly #readsFirst: boolean;
  /** Other processes leave their runs behind all the time, so that attempts come to an end. */
  readonly #isContested: boolean;
  /** What stood under the key, the present record last. */
  readonly #versions: (IdempotencyRecord | undefined)[] = [undefined];
  readonly #working = new Map<Call, { readonly process: Process; readonly isRecovery: boolean }>();
  #pending: Pending[] = [];
  #steady = 1_000;
  #event = '';
  #foreign = 0;

  constructor(
    readonly chance: () => number,
    readonly seen: Map<string, Transition>,
  ) {
    this.#readsFirst = this.#is(0.3);
    this.#isContested = this.#is(0.3);
    this.#machine = new Machine({
      ttl: 60_000,
      lease: 3_000,
      renewFor: 60_000,
      wait: this.#isContested ? 20_000 : this.#oneOf([0, 4_000, 20_000]),
      clockTolerance: 1_000,
      onAbandoned: this.#isContested ? () => 'run' : this.#oneOf(['run', 'refuse', () => 'run']),
      maxAttempts: this.#isContested
        ? this.#oneOf([Number.POSITIVE_INFINITY, 1, 2])
        : Number.POSITIVE_INFINITY,
      unresolvedTtl: undefined,
      onStoreFailure: this.#oneOf(['throw', 'run']),
      readFirst: this.#readsFirst,
      keepLocal: 0,
    });
    this.#processes = [0, this.#oneOf([0, 2_000])].map((skew) => ({ state: newProcess(), skew }));
    if (this.#is(0.4)) this.#write(this.#elsewhere());
  }

  go(): void {
    this.#begin();
    for (let step = 0; step < 60; step += 1) this.#step();
  }

  #step(): void {
    const draw = this.chance();
    if (this.#isContested && this.#is(0.08)) this.#write(this.#elsewhere());
    else if (draw < 0.1) this.#begin();
    else if (draw < 0.55) this.#answer();
    else if (draw < 0.7) this.#work();
    else if (draw < 0.92) this.#passTime();
    else if (draw < 0.96) this.#notice();
    else this.#write(this.#is(0.3) ? undefined : this.#elsewhere());
  }

  #begin(): void {
    const process = this.#oneOf(this.#processes);
    const { state } = process;
    if (state.calls.size > 3) return;
    state.lastId += 1;
    const purpose = this.#oneOf(['run', 'run', 'run', 'run', 'inspect', 'resolve', 'resolve'] as const);
    const call = new CallState(
      state.lastId,
      {
        purpose,
        resolution: purpose === 'resolve' ? this.#resolution() : undefined,
        key,
        fingerprint: this.#oneOf([undefined, 'one', 'one', 'another']),
        owner: `owner${this.#processes.indexOf(process)}-${state.lastId}`,
        endsAt: this.#is(this.#isContested ? 0.5 : 0.7)
          ? Number.POSITIVE_INFINITY
          : this.#steady + 300 + this.chance() * (this.#isContested ? 2_500 : 5_000),
      },
      this.#now(process),
    );
    this.#watch(call);
    this.#deliver(process, { type: 'begin', call });
  }

  #resolution() {
    const as = this.#oneOf(['value', 'run-again', 'refuse', 'forgotten'] as const);
    const json = { kind: 'value' as const, json: 'decided' };
    const outcome =
      as === 'value' ? json : as === 'refuse' ? { kind: 'none' as const, reason: 'refused' } : undefined;
    const token = this.#oneOf([undefined, undefined, 'elsewhere.1']);
    return { as, isForced: this.#is(0.4), token, reason: undefined, outcome, ttlMs: 60_000 };
  }

  #watch(call: Call): void {
    let { phase } = call;
    Object.defineProperty(call, 'phase', {
      enumerable: true,
      get: () => phase,
      set: (to: string) => {
        const transition = { from: phase, event: this.#event, to };
        this.seen.set(`${phase} ${this.#event} ${to}`, transition);
        phase = to;
        // It goes on by what it knows, and by no further event.
        this.#event = 'at once';
      },
    });
  }

  #answer(): void {
    if (this.#pending.length === 0) return;
    const one = this.#oneOf(this.#pending);
    const { process, call, request } = one;
    const fate = this.chance();
    if (fate < 0.25) this.#apply(request);
    // It stays, and is answered once more or too late.
    if (fate < 0.05) return;
    this.#pending = this.#pending.filter((other) => other !== one);
    const facts = { call: call.id, request: request.n };
    // An answer may come when most of the lease is over, or of the invocation.
    if (this.#is(this.#isContested ? 0.35 : 0.2)) this.#steady += this.chance() * 990;
    if (fate < 0.4) {
      const fault = this.#oneOf(['other', 'other', 'other', 'too-large', 'misused']);
      this.#deliver(process, { type: 'fault', ...facts, fault });
    } else {
      const isStale = request.do === 'find' && this.#is(0.1);
      // One that no store may give, since the record should have been replaced.
      const isWrong = request.do === 'replace' && this.#is(0.03);
      const holder = isStale ? this.#oneOf(this.#versions) : this.#apply(request);
      const record = isWrong && holder ? { ...holder, token: request.token } : holder;
      this.#deliver(process, { type: 'answer', ...facts, record });
    }
  }

  #apply({ do: step, record, token, now }: Request): IdempotencyRecord | undefined {
    const holder = this.#versions.at(-1);
    if (step === 'claim' && !(holder && holder.expiresAt > now)) this.#write(record);
    if (step === 'replace' && holder?.token === token) this.#write(record);
    return this.#versions.at(-1);
  }

  #work(): void {
    const working = [...this.#working];
    if (working.length === 0) return;
    const [call, { process, isRecovery }] = this.#oneOf(working);
    if (this.#is(0.35)) {
      this.#deliver(process, { type: 'completion', call: call.id, outcome, ttlMs: 60_000 });
    } else if (call.issued && this.#is(0.5)) {
      const { record, token } = { record: call.issued, token: this.#versions.at(-1)?.token ?? '' };
      if (token.startsWith(record.token.slice(0, record.token.indexOf('.')))) this.#write(record);
    } else {
      this.#working.delete(call);
      const end = isRecovery && this.#is(0.5) ? { kind: 'run' } : this.#oneOf(ends);
      this.#deliver(process, { type: 'ended', call: call.id, end, stopsWithAnswer: false });
    }
  }

  #passTime(): void {
    const process = this.#oneOf(this.#processes);
    const calls = inOrder(process.state);
    if (calls.length === 0) return;
    const call = this.#oneOf(calls);
    const now = this.#now(process);
    const at = deadline(process.state, call, now);
    const isDue = Number.isFinite(at) && this.#is(0.85);
    this.#steady = Math.max(this.#steady, isDue ? at : this.#steady + this.chance() * 2_000);
    this.#deliver(process, { type: 'time', call: call.id });
  }

  #notice(): void {
    const process = this.#oneOf(this.#processes);
    const type = this.#is(0.8) ? 'notice' : 'no-notices';
    for (const call of inOrder(process.state)) {
      const isListening = call.phase === 'waiting' || call.phase === 'looking';
      if (isListening) this.#deliver(process, { type, call: call.id });
    }
  }

  #deliver(process: Process, event: Event): void {
    const out: Command[] = [];
    const call = (event.type === 'begin' ? event.call : process.state.calls.get(event.call as number)) as
      | Call
      | undefined;
    if (!call) return;
    // The driver's timer comes before anything else that happens later, so that each event tells of itself alone.
    const now = this.#now(process);
    if (event.type !== 'begin' && event.type !== 'time' && deadline(process.state, call, now) <= now.steady)
      this.#deliver(process, { type: 'time', call: call.id });
    this.#event = event.type;
    this.#machine.next(process.state, event, this.#now(process), out);
    for (const command of out) {
      switch (command.do) {
        case 'claim':
        case 'replace':
        case 'find':
          this.#pending.push({ process, call, request: command as Request });
          break;
        case 'run':
        case 'recover':
          this.#working.set(call, { process, isRecovery: command.do === 'recover' });
          break;
        case 'wake':
          this.#deliver(process, { type: 'time', call: (command as { call: number }).call });
      }
    }
    if (call.phase === 'done') this.#working.delete(call);
  }

  #write(record: IdempotencyRecord | undefined): void {
    this.#versions.push(record && structuredClone(record));
  }

  /** A record of a process that is not here. */
  #elsewhere(): IdempotencyRecord {
    this.#foreign += 1;
    const now = start + this.#steady;
    const own = { format: this.#is(0.95) ? 1 : 9, attempt: 1, fencingToken: now };
    const lapsed = { status: 'in-progress', startedAt: now - 9_000, leaseUntil: now - 5_000 };
    if (this.#isContested && this.#is(0.7))
      return this.#record(now, { ...own, ...this.#oneOf<object>([lapsed, { status: 'released' }]) });
    const state = this.#oneOf<object>([
      {
        ...own,
        status: 'in-progress',
        startedAt: now,
        leaseUntil: now + this.#oneOf([-5_000, 1_000, 3_000]),
      },
      { ...own, status: 'in-progress', startedAt: now, leaseUntil: now + 3_000 },
      { ...own, status: 'completed', completedAt: now, outcome },
      { ...own, status: 'released' },
      { ...own, status: 'unknown' },
    ]);
    return this.#record(now, state);
  }

  #record(now: number, state: object): IdempotencyRecord {
    const expiresAt = now + this.#oneOf([500, 3_600_000, 3_600_000]);
    return { key, token: `elsewhere.${this.#foreign}`, expiresAt, state } as unknown as IdempotencyRecord;
  }

  #now({ skew }: Process): Moment {
    return { wall: start + this.#steady + skew, steady: this.#steady, chance: this.chance() };
  }

  #is(probability: number): boolean {
    return this.chance() < probability;
  }

  #oneOf<T>(things: readonly T[]): T {
    return things[Math.floor(this.chance() * things.length)] as T;
  }
}

/** The calls of a process in the order in which they began, so that a history is told by its seed. */
function inOrder({ calls }: ProcessState): readonly Call[] {
  return [...calls.values()].sort((one, other) => one.id - other.id);
}
