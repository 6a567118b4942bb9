import { createHash } from 'node:crypto';
import { wrongOption } from '../../options/wrong-option.js';
import { DEFAULT_TABLE, quoted } from '../shared/sql-tables.js';

/** PostgreSQL cuts off what is longer, in bytes, so that two names would be one (`NAMEDATALEN`). */
const LONGEST_NAME = 63;

/** Answers with what would be right for the name of a table, or nothing where it is. */
export function wrongName(value: unknown): string | undefined {
  return typeof value === 'string' &&
    value !== '' &&
    !value.includes('\0') &&
    Buffer.byteLength(value) <= LONGEST_NAME
    ? undefined
    : `the name of a table, 1 to ${LONGEST_NAME} bytes long`;
}

/** The channel on which a table's changes are told. */
export function channelOf(table: string): string {
  return `retrysafe_${digest(table).slice(0, 32)}`;
}

/** A short text that stands for another of any length. */
export function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/**
 * The statements that create the table which a `PostgresStore` uses, for a migration; two of them, which do nothing
 * where the table and its index exist.
 *
 * @throws {ConfigurationError} for a wrong name.
 */
export function schema(table: string = DEFAULT_TABLE): string {
  const right = wrongName(table);
  if (right !== undefined) throw wrongOption('schema', 'table', table, right);
  // Claims that lose rewrite their row: with room in its page, no index has to be written with it.
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
