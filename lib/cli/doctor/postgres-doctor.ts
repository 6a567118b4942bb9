import { type PostgresClient, type Row, rowsOf } from '../../stores/postgres/postgres-client.js';
import { advice, clockFinding, type Finding, ok, orProblem, problem } from './finding.js';
import type { PostgresParts as Parts } from './parts.js';

const SCHEMA = 'run `retrysafe schema postgres`, and give what it prints to a migration';
const NEEDED = ['key', 'token', 'expires_at', 'state'];
/** What earlier versions did not create, and what is missed without it. */
const LATER: Readonly<Record<string, string>> = {
  expires_hour: 'each renewal writes the index of the expiry',
  outcome_bytes: 'outcomes of bytes are kept as text, a third larger',
  is_unknown: 'unknown keys are found by reading every record',
};
const UPGRADE = 'add the column as UPGRADING.md says';

/** Examines the table of a `PostgresStore`. */
export async function examinePostgres(parts: Parts): Promise<readonly Finding[]> {
  const server = await orProblem('server', 'check the address, the user and the network', () =>
    serverOf(parts.client),
  );
  if (server.some(({ what, is }) => what === 'server' && is === 'problem')) return server;
  const table = await tableOf(parts);
  const clock = await orProblem('clock', 'see the fault', () => clockFinding(() => timeOf(parts.client)));
  return [...server, ...table, ...clock];
}

async function serverOf(client: PostgresClient): Promise<readonly Finding[]> {
  const [row = {}] = await rowsOf(
    client,
    `SELECT current_setting('server_version') AS version, current_setting('transaction_read_only') AS read_only,
current_setting('default_transaction_isolation') AS isolation, current_setting('server_encoding') AS encoding`,
    [],
  );
  return [
    ok('server', `PostgreSQL ${row.version}`),
    row.read_only === 'on'
      ? problem('writes', 'the server, or the session, is read-only', 'connect to the primary')
      : ok('writes', 'the server takes writes'),
    row.isolation === 'read committed'
      ? ok('isolation', 'read committed')
      : problem(
          'isolation',
          `the default is ${row.isolation}, where simultaneous claims fail`,
          "give the store's client `default_transaction_isolation = 'read committed'`",
        ),
    row.encoding === 'UTF8'
      ? ok('encoding', 'UTF8')
      : problem('encoding', `it is ${row.encoding}`, 'keep records in a database whose encoding is UTF8'),
  ];
}

async function tableOf(parts: Parts): Promise<readonly Finding[]> {
  const { client, table } = parts;
  return orProblem('table', SCHEMA, async () => {
    const columns = await rowsOf(
      client,
      `SELECT attname AS name FROM pg_attribute WHERE attrelid = to_regclass(quote_ident($1::text)) AND attnum > 0 AND NOT attisdropped`,
      [table],
    );
    if (columns.length === 0)
      return problem('table', `there is no table "${table}" on the client's search_path`, SCHEMA);
    const names = columns.map(({ name }) => String(name));
    const missing = NEEDED.filter((name) => !names.includes(name));
    if (missing.length > 0)
      return problem('table', `"${table}" has no ${missing.join(', ')}`, `create another table: ${SCHEMA}`);
    return [
      ok('table', `"${table}" has the columns of a store`),
      ...Object.entries(LATER)
        .filter(([name]) => !names.includes(name))
        .map(([name, without]) => advice('table', `it has no column ${name}: ${without}`, UPGRADE)),
      ...(await indexesOf(parts, names)),
      await permissionsOf(parts),
      ...(await sweepOf(parts, names.includes('expires_hour') ? 'expires_hour' : 'expires_at')),
    ];
  });
}

async function indexesOf({ client, table }: Parts, columns: readonly string[]): Promise<readonly Finding[]> {
  const rows = await rowsOf(
    client,
    `SELECT pg_get_indexdef(indexrelid) AS definition, indisprimary AS is_primary, indisvalid AS is_valid
FROM pg_index WHERE indrelid = to_regclass(quote_ident($1::text))`,
    [table],
  );
  const has = (pattern: RegExp) => rows.some(({ definition }) => pattern.test(String(definition)));
  const found: Finding[] = [];
  if (!rows.some(({ is_primary, definition }) => is_primary === true && /\(key\)/.test(String(definition))))
    found.push(
      problem('index', 'its primary key is not `key`, so claims fail', `create another table: ${SCHEMA}`),
    );
  if (!has(/\(expires_(hour|at)\)/))
    found.push(advice('index', 'no index is on the expiry, so removeExpired() reads every record', SCHEMA));
  if (columns.includes('is_unknown') && !has(/WHERE is_unknown/))
    found.push(
      advice('index', 'no index finds unknown keys, so that listing them reads every record', SCHEMA),
    );
  for (const { is_valid, definition } of rows)
    if (is_valid === false)
      found.push(problem('index', `one is not valid: ${definition}`, 'drop it, and create it again'));
  return found.length > 0 ? found : [ok('index', 'all that a store uses are there')];
}

async function permissionsOf({ client, table }: Parts): Promise<Finding> {
  const privileges = ['SELECT', 'INSERT', 'UPDATE', 'DELETE'];
  const [row = {}] = await rowsOf(
    client,
    `SELECT ${privileges.map((one) => `has_table_privilege(quote_ident($1::text), '${one}') AS "${one}"`).join(', ')}`,
    [table],
  );
  const missing = privileges.filter((one) => (row as Row)[one] !== true);
  if (missing.length === 0) return ok('permissions', privileges.join(', '));
  return problem(
    'permissions',
    `the user lacks ${missing.join(', ')}`,
    `GRANT ${missing.join(', ')} ON "${table}" to it; DELETE is for removeExpired() alone`,
  );
}

/** More are not counted. */
const MOST_COUNTED = 10_000;
const LATE_MS = 86_400_000;

async function sweepOf({ client, table }: Parts, indexed: string): Promise<readonly Finding[]> {
  const [row = {}] = await rowsOf(
    client,
    `SELECT count(*)::text AS late FROM (SELECT 1 FROM "${table.replaceAll('"', '""')}" WHERE ${indexed} < $1::bigint LIMIT ${MOST_COUNTED}) AS found`,
    [Date.now() - LATE_MS],
  );
  const late = Number(row.late);
  if (late === 0) return [ok('expired records', 'none has expired for more than a day')];
  const many = late === MOST_COUNTED ? `${late} or more` : String(late);
  return [
    advice(
      'expired records',
      `${many} have expired for more than a day`,
      'call removeExpired() regularly: the table grows without it',
    ),
  ];
}

async function timeOf(client: PostgresClient): Promise<number> {
  const [row = {}] = await rowsOf(
    client,
    `SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint::text AS now`,
    [],
  );
  return Number(row.now);
}
