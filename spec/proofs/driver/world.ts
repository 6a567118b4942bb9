import {
  type CurrentExecution,
  currentExecution,
  type IdempotencyRecord,
  InMemoryStore,
  NotResolvedError,
  type PersistenceStore,
  type RecordHandle,
  recordOfKey,
  StoreError,
} from 'retrysafe';
import { type Call, type Caller, contexts, MethodFailed } from './caller.js';
import { Ledger } from './ledger.js';
import { registryOf } from './registry.js';
import type { Decision, Scenario, Script } from './scenario.js';
import { restOfTurn, type Timer } from './timers.js';

/** Something that may happen next. */
export interface Choice {
  readonly label: string;
  readonly isFault?: boolean;
  readonly isTimer?: boolean;
  /** How many turns of microtasks run before the next thing happens. Without: all. */
  readonly hurriedBy?: number;
  readonly happen: () => void;
}

/** What the engine asked the store for and has no answer to. */
interface Pending {
  readonly label: string;
  readonly apply: () => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

const start = Date.UTC(2026, 0, 1);
const lease = 3_000;

/** One history of some calls in one process: the real driver, with store, methods, timers and notices in the checker's hands. */
export class World {
  now = start;
  readonly timers = new Set<Timer>();
  readonly store: PersistenceStore;
  readonly callers: Caller[] = [];
  readonly ledger: Ledger;
  readonly #records: PersistenceStore;
  readonly #holders = new Map<string, IdempotencyRecord>();
  #pending: Pending[] = [];
  readonly #ends = new Map<Caller, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  readonly #ears = new Map<AbortSignal, () => void>();
  readonly #due = new Set<AbortSignal>();
  #begun = 0;
  #isHeldElsewhere: boolean;
  #mayDecide: Decision | undefined;
  #mayListenerDecide: Decision | undefined;
  #decides = 0;
  /** What every equal call gets from then on. */
  #answer: Decision | undefined;
  #left: { faults: number; timers: number; hurries: number };

  constructor(
    readonly scenario: Scenario,
    readonly call: Call,
    /** The key of the operation `call` for the scenario's calls. */
    readonly key: string,
  ) {
    const { bounds, port } = scenario;
    this.ledger = new Ledger(this.callers);
    this.#left = { faults: bounds.faults ?? 0, timers: bounds.timers ?? 0, hurries: bounds.hurries ?? 0 };
    this.#isHeldElsewhere = scenario.isHeldElsewhere ?? false;
    this.#mayDecide = scenario.operator;
    this.#mayListenerDecide = scenario.listener;
    this.#records = this.#makeRecords();
    this.store = port === 'in memory' ? new InMemoryStore() : this.#records;
    if (this.#isHeldElsewhere) this.#holders.set(key, this.#elsewhere('in-progress', 1));
  }

  // What JavaScript allows: a store may return values.
  #makeRecords(): PersistenceStore {
    const holders = this.#holders;
    const apply = {
      claim: (record: IdempotencyRecord, now: number) => {
        const holder = holders.get(record.key);
        if (!holder || holder.expiresAt <= now) holders.set(record.key, record);
        return holders.get(record.key);
      },
      replace: (record: IdempotencyRecord, token: string) => {
        if (holders.get(record.key)?.token === token) {
          holders.set(record.key, record);
          this.#notify();
        }
        return holders.get(record.key);
      },
      find: (key: string) => holders.get(key),
    };
    const store = {
      claim: (record: IdempotencyRecord, now: number) =>
        this.#send(`claim ${record.state.status}`, record, () => apply.claim(record, now)),
      replace: (record: IdempotencyRecord, token: string) =>
        this.#send(`replace ${record.state.status}`, record, () => apply.replace(record, token)),
      find: (key: string) => this.#send('find', undefined, () => apply.find(key)),
      ...(this.scenario.isHeldElsewhere && {
        changed: (_key: string, signal: AbortSignal) => this.#listen(signal),
      }),
    };
    return store as unknown as PersistenceStore;
  }

