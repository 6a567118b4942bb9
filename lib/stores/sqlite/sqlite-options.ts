import { type Check, checkStoreOptions } from '../shared/checked-options.js';
import { isDatabase, type SqliteDatabase } from './sqlite-database.js';
import { wrongName } from './sqlite-schema.js';

/** Where a `SqliteStore` keeps records. */
export interface SqliteStoreOptions {
  /** The application's own open database. The store neither configures nor closes it. */
  readonly database: SqliteDatabase;
  /** The table, as `schema()` describes it. Default: `idempotency`. */
  readonly table?: string;
}

const checks: Record<keyof SqliteStoreOptions, Check> = {
  database: (value) =>
    isDatabase(value)
      ? undefined
      : 'a DatabaseSync of node:sqlite (Node.js 22.16 or later), or a database of better-sqlite3; of a library around one the database that it was made with',
  table: wrongName,
};

/**
 * Refuses wrong options.
 *
 * @throws {ConfigurationError} naming the option, its value and what would be right.
 */
export function checkSqliteOptions(options: unknown): void {
  checkStoreOptions('SqliteStore', checks, ['database'], options);
}
