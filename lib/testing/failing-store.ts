import type { IdempotencyRecord, PersistenceStore } from '../record/persistence-store.js';

/** The operations of a store. */
export type StoreOperation = 'claim' | 'replace' | 'find';

/** How the next operations of a kind fail. */
export interface FailureOptions {
  /** How many of the next operations fail. Default: 1. With `Infinity`, they fail until `recover()`. */
  readonly times?: number;
  /**
   * `before`: the operation is not done. `after`: the operation is done, but its result is lost, as if the connection broke.
   * Default: `'before'`.
   */
  readonly when?: 'before' | 'after';
  /** What the operation rejects with. Default: an `Error` that names the operation. */
  readonly error?: unknown;
}

interface Failure {
  remaining: number;
  readonly when: 'before' | 'after';
  /** Without it, the operation never settles. */
  readonly error?: { readonly thrown: unknown };
}

/**
 * Wraps a store and fails on command, to test what an application does then. It stores no records itself.
 *
 * @example
 * const store = new FailingStore(new InMemoryStore());
 * store.fail('replace', { when: 'after' });
 */
export class FailingStore implements PersistenceStore {
  readonly changed?: NonNullable<PersistenceStore['changed']>;
  readonly records?: NonNullable<PersistenceStore['records']>;
  readonly planRecords?: NonNullable<PersistenceStore['planRecords']>;
  readonly #failures = new Map<StoreOperation, Failure[]>();

  constructor(readonly inner: PersistenceStore) {
    // The engine checks whether a store has `changed`, so this store has it only if the inner one does. So with listing.
    if (inner.changed) this.changed = (key, signal) => inner.changed?.(key, signal) ?? Promise.resolve();
    if (inner.records) this.records = inner.records.bind(inner);
    if (inner.planRecords) this.planRecords = inner.planRecords.bind(inner);
  }

  /** Makes the next operations of this kind fail. Commands for one kind apply one after the other. */
  fail(operation: StoreOperation, { times = 1, when = 'before', error }: FailureOptions = {}): void {
    const thrown = error ?? new Error(`FailingStore: ${operation} failed on command, ${when} it was done`);
    this.#add(operation, { remaining: times, when, error: { thrown } });
  }

  /** Makes the next operations of this kind never settle. The engine times out after 5 seconds, or a third of the lease. */
  hang(
    operation: StoreOperation,
    { times = 1, when = 'before' }: Pick<FailureOptions, 'times' | 'when'> = {},
  ): void {
    this.#add(operation, { remaining: times, when });
  }

  /** Cancels the commands that have not applied yet. An operation that already hangs never settles. */
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
      throw new TypeError("FailingStore: the operation must be 'claim', 'replace' or 'find'");
    if (!(failure.remaining >= 1))
      throw new TypeError(
        'FailingStore: option "times", how many of the next operations fail, must be at least 1',
      );
    if (failure.when !== 'before' && failure.when !== 'after')
      throw new TypeError("FailingStore: option \"when\" must be 'before' or 'after'");
    this.#failures.set(operation, [...(this.#failures.get(operation) ?? []), failure]);
  }

  async #carryOut<T>(operation: StoreOperation, send: () => Promise<T>): Promise<T> {
    const failures = this.#failures.get(operation) ?? [];
    const [failure] = failures;
    if (!failure) return send();
    failure.remaining -= 1;
    if (failure.remaining < 1) failures.shift();
    if (failure.when === 'after') await send();
    if (failure.error) throw failure.error.thrown;
    return new Promise<T>(() => {});
  }
}
