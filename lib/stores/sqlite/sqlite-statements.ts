import { quoted } from '../shared/sql-tables.js';

/** The statements of a store. */
export interface Statements {
  /** Values: key. */
  readonly find: string;
  /** Values: key and the written ones, and now once for each of the written ones. Returns the holder afterwards. */
  readonly claim: string;
  /** Values: the written ones, key and the token to follow. Changes at most one row. */
  readonly replace: string;
  /** Values: the instant until which they expired, and how many at most. */
  readonly removeExpired: string;
}

/** Whether a table has the column for bytes. One that an earlier version created has none. Values: the name of the table. */
export const bytesColumn = "SELECT 1 FROM pragma_table_info(?) WHERE name = 'outcome_bytes'";

/** @param hasBytes Whether the table has the column for bytes. The written values are token, expiresAt, state and, with it, the bytes. */
export function statementsFor(tableName: string, hasBytes: boolean): Statements {
  const table = quoted(tableName);
  const columns = ['token', 'expires_at', 'state', ...(hasBytes ? ['outcome_bytes'] : [])];
  const fields = `token, CAST(expires_at AS TEXT) AS "expiresAt", state${hasBytes ? ', outcome_bytes AS bytes' : ''}`;
  // The table may have rows of other programs, whose token is not `owner.n`.
  const isRecord = "token GLOB '?*.[0-9]*' AND token NOT GLOB '*.*[^0-9]*'";
  const takenOver = (column: string) =>
    `${column} = CASE WHEN held.expires_at <= ? THEN excluded.${column} ELSE held.${column} END`;
  return {
    find: `SELECT ${fields} FROM ${table} WHERE key = ?`,
    claim: `INSERT INTO ${table} AS held (key, ${columns.join(', ')}) VALUES (?${', ?'.repeat(columns.length)})
ON CONFLICT (key) DO UPDATE SET ${columns.map(takenOver).join(', ')}
RETURNING ${fields}`,
    replace: `UPDATE ${table} SET ${columns.map((column) => `${column} = ?`).join(', ')} WHERE key = ? AND token = ?`,
    removeExpired: `DELETE FROM ${table} WHERE key IN (
  SELECT key FROM ${table} WHERE expires_at <= ? AND ${isRecord} ORDER BY expires_at LIMIT ?
)`,
  };
}
