/** A prepared statement, as `node:sqlite` and `better-sqlite3` have it. */
export interface SqliteStatement {
  // biome-ignore lint/suspicious/noExplicitAny: the two name different kinds of values
  all(...values: any[]): unknown[];
  // biome-ignore lint/suspicious/noExplicitAny: the two name different kinds of values
  run(...values: any[]): { readonly changes: number | bigint };
  /** Of `node:sqlite` only, where a database may have arrays as its default. */
  setReturnArrays?(enabled: boolean): void;
}

/** What the store uses of a database: a `DatabaseSync` of `node:sqlite`, or one of `better-sqlite3`. */
export type SqliteDatabase = {
  prepare(sql: string): SqliteStatement;
} & ({ readonly isTransaction: boolean } | { readonly inTransaction: boolean });

export function isDatabase(value: unknown): value is SqliteDatabase {
  const { prepare } = (value ?? {}) as { readonly prepare?: unknown };
  // Only looked for: a database that is opened later does not tell yet.
  return (
    typeof prepare === 'function' && ('isTransaction' in Object(value) || 'inTransaction' in Object(value))
  );
}

/** Whether a transaction is open, which whatever is done on the database now is part of. */
export function isInTransaction(database: SqliteDatabase): boolean {
  return 'isTransaction' in database ? database.isTransaction : database.inTransaction;
}
