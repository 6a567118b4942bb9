import { checkTable, DEFAULT_TABLE, isName, quoted } from '../shared/sql-tables.js';

/** Returns what is expected where a value cannot be the name of a table, and `undefined` where it can. */
export function wrongName(value: unknown): string | undefined {
  // SQLite keeps names with this prefix for itself.
  return isName(value) && !/^sqlite_/i.test(value) ? undefined : 'the name of a table';
}

/**
 * Returns the two statements that create the table of a `SqliteStore` and its index, for `database.exec()`. They change
 * nothing where both exist, nor where an earlier version created the table: UPGRADING.md says how to change that one.
 *
 * @throws {ConfigurationError} for a wrong name.
 */
export function schema(table: string = DEFAULT_TABLE): string {
  checkTable(wrongName, table);
  return `CREATE TABLE IF NOT EXISTS ${quoted(table)} (
  key TEXT PRIMARY KEY,
  token TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  state TEXT NOT NULL,
  outcome_bytes BLOB
);
CREATE INDEX IF NOT EXISTS ${quoted(`${table}_expires_at`)} ON ${quoted(table)} (expires_at);
`;
}
