import { beginningOf } from '../../record/listing.js';
import type { RecordQuery } from '../../record/persistence-store.js';
import { checkSchema, DEFAULT_TABLE, isName, quoted } from '../shared/sql-tables.js';

/** Returns what is expected where a value cannot be the name of a table, and `undefined` where it can. */
export function wrongName(value: unknown): string | undefined {
  // SQLite keeps names with this prefix for itself.
  return isName(value) && !/^sqlite_/i.test(value) ? undefined : 'the name of a table';
}

/** The statuses whose records an index can find. */
export type IndexedStatus = 'unknown' | 'in-progress';

/** Returns the name of the index for a status. */
export function statusIndex(table: string, status: IndexedStatus): string {
  return `${table}_${status.replace('-', '_')}`;
}

/** What `schema()` creates besides. */
export interface SchemaOptions {
  /**
   * Whether an index finds the records in progress, so that abandoned ones are listed without reading all records. Then each claim and
   * each completion writes one more index. Default: `false`.
   */
  readonly indexInProgress?: boolean;
}

/** Returns the condition for a state of this status. A statement that has the very same one can use the index. */
export function hasStatus(status: NonNullable<RecordQuery['status']>): string {
  const beginning = beginningOf(status);
  return `substr(state, 1, ${beginning.length}) = '${beginning}'`;
}

/**
 * Returns the statements that create the table of a `SqliteStore` and its indexes, for `database.exec()`. They change nothing where
 * these exist. A table that an earlier version created gets the indexes, and no column: UPGRADING.md says how to add that.
 *
 * @throws {ConfigurationError} for a wrong name or option.
 */
export function schema(table: string = DEFAULT_TABLE, options: SchemaOptions = {}): string {
  checkSchema(wrongName, table, options);
  const statuses: readonly IndexedStatus[] = options.indexInProgress
    ? ['unknown', 'in-progress']
    : ['unknown'];
  return `CREATE TABLE IF NOT EXISTS ${quoted(table)} (
  key TEXT PRIMARY KEY,
  token TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  state TEXT NOT NULL,
  outcome_bytes BLOB
);
CREATE INDEX IF NOT EXISTS ${quoted(`${table}_expires_at`)} ON ${quoted(table)} (expires_at);
${statuses.map((status) => indexFor(table, status)).join('')}`;
}

function indexFor(table: string, status: IndexedStatus): string {
  return `CREATE INDEX IF NOT EXISTS ${quoted(statusIndex(table, status))} ON ${quoted(table)} (key) WHERE ${hasStatus(status)};\n`;
}
