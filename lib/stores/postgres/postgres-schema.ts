import { createHash } from 'node:crypto';
import { checkTable, DEFAULT_TABLE, isName, quoted } from '../shared/sql-tables.js';

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

/**
 * Returns the two statements that create the table of a `PostgresStore` and its index, for a migration. They change
 * nothing where both exist, nor where an earlier version created the table: UPGRADING.md says how to change that one.
 *
 * @throws {ConfigurationError} for a wrong name.
 */
export function schema(table: string = DEFAULT_TABLE): string {
  checkTable(wrongName, table);
  // An earlier table lacks the column. To add it rewrites the table, which is for its owner to plan.
  const createIndex = `BEGIN CREATE INDEX IF NOT EXISTS ${quoted(indexOf(table))} ON ${quoted(table)} (expires_hour); EXCEPTION WHEN undefined_column THEN NULL; END`;
  // With free space in the page, PostgreSQL can put the new version of a row beside the old one, and need not write an index.
  return `CREATE TABLE IF NOT EXISTS ${quoted(table)} (
  key text COLLATE "C" PRIMARY KEY,
  token text NOT NULL,
  expires_at bigint NOT NULL,
  state text NOT NULL,
  expires_hour bigint GENERATED ALWAYS AS (${hourOf('expires_at')}) STORED,
  outcome_bytes bytea
) WITH (fillfactor = 70);
DO '${createIndex.replaceAll("'", "''")}';
`;
}

function indexOf(table: string): string {
  const name = `${table}_expires_hour`;
  return wrongName(name) === undefined ? name : `retrysafe_${digest(table).slice(0, 32)}_expires_hour`;
}
