/** A row has been changed by another transaction since this one has read it. Nothing was written: begin it anew. */
export class TransactionConflictError extends Error {
  override readonly name = 'TransactionConflictError';
  /** That of PostgreSQL for a transaction that could not be serialised. */
  readonly code = '40001';

  constructor() {
    super('a row was changed by another transaction; nothing was written, so begin the transaction anew');
  }
}

/**
 * A database in memory for crash tests. Transactions are serialisable: one that has read what another changed since is refused as it
 * commits. A process may die before or after it commits, and the answer may be lost.
 */
export interface TestDatabase {
  /** Returns the table of that name. It is there without having been made. */
  table<Row>(name: string): TestTable<Row>;
  /**
   * Begins a transaction, and commits it when `work` has returned; where that throws, nothing is written. Resolves to what `work`
   * returned.
   *
   * @throws {TransactionConflictError} if what it has read was changed meanwhile.
   */
  transaction<T>(work: (tx: TestTransaction) => T | PromiseLike<T>): Promise<T>;
}

/** A table of a `TestDatabase`: what is committed. */
export interface TestTable<Row> {
  readonly name: string;
  /** Returns a copy of the committed row under `key`, if there is one. For a transaction it is `tx.get(table, key)`. */
  get(key: string): Row | undefined;
  /** Returns copies of all committed rows, in the order in which their keys came. For a transaction it is `tx.rows(table)`. */
  rows(): Row[];
}

/** An open transaction: it sees what was committed and what it has written itself. */
export interface TestTransaction {
  /** Returns the row under `key`, if there is one. */
  get<Row>(table: TestTable<Row>, key: string): Row | undefined;
  /** Returns all rows, in the order in which their keys came. A row that another transaction adds meanwhile is a conflict, too. */
  rows<Row>(table: TestTable<Row>): Row[];
  /** Writes a row, in place of the one that may be there. */
  put<Row>(table: TestTable<Row>, key: string, row: Row): void;
  /** Removes the row under `key`. */
  delete<Row>(table: TestTable<Row>, key: string): void;
}
