import { wrongOption } from '../../options/wrong-option.js';
import { DEFAULT_TABLE, quoted } from '../shared/sql-tables.js';

/** Answers with what would be right for the name of a table, or nothing where it is. */
export function wrongName(value: unknown): string | undefined {
  const isName = typeof value === 'string' && value !== '' && !value.includes('\0');
  // SQLite keeps these names for itself.
  return isName && !/^sqlite_/i.test(value) ? undefined : 'the name of a table';
}

/**
 * The statements that create the table which a `SqliteStore` uses, for `database.exec()`; two of them, which do nothing
 * where the table and its index exist.
 *
 * @throws {ConfigurationError} for a wrong name.
 */
export function schema(table: string = DEFAULT_TABLE): string {
  const right = wrongName(table);
  if (right !== undefined) throw wrongOption('schema', 'table', table, right);
  return `CREATE TABLE IF NOT EXISTS ${quoted(table)} (
  key TEXT PRIMARY KEY,
  token TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  state TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS ${quoted(`${table}_expires_at`)} ON ${quoted(table)} (expires_at);
`;
}
