import type { IdempotencyRecord, PersistenceStore } from '../record/persistence-store.js';

/** The operations of a store. */
export type StoreOperation = 'claim' | 'replace' | 'find';

/** How an operation fails. */
export interface FailureOptions {
  /** How many of the next ones fail. Default: 1. `Infinity`: until `recover()`. */
  readonly times?: number;
  /**
   * `before`: nothing was done. `after`: it was done, and the answer got lost, as where a connection breaks. Default:
   * `'before'`.
   */
  readonly when?: 'before' | 'after';
  /** What it rejects with. Default: an `Error` that says so. */
  readonly error?: unknown;
}

interface Failure {
  left: number;
  readonly when: 'before' | 'after';
  /** Never settles where there is none. */
  readonly error?: { readonly thrown: unknown };
}

/**
 * A store around another that fails on command, to try what an application does then. It keeps nothing of its own.
 *
 * @example
 * const store = new FailingStore(new InMemoryStore());
 * store.fail('replace', { when: 'after' });
 */
export class FailingStore implements PersistenceStore {
  readonly changed?: NonNullable<PersistenceStore['changed']>;
  readonly #failures = new Map<StoreOperation, Failure[]>();

  constructor(readonly inner: PersistenceStore) {
    // Only of a store that has it: the engine asks whether it is there.
    if (inner.changed) this.changed = (key, signal) => inner.changed?.(key, signal) ?? Promise.resolve();
  }

  /** Lets the next operations of this kind fail; commands for one kind are carried out one after the other. */
  fail(operation: StoreOperation, { times = 1, when = 'before', error }: FailureOptions = {}): void {
    const thrown = error ?? new Error(`FailingStore: ${operation} fails on command, ${when} it was done`);
    this.#add(operation, { left: times, when, error: { thrown } });
  }

  /** Lets the next operations of this kind never answer. The engine gives each up after 5 seconds, or a third of the lease. */
  hang(
    operation: StoreOperation,
    { times = 1, when = 'before' }: Pick<FailureOptions, 'times' | 'when'> = {},
  ): void {
    this.#add(operation, { left: times, when });
  }

  /** Takes back what was commanded and has not happened yet. What hangs already goes on to hang. */
  recover(): void {
    this.#failures.clear();
  }

  claim(record: IdempotencyRecord, now: number): Promise<IdempotencyRecord> {
    return this.#carryOut('claim', () => this.inner.claim(record, now));
  }

  replace(record: IdempotencyRecord, token: string): Promise<IdempotencyRecord | undefined> {
    return this.#carryOut('replace', () => this.inner.replace(record, token));
  }

  find(key: string, options?: { readonly consistent?: boolean }): Promise<IdempotencyRecord | undefined> {
    return this.#carryOut('find', () => this.inner.find(key, options));
  }

  #add(operation: StoreOperation, failure: Failure): void {
    if (!['claim', 'replace', 'find'].includes(operation))
      throw new TypeError("FailingStore: a store's operations are claim, replace and find");
    if (!(failure.left >= 1))
      throw new TypeError('FailingStore: option "times" is how many of the next operations fail, at least 1');
    if (failure.when !== 'before' && failure.when !== 'after')
      throw new TypeError("FailingStore: option \"when\" is 'before' or 'after'");
    this.#failures.set(operation, [...(this.#failures.get(operation) ?? []), failure]);
  }

  async #carryOut<T>(operation: StoreOperation, send: () => Promise<T>): Promise<T> {
    const failures = this.#failures.get(operation) ?? [];
    const [failure] = failures;
    if (!failure) return send();
    failure.left -= 1;
    if (failure.left < 1) failures.shift();
    if (failure.when === 'after') await send();
    if (failure.error) throw failure.error.thrown;
    return new Promise<T>(() => {});
  }
}
