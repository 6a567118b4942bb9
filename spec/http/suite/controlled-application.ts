import { type IdempotencyRecord, InMemoryStore, type PersistenceStore } from 'retrysafe';
import { type Deferred, defer } from '../../support/defer.js';
import type { GuardOptions, TestApplication } from './test-application.js';

/** A store whose writes of outcomes a spec can hold. */
export class HeldStore implements PersistenceStore {
  readonly #records = new InMemoryStore();
  #gate: { readonly isReached: Deferred<void>; readonly open: Deferred<void> } | undefined;

  /** Holds the next write of an outcome. */
  hold(): { readonly isReached: Promise<void>; readonly release: () => void } {
    const gate = { isReached: defer(), open: defer() };
    this.#gate = gate;
    return { isReached: gate.isReached.promise, release: () => gate.open.resolve() };
  }

  claim(record: IdempotencyRecord, now: number): Promise<IdempotencyRecord> {
    return this.#records.claim(record, now);
  }

  async replace(record: IdempotencyRecord, token: string): Promise<IdempotencyRecord | undefined> {
    const gate = this.#gate;
    if (gate && record.state.status === 'completed') {
      this.#gate = undefined;
      gate.isReached.resolve();
      await gate.open.promise;
    }
    return this.#records.replace(record, token);
  }

  find(key: string): Promise<IdempotencyRecord | undefined> {
    return this.#records.find(key);
  }
}

/** A text that a streamed body is made of, and when the stream ends. */
export class Parts implements AsyncIterable<string> {
  readonly #parts: (string | undefined)[] = [];
  #wake = defer();
  /** How many parts the handler has taken. */
  taken = 0;

  add(...parts: readonly string[]): void {
    this.#parts.push(...parts);
    this.#wake.resolve();
  }

  end(): void {
    this.#parts.push(undefined);
    this.#wake.resolve();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<string> {
    for (;;) {
      if (this.#parts.length === 0) {
        this.#wake = defer();
        await this.#wake.promise;
        continue;
      }
      const part = this.#parts.shift();
      if (part === undefined) return;
      this.taken += 1;
      yield part;
    }
  }
}

/** The application of the suite: it counts runs, and lets them go on when a spec says so. */
export class ControlledApplication implements TestApplication {
  runs = 0;
  seen: unknown[] = [];
  /** Errors that the next runs throw. */
  failures: unknown[] = [];
  #held: Deferred<void>[] = [];
  #begun: Deferred<number>[] = [];
  #parts: AsyncIterable<string> = new Parts();

  constructor(
    readonly store: PersistenceStore,
    readonly options: GuardOptions = {},
  ) {}

  reset(): void {
    this.runs = 0;
    this.seen = [];
    this.failures = [];
    this.#held = [];
    this.#begun = [];
  }

  /** Lets the next run wait until the promise is resolved. */
  hold(): Deferred<void> {
    const held = defer();
    this.#held.push(held);
    return held;
  }

  /** Resolves when the next run has begun. */
  begun(): Promise<number> {
    const begun = defer<number>();
    this.#begun.push(begun);
    return begun.promise;
  }

  stream(parts: AsyncIterable<string> = new Parts()): Parts {
    this.#parts = parts;
    return parts as Parts;
  }

  async run(): Promise<number> {
    this.runs += 1;
    const run = this.runs;
    this.#begun.shift()?.resolve(run);
    await this.#held.shift()?.promise;
    if (this.failures.length > 0) throw this.failures.shift();
    return run;
  }

  parts(): AsyncIterable<string> {
    return this.#parts;
  }

  see(what: unknown): void {
    this.seen.push(what);
  }
}
