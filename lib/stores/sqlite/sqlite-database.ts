/** A prepared statement of `node:sqlite` or `better-sqlite3`. */
export interface SqliteStatement {
  // biome-ignore lint/suspicious/noExplicitAny: the two have different types of values
  all(...values: any[]): unknown[];
  // biome-ignore lint/suspicious/noExplicitAny: the two have different types of values
  run(...values: any[]): { readonly changes: number | bigint };
  /** Only of `node:sqlite`, where rows may be arrays by default. */
  setReturnArrays?(enabled: boolean): void;
}

/** What the store calls of a database: a `DatabaseSync` of `node:sqlite`, or a database of `better-sqlite3`. */
export type SqliteDatabase = {
  prepare(sql: string): SqliteStatement;
} & ({ readonly isTransaction: boolean } | { readonly inTransaction: boolean });

export function isDatabase(value: unknown): value is SqliteDatabase {
  const { prepare } = (value ?? {}) as { readonly prepare?: unknown };
  // Their values are not read: a database that is not open yet has none.
  return (
    typeof prepare === 'function' && ('isTransaction' in Object(value) || 'inTransaction' in Object(value))
  );
}

/** Whether a transaction is open on the database. A statement now would be part of it. */
export function isInTransaction(database: SqliteDatabase): boolean {
  return 'isTransaction' in database ? database.isTransaction : database.inTransaction;
}
