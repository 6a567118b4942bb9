import { quoted } from '../shared/sql-tables.js';
import { channelOf, hourOf } from './postgres-schema.js';

/**
 * The statements of a store, one for each operation. The database decides them under the row's lock. Each placeholder
 * is used once and in order, so that a wrapper can replace it by one of another form.
 */
export interface Statements {
  /** Values: key, the written ones, and now once for each of the written ones. */
  readonly claim: string;
  /** Values: key, the written ones, the token to follow, and with notices the channel and message. */
  readonly replace: string;
  /** Values: key. */
  readonly find: string;
  /** As `replace`, but it returns a row only if it wrote. */
  readonly complete: string;
  /** Values: the instant until which they expired twice, and how many at most. */
  readonly removeExpired: string;
}

/** What of its table a statement depends on, and of its store. */
export interface StatementNeeds {
  /** Whether the table has the column for bytes. One that an earlier version created has none. */
  readonly hasBytes: boolean;
  /** Whether a write sends a notice. */
  readonly notifies: boolean;
}

/** A column that is written: the type of its value as a placeholder, and what is stored of that. */
interface Column {
  readonly name: string;
  readonly type: string;
  readonly stored: (value: string) => string;
}

const asItIs = (value: string) => value;

const recordColumns: readonly Column[] = [
  { name: 'token', type: 'text', stored: asItIs },
  { name: 'expires_at', type: 'bigint', stored: asItIs },
  { name: 'state', type: 'text', stored: asItIs },
];

// As base64 on their way: all clients pass texts alike, and most would send twice as many bytes.
const bytesColumn: Column = {
  name: 'outcome_bytes',
  type: 'text',
  stored: (value) => `decode(NULLIF(${value}, ''), 'base64')`,
};

/**
 * Returns the statements of a store. The written values are token, expiresAt, state and, where the table has the column, the bytes as
 * base64, or an empty text. A row has the bytes as base64, `null` where it has none, and an empty text where it does not say.
 */
export function statementsFor(tableName: string, { hasBytes, notifies }: StatementNeeds): Statements {
  const table = quoted(tableName);
  const columns = hasBytes ? [...recordColumns, bytesColumn] : recordColumns;
  const names = columns.map(({ name }) => name).join(', ');
  /** The placeholder that comes so many after that of the key. */
  const after = (count: number) => `$${1 + count}`;
  const values = columns.map(({ type }, index) => `${after(index + 1)}::${type}`);
  // The table may have rows of other programs, whose token is not `owner.n`.
  const isRecord = "held.token ~ '^[^.]+[.][0-9]+$'";
  const takenOver = columns.map(({ name }, index) => {
    const isFree = `held.expires_at <= ${after(columns.length + index + 1)}::bigint AND ${isRecord}`;
    return `${name} = CASE WHEN ${isFree} THEN excluded.${name} ELSE held.${name} END`;
  });
  const next = `(VALUES ($1::text, ${values.join(', ')}, ${after(columns.length + 1)}::text)) AS next (key, ${names}, follows)`;
  const following = columns.map(
    ({ name, stored }) =>
      `${name} = CASE WHEN held.token = next.follows THEN ${stored(`next.${name}`)} ELSE held.${name} END`,
  );
  const completed = columns.map(({ name, stored }) => `${name} = ${stored(`next.${name}`)}`);
  const [channel, message] = [after(columns.length + 2), after(columns.length + 3)];
  const notice = `(pg_notify(${channel}::text, ${message}::text) IS NOT NULL)`;
  const fields = 'held.token, held.expires_at::text AS "expiresAt"';
  const bytes = hasBytes ? "encode(held.outcome_bytes, 'base64')" : bytesIfAny;
  return {
    claim: `INSERT INTO ${table} AS held (key, ${names})
VALUES ($1::text, ${columns.map(({ stored }, index) => stored(values[index] as string)).join(', ')})
ON CONFLICT (key) DO UPDATE SET ${takenOver.join(', ')}
RETURNING ${fields}, held.state, ${bytes} AS bytes`,
    // The writer has the state, so it is not returned to it.
    replace: `UPDATE ${table} AS held SET ${following.join(', ')}
FROM ${next} WHERE held.key = next.key
RETURNING ${fields},
CASE WHEN held.token = next.token THEN '' ELSE held.state END AS state,
CASE WHEN held.token = next.token THEN '' ELSE ${bytes} END AS bytes${
      notifies ? `, CASE WHEN held.token = next.token THEN ${notice} END AS told` : ''
    }`,
    find: `SELECT ${fields}, held.state, ${bytes} AS bytes FROM ${table} AS held WHERE held.key = $1::text`,
    complete: `UPDATE ${table} AS held SET ${completed.join(', ')}
FROM ${next} WHERE held.key = next.key AND held.token = next.follows
RETURNING held.token${notifies ? `, ${notice} AS told` : ''}`,
    removeExpired: removalOf(table, isRecord),
  };
}

// Whether the table has the column or not. A name that the inner SELECT does not have is the outer one.
const bytesIfAny = `(SELECT (SELECT encode(outcome_bytes, 'base64') FROM (SELECT held.*) AS fields) FROM (SELECT ''::bytea AS outcome_bytes) AS none)`;

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
