/** A prepared statement, as `node:sqlite` and `better-sqlite3` have it. */
export interface SqliteStatement {
  // biome-ignore lint/suspicious/noExplicitAny: the two name different kinds of values
  get(...values: any[]): unknown;
  // biome-ignore lint/suspicious/noExplicitAny: the two name different kinds of values
  run(...values: any[]): { readonly changes: number | bigint };
}

/** What the store uses of a database: a `DatabaseSync` of `node:sqlite`, or one of `better-sqlite3`. */
export type SqliteDatabase = {
  prepare(sql: string): SqliteStatement;
} & ({ readonly isTransaction: boolean } | { readonly inTransaction: boolean });

export function isDatabase(value: unknown): value is SqliteDatabase {
  const { prepare } = (value ?? {}) as { readonly prepare?: unknown };
  return typeof prepare === 'function' && typeof transactionOf(value) === 'boolean';
}

/** Whether a transaction is open, which whatever is done on the database now is part of. */
export function isInTransaction(database: SqliteDatabase): boolean {
  return transactionOf(database) === true;
}

function transactionOf(value: unknown): unknown {
  const { isTransaction, inTransaction } = value as {
    readonly isTransaction?: unknown;
    readonly inTransaction?: unknown;
  };
  return isTransaction ?? inTransaction;
}
