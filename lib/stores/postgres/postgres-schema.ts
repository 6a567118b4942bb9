import { createHash } from 'node:crypto';
import { beginningOf } from '../../record/listing.js';
import type { RecordQuery } from '../../record/persistence-store.js';
import { checkSchema, DEFAULT_TABLE, isName, quoted } from '../shared/sql-tables.js';

/** PostgreSQL cuts off a longer name, so that two names would be one (`NAMEDATALEN`). */
const LONGEST_NAME_BYTES = 63;

/** Returns what is expected where a value cannot be the name of a table, and `undefined` where it can. */
export function wrongName(value: unknown): string | undefined {
  return isName(value) && Buffer.byteLength(value) <= LONGEST_NAME_BYTES
    ? undefined
    : `the name of a table, 1 to ${LONGEST_NAME_BYTES} bytes long`;
}

/** Returns the channel for notices of a table. */
export function channelOf(table: string): string {
  return `retrysafe_${digest(table).slice(0, 32)}`;
}

/** Returns a short text for one of any length. */
export function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/**
 * Returns an SQL expression for an instant in epoch milliseconds, rounded up to the hour. The index is on a record's expiry
 * so rounded: an update that leaves the hour as it was need not write the index.
 */
export function hourOf(instant: string): string {
  return `(${instant} + 3599999) / 3600000 * 3600000`;
}

/** What `schema()` creates besides. */
export interface SchemaOptions {
  /**
   * Whether an index finds the records in progress, so that abandoned ones are listed without reading all records. Then each completion
   * writes the indexes. Default: `false`.
   */
  readonly indexInProgress?: boolean;
}

/** The columns on which there is an index for listing: those of each status that it finds. */
export const statusColumns = { unknown: 'is_unknown', 'in-progress': 'is_in_progress' } as const;

/**
 * Returns the statements that create the table of a `PostgresStore` and its indexes, for a migration. They change nothing where
 * these exist, nor where an earlier version created the table: UPGRADING.md says how to change that one.
 *
 * @throws {ConfigurationError} for a wrong name or option.
 */
export function schema(table: string = DEFAULT_TABLE, options: SchemaOptions = {}): string {
  checkSchema(wrongName, table, options);
  const columns = options.indexInProgress
    ? [statusColumns.unknown, statusColumns['in-progress']]
    : [statusColumns.unknown];
  const indexes = [
    { column: 'expires_hour', on: '(expires_hour)' },
    ...columns.map((column) => ({ column, on: `(key) WHERE ${column}` })),
  ];
  // An earlier table lacks the column. To add it rewrites the table, which is for its owner to plan.
  const created = indexes.map(
    ({ column, on }) =>
      `BEGIN CREATE INDEX IF NOT EXISTS ${quoted(indexOf(table, column))} ON ${quoted(table)} ${on}; EXCEPTION WHEN undefined_column THEN NULL; END`,
  );
  // With free space in the page, PostgreSQL can put the new version of a row beside the old one, and need not write an index.
  return `CREATE TABLE IF NOT EXISTS ${quoted(table)} (
  key text COLLATE "C" PRIMARY KEY,
  token text NOT NULL,
  expires_at bigint NOT NULL,
  state text NOT NULL,
  expires_hour bigint GENERATED ALWAYS AS (${hourOf('expires_at')}) STORED,
  outcome_bytes bytea,
  ${columns.map((column) => `${column} boolean GENERATED ALWAYS AS (${whetherOf(column)}) STORED`).join(',\n  ')}
) WITH (fillfactor = 60);
${created.map((block) => `DO '${block.replaceAll("'", "''")}';\n`).join('')}`;
}

/**
 * Returns an SQL expression that is true for a record of the column's status and null for any other: so a change between two other
 * statuses leaves the column as it was, and the index need not be written. Only the beginning is read of a state that is large.
 */
function whetherOf(column: string): string {
  const status = column === statusColumns.unknown ? 'unknown' : 'in-progress';
  return `CASE WHEN ${hasStatus('state', status)} THEN true END`;
}

/** Returns an SQL expression for whether a state has this status. */
export function hasStatus(state: string, status: NonNullable<RecordQuery['status']>): string {
  const beginning = beginningOf(status);
  return `substr(${state}, 1, ${beginning.length}) = '${beginning}'`;
}

function indexOf(table: string, column: string): string {
  const name = `${table}_${column}`;
  return wrongName(name) === undefined ? name : `retrysafe_${digest(table).slice(0, 32)}_${column}`;
}
