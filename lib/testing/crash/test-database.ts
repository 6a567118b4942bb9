import { ConfigurationError } from '../../errors.js';
import type { Operate } from './operation-under-way.js';

/** A row has been changed by another transaction since this one has read it. Nothing was written: begin it anew. */
export class TransactionConflictError extends Error {
  override readonly name = 'TransactionConflictError';
  /** That of PostgreSQL for a transaction that could not be serialised. */
  readonly code = '40001';

  constructor() {
    super('a row was changed by another transaction; nothing was written, so begin the transaction anew');
  }
}

/** A table of a `TestDatabase`: what is committed. */
export class TestTable<Row> {
  /** By their keys, with a number that each change makes higher. */
  readonly #rows = new Map<string, { readonly row: Row | undefined; readonly version: number }>();

  constructor(readonly name: string) {}

  /** Returns a copy of the row under `key`, if there is one. */
  get(key: string): Row | undefined {
    const row = this.#rows.get(key)?.row;
    return row === undefined ? undefined : structuredClone(row);
  }

  /** Returns copies of all rows, in the order in which their keys came. */
  rows(): Row[] {
    return [...this.#rows.values()].flatMap(({ row }) => (row === undefined ? [] : [structuredClone(row)]));
  }

  /** @internal */
  version(key: string): number {
    return this.#rows.get(key)?.version ?? 0;
  }

  /** @internal */
  write(key: string, row: Row | undefined): void {
    this.#rows.set(key, { row, version: this.version(key) + 1 });
  }
}

/** What a story says of a row that a transaction has replaced without having read it. */
export const UNREAD = ', which it had not read';

interface Write {
  readonly table: TestTable<unknown>;
  readonly key: string;
  readonly row: unknown;
}

/** An open transaction: it sees what was committed and what it has written itself. */
export class TestTransaction {
  readonly #writes = new Map<string, Write>();
  readonly #read = new Map<
    string,
    { readonly table: TestTable<unknown>; readonly key: string; readonly version: number }
  >();
  readonly #joined: { readonly name: string; readonly check: () => void; readonly apply: () => void }[] = [];
  /** The rows that it has replaced without having read them. */
  readonly #unread = new Set<string>();
  #isOpen = true;

  /** Returns the row under `key`, if there is one. */
  get<Row>(table: TestTable<Row>, key: string): Row | undefined {
    this.#checkOpen();
    const place = `${table.name} ${key}`;
    const written = this.#writes.get(place);
    if (written) return structuredClone(written.row) as Row | undefined;
    this.#read.set(place, { table: table as TestTable<unknown>, key, version: table.version(key) });
    return table.get(key);
  }

  /** Writes a row, in place of the one that may be there. */
  put<Row>(table: TestTable<Row>, key: string, row: Row): void {
    this.#checkOpen();
    this.#writes.set(`${table.name} ${key}`, {
      table: table as TestTable<unknown>,
      key,
      row: structuredClone(row),
    });
  }

  /** Removes the row under `key`. */
  delete<Row>(table: TestTable<Row>, key: string): void {
    this.put(table as TestTable<unknown>, key, undefined);
  }

  /** @internal What is written with it, by another part of the database. */
  join(name: string, check: () => void, apply: () => void): void {
    this.#checkOpen();
    check();
    this.#joined.push({ name, check, apply });
  }

  /** @internal */
  get isReadOnly(): boolean {
    return this.#writes.size + this.#joined.length === 0;
  }

  /** @internal What it writes, as a story tells it. */
  tell(): string {
    const writes = [...this.#writes.keys()].map((place) =>
      this.#unread.has(place) ? `${place}${UNREAD}` : place,
    );
    return [...writes, ...this.#joined.map(({ name }) => name)].join(', ');
  }

  /** @internal */
  close(): void {
    this.#isOpen = false;
  }

  /** @internal Writes all of it, or throws and writes nothing. */
  commit(): void {
    for (const { table, key, version } of this.#read.values())
      if (table.version(key) !== version) throw new TransactionConflictError();
    for (const { check } of this.#joined) check();
    for (const [place, { table, key, row }] of this.#writes) {
      if (table.get(key) !== undefined && !this.#read.has(place)) this.#unread.add(place);
      table.write(key, row);
    }
    for (const { apply } of this.#joined) apply();
  }

  #checkOpen(): void {
    if (this.#isOpen) return;
    throw new ConfigurationError(
      'the transaction of the test database has ended; await everything that belongs to it inside of database.transaction()',
    );
  }
}

/**
 * A database in memory for crash tests. Transactions are serialisable: one that has read what another changed since is refused as it
 * commits. A process may die before or after it commits, and the answer may be lost.
 */
export class TestDatabase {
  readonly #tables = new Map<string, TestTable<unknown>>();
  readonly #operate: Operate;

  /** @internal */
  constructor(operate: Operate) {
    this.#operate = operate;
  }

  /** Returns the table of that name. It is there without having been made. */
  table<Row>(name: string): TestTable<Row> {
    const known = this.#tables.get(name) ?? new TestTable<unknown>(name);
    this.#tables.set(name, known);
    return known as TestTable<Row>;
  }

  /**
   * Begins a transaction, and commits it when `work` has returned; where that throws, nothing is written. Resolves to what `work`
   * returned.
   *
   * @throws {TransactionConflictError} if what it has read was changed meanwhile.
   */
  async transaction<T>(work: (tx: TestTransaction) => T | PromiseLike<T>): Promise<T> {
    const tx = new TestTransaction();
    try {
      const result = await work(tx);
      tx.close();
      await this.#operate({
        kind: 'transaction',
        name: 'the transaction',
        tell: () => tx.tell(),
        args: [],
        isEffective: () => !tx.isReadOnly,
        apply: () => tx.commit(),
      });
      return result;
    } finally {
      tx.close();
    }
  }
}
