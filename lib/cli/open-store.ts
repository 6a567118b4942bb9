import { IdempotencyError } from '../errors.js';
import type { PersistenceStore } from '../index.js';
import { installedPackage } from './installed-package.js';
import { UsageError } from './usage-error.js';

/** A store that a command has opened, or found in a configuration. */
export interface OpenedStore {
  readonly name: string;
  readonly store: PersistenceStore;
  close(): Promise<unknown>;
}

/** How `--store` names a store, for the help. */
export const STORE_URLS = 'postgres://… | redis://… | sqlite:<file> | dynamodb:<table>?region=…&endpoint=…';

/** Whether a text is the address of a store, and no name of one in a configuration. */
export function isStoreUrl(text: string): boolean {
  return /^(postgres(ql)?|rediss?|valkeys?|sqlite|dynamodb):/.test(text);
}

/**
 * Opens the store at an address, by the driver that is installed in the project.
 *
 * @throws {UsageError} for an address that cannot be read, or without its driver.
 */
export async function openStore(text: string): Promise<OpenedStore> {
  const { url, own } = read(text);
  try {
    return await opened(url, own);
  } catch (cause) {
    throw ofStore(nameOf(url), cause);
  }
}

/** The driver's own errors do not say of which server they are. */
export function ofStore(name: string, cause: unknown): unknown {
  if (cause instanceof UsageError || cause instanceof IdempotencyError) return cause;
  const { message, code } = Object(cause) as Partial<NodeJS.ErrnoException>;
  return new Error(
    `${name}: ${message || code || String(cause)}; see that the server runs, and the address, the user and the network are right`,
    { cause },
  );
}

function opened(url: URL, own: Own): Promise<OpenedStore> {
  switch (url.protocol) {
    case 'postgres:':
    case 'postgresql:':
      return openPostgres(url, own);
    case 'sqlite:':
      return openSqlite(url, own);
    case 'dynamodb:':
      return openDynamoDB(url, own);
    default:
      return openRedis(url, own);
  }
}

/** The parameters of an address that are the store's own. All others are the driver's. */
const OWN = {
  'postgres:': ['table'],
  'postgresql:': ['table'],
  'redis:': ['prefix'],
  'rediss:': ['prefix'],
  'valkey:': ['prefix'],
  'valkeys:': ['prefix'],
  'sqlite:': ['table'],
  'dynamodb:': [
    'region',
    'endpoint',
    'keyAttribute',
    'sortKeyAttribute',
    'ttlAttribute',
    'partitionKey',
    'unresolvedAttribute',
  ],
} as const satisfies Readonly<Record<string, readonly string[]>>;

type Own = Readonly<Record<string, string>>;

function read(text: string): { readonly url: URL; readonly own: Own } {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const names: readonly string[] | undefined = OWN[url?.protocol as 'sqlite:'];
  if (!url || !names) throw new UsageError(`--store: expected ${STORE_URLS}, or a name in the configuration`);
  const own: Record<string, string> = {};
  for (const name of names) {
    const value = url.searchParams.get(name);
    if (value !== null) own[name] = value;
    url.searchParams.delete(name);
  }
  const isWhole = url.protocol === 'sqlite:' || url.protocol === 'dynamodb:';
  const [other] = [...url.searchParams.keys()].filter(
    (name) => isWhole || names.some((own) => isMistyped(name, own)),
  );
  if (other !== undefined)
    throw new UsageError(`--store: there is no parameter "${other}"; they are ${names.join(', ')}`);
  return { url, own };
}

/** Whether a driver's parameter is rather one of ours: with a letter too many, too few, another one, or two that changed places. */
function isMistyped(name: string, own: string): boolean {
  const sorted = (text: string) => [...text].sort().join('');
  if (sorted(name.toLowerCase()) === sorted(own)) return true;
  if (Math.abs(name.length - own.length) > 1) return false;
  let from = 0;
  while (from < own.length && name[from] === own[from]) from += 1;
  const [rest, ownRest] = [name.slice(from), own.slice(from)];
  return rest.slice(1) === ownRest || rest === ownRest.slice(1) || rest.slice(1) === ownRest.slice(1);
}

