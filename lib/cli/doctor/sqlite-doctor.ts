import type { SqliteDatabase } from '../../stores/sqlite/sqlite-database.js';
import { advice, type Finding, ok, orProblem, problem } from './finding.js';
import type { SqliteParts as Parts } from './parts.js';

type Row = Readonly<Record<string, unknown>>;

const SCHEMA = 'run `retrysafe schema sqlite`, and give what it prints to `database.exec()`';
const NEEDED = ['key', 'token', 'expires_at', 'state'];
const LATE_MS = 86_400_000;

/** Examines the table of a `SqliteStore`. Its clock is that of this machine. */
export async function examineSqlite({ database, table }: Parts): Promise<readonly Finding[]> {
  return orProblem('table', SCHEMA, async () => {
    const columns = rows(database, 'SELECT name FROM pragma_table_info(?)', table).map(({ name }) => name);
    if (columns.length === 0) return problem('table', `there is no table "${table}"`, SCHEMA);
    const missing = NEEDED.filter((name) => !columns.includes(name));
    if (missing.length > 0)
      return problem('table', `"${table}" has no ${missing.join(', ')}`, `create another table: ${SCHEMA}`);
    return [
      ok('table', `"${table}" has the columns of a store`),
      ...(columns.includes('outcome_bytes')
        ? []
        : [
            advice(
              'table',
              'it has no column outcome_bytes: outcomes of bytes are kept as text',
              'add the column as UPGRADING.md says',
            ),
          ]),
      indexesOf(database, table),
      fileOf(database),
      expiredOf(database, table),
    ];
  });
}

function indexesOf(database: SqliteDatabase, table: string): Finding {
  const texts = rows(
    database,
    "SELECT sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL",
    table,
  );
  const has = (pattern: RegExp) => texts.some(({ sql }) => pattern.test(String(sql)));
  if (!has(/\(expires_at\)/))
    return advice('index', 'no index is on the expiry, so removeExpired() reads every record', SCHEMA);
  if (!has(/WHERE .*unknown/s))
    return advice('index', 'no index finds unknown keys, so that listing them reads every record', SCHEMA);
  return ok('index', 'all that a store uses are there');
}

function fileOf(database: SqliteDatabase): Finding {
  const [{ journal_mode } = {} as Row] = rows(database, 'PRAGMA journal_mode');
  // A database in memory has no other connections.
  if (journal_mode === 'wal' || journal_mode === 'memory') return ok('journal', String(journal_mode));
  return advice(
    'journal',
    `its mode is ${journal_mode}, where a write keeps out all reads`,
    'set `PRAGMA journal_mode = WAL` once, and `PRAGMA busy_timeout = 5000` on each connection',
  );
}

function expiredOf(database: SqliteDatabase, table: string): Finding {
  const name = `"${table.replaceAll('"', '""')}"`;
  const [{ late = 0 } = {} as Row] = rows(
    database,
    `SELECT count(*) AS late FROM (SELECT 1 FROM ${name} WHERE expires_at < ? LIMIT 10000)`,
    Date.now() - LATE_MS,
  );
  return Number(late) === 0
    ? ok('expired records', 'none has expired for more than a day')
    : advice(
        'expired records',
        `${late} have expired for more than a day`,
        'call removeExpired() regularly: the file grows without it',
      );
}

function rows(
  database: SqliteDatabase,
  sql: string,
  ...values: readonly (string | number)[]
): readonly Row[] {
  const statement = database.prepare(sql);
  statement.setReturnArrays?.(false);
  return statement.all(...values) as Row[];
}
