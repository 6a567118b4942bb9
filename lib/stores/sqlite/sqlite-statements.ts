import { quoted } from '../shared/sql-tables.js';

/** The statements of a store. */
export interface Statements {
  /** Values: key. */
  readonly find: string;
  /** Values: key, token, expiresAt, state, and now three times. Returns the holder afterwards. */
  readonly claim: string;
  /** Values: token, expiresAt, state, key and the token to follow. Changes at most one row. */
  readonly replace: string;
  /** Values: the instant until which they expired, and how many at most. */
  readonly removeExpired: string;
}

export function statementsFor(tableName: string): Statements {
  const table = quoted(tableName);
  const fields = 'token, CAST(expires_at AS TEXT) AS "expiresAt", state';
  // The table may have rows of other programs, whose token is not `owner.n`.
  const isRecord = "token GLOB '?*.[0-9]*' AND token NOT GLOB '*.*[^0-9]*'";
  const takenOver = (column: string) =>
    `${column} = CASE WHEN held.expires_at <= ? THEN excluded.${column} ELSE held.${column} END`;
  return {
    find: `SELECT ${fields} FROM ${table} WHERE key = ?`,
    claim: `INSERT INTO ${table} AS held (key, token, expires_at, state) VALUES (?, ?, ?, ?)
ON CONFLICT (key) DO UPDATE SET ${['token', 'expires_at', 'state'].map(takenOver).join(', ')}
RETURNING ${fields}`,
    replace: `UPDATE ${table} SET token = ?, expires_at = ?, state = ? WHERE key = ? AND token = ?`,
    removeExpired: `DELETE FROM ${table} WHERE key IN (
  SELECT key FROM ${table} WHERE expires_at <= ? AND ${isRecord} ORDER BY expires_at LIMIT ?
)`,
  };
}