  #send(label: string, record: IdempotencyRecord | undefined, apply: () => unknown): unknown {
    const whose = this.ledger.sends(record);
    if (this.scenario.port !== 'promises') return structuredClone(apply());
    return new Promise((resolve, reject) => {
      this.#pending.push({ label: `${label} of ${whose}`, apply, resolve, reject });
    });
  }

  #listen(signal: AbortSignal): Promise<void> {
    this.ledger.enters('changed');
    if (!this.#ears.has(signal)) {
      this.#due.add(signal);
      signal.addEventListener('abort', () => {
        this.#ears.get(signal)?.();
        this.#ears.delete(signal);
      });
    }
    return new Promise((resolve) => {
      this.#ears.set(signal, resolve);
    });
  }

  #notify(): void {
    for (const signal of this.#ears.keys()) this.#due.add(signal);
  }

  #elsewhere(status: 'in-progress' | 'released', n: number): IdempotencyRecord {
    const own = { format: 1, attempt: 1, fencingToken: 1 } as const;
    const state =
      status === 'released'
        ? { ...own, status }
        : { ...own, status, startedAt: start, leaseUntil: start + lease };
    return { key: this.key, token: `elsewhere.${n}`, expiresAt: start + 86_400_000, state };
  }

  /** What the method does. */
  work(caller: Caller): Promise<unknown> {
    this.ledger.begins(caller);
    const end = new Promise<unknown>((resolve, reject) => this.#ends.set(caller, { resolve, reject }));
    // It may end before the method comes to it.
    end.catch(() => {});
    return this.#follow(caller, end).finally(() => {
      caller.isRunning = false;
    });
  }

  #follow(caller: Caller, end: Promise<unknown>): Promise<unknown> {
    const value = { run: caller.name };
    switch (caller.script) {
      case 'waits':
        return end;
      case 'completes':
        return this.#ask(caller, value).then(async ({ record, token }) => {
          if (this.#holders.get(record.key)?.token === token) this.#holders.set(record.key, record);
          else await this.store.replace(record, token);
          return end;
        });
      case 'asks twice':
        return this.#ask(caller, value).then(() => {
          this.#ask(caller, value).catch(() => {});
          return end;
        });
      case 'nests another':
        return this.begin(caller.name, `${caller.key}'`, 'waits').then(
          () => end,
          () => end,
        );
      case 'nests itself':
        return this.begin(caller.name, caller.key, 'waits').then(
          () => end,
          () => end,
        );
      case 'listens':
        this.#listenToSignal(caller, currentExecution());
        return end;
    }
  }

  // In a context of its own, as a transaction has one.
  async #ask(caller: Caller, value: unknown) {
    caller.asking += 1;
    try {
      return await contexts.run(`${caller.name}, inside`, () => currentExecution().completion(value));
    } finally {
      caller.asking -= 1;
    }
  }

  #listenToSignal(caller: Caller, execution: CurrentExecution): void {
    execution.signal.addEventListener('abort', () => this.#aborted(caller, execution));
  }

  #aborted(caller: Caller, execution: CurrentExecution): void {
    this.ledger.within('the signal', caller, () => {
      execution.completion({ run: caller.name }).then(
        () => this.ledger.fails('a call that has lost its claim gets its completion'),
        () => {},
      );
      this.begin(caller.name, caller.key, 'waits').catch(() => {});
      this.begin(caller.name, `${caller.key}'`, 'waits').catch(() => {});
    });
  }

  /** Makes a call in a context of its own. */
  begin(name: string, key: string, script: Script): Promise<unknown> {
    const caller: Caller = {
      name: this.callers.some((one) => one.name === name) ? `${name}/${this.callers.length}` : name,
      key,
      script,
      isAfterAnswer: this.#answer !== undefined && key === 'a',
      isReturned: false,
      state: 'calling',
      runs: 0,
      isRunning: false,
      asking: 0,
    };
    this.callers.push(caller);
    const made = contexts.run(caller.name, () => this.call(caller));
    caller.isReturned = true;
    made.then(
      (value) => {
        caller.state = 'ended';
        caller.value = value;
      },
      (error) => {
        caller.state = 'ended';
        caller.error = error;
      },
    );
    return made;
  }

  /** An event of the library was published. */
  published(name: string): void {
    this.ledger.published(name);
    if (name === 'store-failed' && this.scenario.port !== 'promises')
      this.ledger.fails('a store that has answered at once is said to have failed');
    const decision = this.#mayListenerDecide;
    if (name !== 'waited' || !decision) return;
    this.#mayListenerDecide = undefined;
    const caller = this.callers.find((one) => one.name === contexts.getStore());
    if (caller) this.ledger.within('a listener', caller, () => this.#decide(decision));
  }

  #decide(decision: Decision): void {
    this.#decides += 1;
    const decided = contexts.run('an operator', () =>
      this.#carryOut(decision, recordOfKey(this.store, this.key)),
    );
    decided.then(
      (isWritten) => {
        this.#decides -= 1;
        if (isWritten && (decision === 'gives a value' || decision === 'refuses')) this.#answer = decision;
      },
      (error) => {
        this.#decides -= 1;
        // A call may have ended with an outcome, which stays.
        const isLate = error instanceof NotResolvedError && decision !== 'forgets';
        if (!(error instanceof StoreError || isLate)) this.ledger.fails(`the decision ends with ${error}`);
      },
    );
  }

  #carryOut(decision: Decision, handle: RecordHandle): Promise<boolean> {
    const force = true;
    switch (decision) {
      case 'forgets':
        return handle.forget({ force });
      case 'gives a value':
        return handle.resolve({ as: 'value', value: { run: 'an operator' }, force });
      case 'lets it run again':
        return handle.resolve({ as: 'run-again', force });
      case 'refuses':
        return handle.resolve({ as: 'refuse', force });
    }
  }

  /** Everything that may happen now. */
  choices(): Choice[] {
    const { faults, timers, hurries } = this.#left;
    const all = [...this.#beginnings(), ...this.#answers(), ...this.#endings(), ...this.#notices()];
    if (timers > 0 || all.length === 0) all.push(...this.#moments());
    const allowed = all.filter(({ isFault }) => !isFault || faults > 0);
    if (hurries === 0) return allowed;
    const hurried = [0, 1, 2].flatMap((hurriedBy) => allowed.map((one) => ({ ...one, hurriedBy })));
    return [...allowed, ...hurried];
  }

  async take({ happen, isFault, isTimer, hurriedBy }: Choice): Promise<void> {
    if (isFault) this.#left.faults -= 1;
    if (isTimer) this.#left.timers -= 1;
    // From here on everything comes from elsewhere: no context is the right one by chance.
    contexts.run('the checker', happen);
    if (hurriedBy === undefined) {
      await restOfTurn();
      this.#checkTimers();
    } else {
      this.#left.hurries -= 1;
      for (let turn = 0; turn < hurriedBy; turn += 1) await undefined;
    }
  }

  *#beginnings(): Generator<Choice> {
    const script = this.scenario.calls[this.#begun];
    if (!script) return;
    const name = `call ${this.#begun + 1}`;
    const happen = () => {
      this.#begun += 1;
      this.begin(name, 'a', script).catch(() => {});
    };
    yield { label: `${name} begins`, happen };
  }

  *#answers(): Generator<Choice> {
    for (const one of this.#pending) {
      const { label, apply, resolve, reject } = one;
      const settle = (run: () => void) => () => {
        this.#pending = this.#pending.filter((other) => other !== one);
        run();
      };
      yield { label: `${label} is answered`, happen: settle(() => resolve(structuredClone(apply()))) };
      const lose = () => {
        apply();
        reject(new Error('the answer is lost'));
      };
      yield { label: `${label} is applied, and fails`, isFault: true, happen: settle(lose) };
    }
  }

  *#endings(): Generator<Choice> {
    for (const [caller, { resolve, reject }] of this.#ends) {
      const value = { run: caller.name };
      const end = () => {
        this.#ends.delete(caller);
        resolve(value);
      };
      yield { label: `the method of ${caller.name} returns`, happen: end };
      if (caller.script === 'completes') continue;
      const fail = () => {
        this.#ends.delete(caller);
        reject(new MethodFailed('the method failed'));
      };
      yield { label: `the method of ${caller.name} throws`, happen: fail };
    }
  }

  *#notices(): Generator<Choice> {
    if (this.#isHeldElsewhere) {
      const free = () => {
        this.#isHeldElsewhere = false;
        if (this.#holders.get(this.key)?.token !== 'elsewhere.1') return;
        this.#holders.set(this.key, this.#elsewhere('released', 2));
        this.#notify();
      };
      yield { label: 'the call elsewhere fails', happen: free };
    }
    if (this.#due.size > 0) {
      // One connection tells all who listen.
      const tell = () => {
        for (const signal of this.#due) this.#ears.get(signal)?.();
        this.#due.clear();
      };
      yield { label: 'the store gives notice', happen: tell };
    }
    const decision = this.#mayDecide;
    if (decision && this.#begun > 0) {
      const decide = () => {
        this.#mayDecide = undefined;
        this.#decide(decision);
      };
      yield { label: `an operator ${decision}`, happen: decide };
    }
  }

  *#moments(): Generator<Choice> {
    const next = this.#nextTimer();
    if (!next) return;
    const happen = () => {
      this.timers.delete(next);
      this.now = Math.max(this.now, next.at);
      next.run();
    };
    yield { label: `a timer fires after ${next.at - this.now} ms`, isTimer: true, happen };
  }

  #nextTimer(): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.timers) if (!next || timer.at < next.at) next = timer;
    return next;
  }

  /** A timer keeps the process alive exactly where a caller waits for what it may bring. */
  #checkTimers(): void {
    const isAwaited = [...this.timers].some((timer) => timer.isAwaited);
    const waiting = this.callers.filter(
      ({ state, isRunning, asking }) => state === 'calling' && (!isRunning || asking > 0),
    );
    if (isAwaited === (waiting.length > 0 || this.#decides > 0)) return;
    this.ledger.fails(
      isAwaited
        ? 'a timer keeps the process alive although no caller waits'
        : `no timer keeps the process alive, though ${waiting.map(({ name }) => name)} waits`,
    );
  }

  /** Lets the rest happen in a fixed order, and checks what has to hold at the end. */
  async conclude(): Promise<void> {
    this.#left = { faults: 0, timers: Number.POSITIVE_INFINITY, hurries: 0 };
    for (let steps = 0; steps < 200 && !this.ledger.violation; steps += 1) {
      const [first] = this.choices().filter(({ isTimer }) => !isTimer);
      const next = first ?? [...this.#moments()][0];
      if (!next) break;
      await this.take(next);
    }
    await restOfTurn();
    if (this.ledger.violation) return;
    if (this.timers.size > 0) this.ledger.fails('a timer is left when all calls have ended');
    if (this.#ears.size > 0) this.ledger.fails('a call that has ended listens to the store');
    if (this.#decides > 0) this.ledger.fails('a decision never ends');
    const { calls, leaders, joined } = registryOf(this.store);
    if (calls + leaders + joined > 0)
      this.ledger.fails(`the registry keeps ${calls} calls, ${leaders} leaders and ${joined} that joined`);
    for (const caller of this.callers) this.ledger.ended(caller, this.#answer);
  }
}