async function openPostgres(url: URL, own: Own): Promise<OpenedStore> {
  const { name, exports } = await installedPackage(['pg', 'postgres'], 'a store of PostgreSQL');
  const { fromPostgresJs, PostgresStore } = await import('../stores/postgres/index.js');
  if (name === 'postgres') {
    const sql = exports(url.href, { max: 1 });
    return {
      name: nameOf(url),
      store: new PostgresStore({ client: fromPostgresJs(sql), ...own }),
      close: () => sql.end(),
    };
  }
  const pool = new exports.Pool({ connectionString: url.href, max: 1 });
  // A connection that breaks while it is idle would end the process otherwise. The next statement tells of it.
  pool.on('error', () => {});
  return { name: nameOf(url), store: new PostgresStore({ client: pool, ...own }), close: () => pool.end() };
}

async function openRedis(url: URL, own: Own): Promise<OpenedStore> {
  const names = ['redis', 'ioredis', 'iovalkey'];
  const { name, exports } = await installedPackage(names, 'a store of Redis');
  const { RedisStore } = await import('../stores/redis/index.js');
  const href = url.href.replace(/^valkey/, 'redis');
  if (name === 'redis') {
    const client = exports.createClient({ url: href, socket: { reconnectStrategy: false } });
    client.on('error', () => {});
    await client.connect();
    return {
      name: nameOf(url),
      store: new RedisStore({ client, ...own }),
      close: () => closeNodeRedis(client),
    };
  }
  const Client = exports.Redis ?? exports;
  const client = new Client(href, { lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 });
  client.on('error', () => {});
  await client.connect();
  return {
    name: nameOf(url),
    store: new RedisStore({ client, ...own }),
    close: async () => client.disconnect(),
  };
}

/** Before version 5 a client of node-redis has no `close`. */
function closeNodeRedis(client: { close?(): Promise<unknown>; quit(): Promise<unknown> }): Promise<unknown> {
  return client.close ? client.close() : client.quit();
}

async function openSqlite(url: URL, own: Own): Promise<OpenedStore> {
  const path = pathIn(url);
  const { existsSync } = process.getBuiltinModule('node:fs');
  if (!existsSync(path))
    throw new UsageError(`--store: there is no file ${path}; give the path of the database`);
  const { SqliteStore } = await import('../stores/sqlite/index.js');
  const database = await openDatabase(path);
  database.prepare('PRAGMA busy_timeout = 5000').all();
  return {
    name: nameOf(url),
    store: new SqliteStore({ database, ...own }),
    close: async () => database.close(),
  };
}

function pathIn({ host, pathname, hash }: URL): string {
  if (host !== '')
    throw new UsageError(
      '--store: expected the path behind sqlite:, as in sqlite:data/records.db or sqlite:///var/data/records.db',
    );
  const path = decoded(pathname + hash);
  // An address with three slashes has one before the letter of a drive.
  return process.platform === 'win32' ? path.replace(/^\/(?=[a-z]:)/i, '') : path;
}

/** A name may have a percent sign that stands for itself. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

async function openDatabase(path: string) {
  const sqlite = process.getBuiltinModule('node:sqlite' as 'node:fs') as unknown as SqliteOfNode | undefined;
  if (sqlite) {
    const database = new sqlite.DatabaseSync(path);
    if ('isTransaction' in database) return database;
    // That of Node.js before 22.16 does not say whether a transaction is open.
    database.close();
  }
  const { exports: Database } = await installedPackage(
    ['better-sqlite3'],
    `a store of SQLite on Node.js ${process.version} (from 22.16 on none is needed)`,
  );
  return new Database(path);
}

// biome-ignore lint/suspicious/noExplicitAny: the types of Node.js 20 do not have it
type SqliteOfNode = { readonly DatabaseSync: new (path: string) => any };

async function openDynamoDB(url: URL, own: Own): Promise<OpenedStore> {
  const { region, endpoint, ...options } = own;
  const { exports } = await installedPackage(['@aws-sdk/client-dynamodb'], 'a store of DynamoDB');
  const { DynamoDBStore } = await import('../stores/dynamodb/index.js').catch(() => {
    throw new UsageError(
      'retrysafe does not find @aws-sdk/client-dynamodb; install both in one project: `npm install retrysafe @aws-sdk/client-dynamodb`',
    );
  });
  const client = new exports.DynamoDBClient({ ...(region && { region }), ...(endpoint && { endpoint }) });
  const tableName = decoded(url.pathname);
  return {
    name: nameOf(url),
    store: new DynamoDBStore({ client, tableName, ...options }),
    close: async () => client.destroy(),
  };
}

/** The address without what is secret in it. */
function nameOf({ protocol, host, pathname }: URL): string {
  return host === '' ? `${protocol}${pathname}` : `${protocol}//${host}${pathname}`;
}
