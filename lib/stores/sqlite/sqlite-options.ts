import { type Check, checkedOptions } from '../../options/checked-options.js';
import { isDatabase, type SqliteDatabase } from './sqlite-database.js';
import { wrongName } from './sqlite-schema.js';

/** Where a `SqliteStore` keeps records. */
export interface SqliteStoreOptions {
  /** The application's own open database. The store neither configures nor closes it. */
  readonly database: SqliteDatabase;
  /** The table, as `schema()` creates it. Default: `idempotency`. */
  readonly table?: string;
}

const checks: Record<keyof SqliteStoreOptions, Check> = {
  database: (value) =>
    isDatabase(value)
      ? undefined
      : 'a DatabaseSync of node:sqlite (Node.js 22.16 or later), or a database of better-sqlite3; with a library around one, pass the database that the library was given',
  table: wrongName,
};

/** @throws {ConfigurationError} that names the wrong option, the kind of its value, and what is expected. */
export function checkSqliteOptions(options: unknown): void {
  checkedOptions('SqliteStore', options, { checks, required: ['database'] });
}
