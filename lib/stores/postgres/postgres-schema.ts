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
 * Returns the two statements that create the table of a `PostgresStore` and its index, for a migration. They change
 * nothing where both exist.
 *
 * @throws {ConfigurationError} for a wrong name.
 */
export function schema(table: string = DEFAULT_TABLE): string {
  checkTable(wrongName, table);
  // A claim that loses rewrites its row. With free space in the page, PostgreSQL need not write the index too.
  return `CREATE TABLE IF NOT EXISTS ${quoted(table)} (
  key text COLLATE "C" PRIMARY KEY,
  token text NOT NULL,
  expires_at bigint NOT NULL,
  state text NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX IF NOT EXISTS ${quoted(indexOf(table))} ON ${quoted(table)} (expires_at);
`;
}

function indexOf(table: string): string {
  const name = `${table}_expires_at`;
  return wrongName(name) === undefined ? name : `retrysafe_${digest(table).slice(0, 32)}_expires_at`;
}
