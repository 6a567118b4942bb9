import { quoted } from '../shared/sql-tables.js';
import { channelOf, hourOf } from './postgres-schema.js';

/**
 * The statements of a store, one for each operation. The database decides them under the row's lock. Each placeholder
 * is used once and in order, so that a wrapper can replace it by one of another form.
 */
export interface Statements {
  /** Values: key, token, expiresAt, state, and now three times. */
  readonly claim: string;
  /** Values: key, token, expiresAt, state, the token to follow, and with notices the channel and message. */
  readonly replace: string;
  /** Values: key. */
  readonly find: string;
  /** As `replace`, but it returns a row only if it wrote. */
  readonly complete: string;
  /** Values: the instant until which they expired twice, and how many at most. */
  readonly removeExpired: string;
}

/** @param notifies Whether a write sends a notice. */
export function statementsFor(tableName: string, notifies: boolean): Statements {
  const table = quoted(tableName);
  // The table may have rows of other programs, whose token is not `owner.n`.
  const isRecord = "held.token ~ '^[^.]+[.][0-9]+$'";
  const takenOver = (column: string, place: number) =>
    `${column} = CASE WHEN held.expires_at <= $${place}::bigint AND ${isRecord} THEN excluded.${column} ELSE held.${column} END`;
  const following = (column: string) =>
    `${column} = CASE WHEN held.token = next.follows THEN next.${column} ELSE held.${column} END`;
  const next = `(VALUES ($1::text, $2::text, $3::bigint, $4::text, $5::text)) AS next (key, token, expires_at, state, follows)`;
  const notice = `(pg_notify($6::text, $7::text) IS NOT NULL)`;
  return {
    claim: `INSERT INTO ${table} AS held (key, token, expires_at, state)
VALUES ($1::text, $2::text, $3::bigint, $4::text)
ON CONFLICT (key) DO UPDATE SET ${takenOver('token', 5)}, ${takenOver('expires_at', 6)}, ${takenOver('state', 7)}
RETURNING token, expires_at::text AS "expiresAt", state`,
    // The writer has the state, so it is not returned to it.
    replace: `UPDATE ${table} AS held SET ${['token', 'expires_at', 'state'].map(following).join(', ')}
FROM ${next} WHERE held.key = next.key
RETURNING held.token, held.expires_at::text AS "expiresAt",
CASE WHEN held.token = next.token THEN '' ELSE held.state END AS state${
      notifies ? `, CASE WHEN held.token = next.token THEN ${notice} END AS told` : ''
    }`,
    find: `SELECT token, expires_at::text AS "expiresAt", state FROM ${table} WHERE key = $1::text`,
    complete: `UPDATE ${table} AS held SET token = next.token, expires_at = next.expires_at, state = next.state
FROM ${next} WHERE held.key = next.key AND held.token = next.follows
RETURNING held.token${notifies ? `, ${notice} AS told` : ''}`,
    removeExpired: removalOf(table, isRecord),
  };
}

/**
 * Returns the statement that removes expired records, those of the earliest hour first. Their own order would need a sort of the
 * whole hour for each sweep.
 */
function removalOf(table: string, isRecord: string): string {
  // A table of an earlier version has no column `expires_hour`, and an index on `expires_at`. A name that the inner SELECT
  // does not have is the outer one: there the exact instant stands for the hour.
  return `WITH expired AS (
  SELECT held.key FROM ${table} AS held,
  LATERAL (SELECT held.expires_at AS expires_hour) AS earlier,
  LATERAL (SELECT expires_hour AS indexed FROM (SELECT held.*) AS fields) AS expiry
  WHERE expiry.indexed <= ${hourOf('$1::bigint')} AND held.expires_at <= $2::bigint AND ${isRecord}
  ORDER BY expiry.indexed LIMIT $3::bigint FOR UPDATE OF held SKIP LOCKED
), removed AS (
  DELETE FROM ${table} AS held USING expired WHERE held.key = expired.key RETURNING held.key
) SELECT count(*)::text AS removed FROM removed`;
}

/** Returns the values of a notice: its channel and its message. */
export function noticeOf(tableName: string, message: string): readonly [string, string] {
  return [channelOf(tableName), message];
}
