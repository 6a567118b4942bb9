import { randomUUID } from 'node:crypto';
import type { PGlite } from '@electric-sql/pglite';
import { Client, type ClientConfig, escapeIdentifier, Pool, type PoolConfig } from 'pg';
import { pending } from './pending.js';
import { PostgresServer } from './postgres-server.js';

const external = process.env.DATABASE_URL;

export interface PostgresRows {
  readonly rows: Record<string, unknown>[];
}

/** A PostgreSQL for specs, started when the first of them needs it. All of them share it: each has its own tables. */
export interface PostgresFixture {
  /** A `server` of this process, what `DATABASE_URL` names, or PGlite, which has no more than one connection. */
  readonly engine: 'server' | 'external' | 'pglite';
  /** Whether `DATABASE_URL` names it. */
  readonly isExternal: boolean;
  /** Of a server only, like all that follows but `query` and `tableName`. */
  readonly url: string;
  /** What a client of `pg` is made with. */
  readonly connection: ClientConfig;
  /** A pool of the package `pg`, ended after the specs. */
  pool(options?: PoolConfig): Pool;
  /** A connected client of the package `pg`, ended after the specs. */
  client(options?: ClientConfig): Promise<Client>;
  /** Runs one statement, or several that have no values, wherever the specs run. */
  query(text: string, values?: unknown[]): Promise<PostgresRows>;
  /** The name of a new table. Where the database is not ours, the table is dropped after the specs. */
  tableName(): string;
  /** Specs that need more than one connection are pending where there is no server. */
  needsServer(context: Mocha.Context): void;
}

/**
 * Gives the specs of a `describe` a PostgreSQL: one server for the whole process, or whatever `DATABASE_URL` points
 * to. Where no server can run it is PGlite.
 */
export function usePostgres(): PostgresFixture {
  const ending: (() => Promise<unknown>)[] = [];
  const tables: string[] = [];
  let running: Running | undefined;
  let shared: Pool | undefined;

  const there = () => {
    if (running) return running;
    throw new Error('PostgreSQL is there inside of a spec or hook, not before');
  };
  const onServer = () => {
    const { server } = there();
    if (server) return server;
    throw new Error('PGlite has one connection and no address: say needsServer(this) first');
  };
  const fixture: PostgresFixture = {
    isExternal: external !== undefined,
    get engine() {
      return there().engine;
    },
    get url() {
      return onServer().url;
    },
    get connection() {
      return onServer().connection;
    },
    pool(options = {}) {
      const pool = new Pool({ ...fixture.connection, ...options });
      // An idle connection was lost. A connection in use reports the loss itself.
      pool.on('error', () => {});
      ending.push(() => pool.end());
      return pool;
    },
    async client(options = {}) {
      const client = new Client({ ...fixture.connection, ...options });
      client.on('error', () => {});
      ending.push(() => client.end());
      await client.connect();
      return client;
    },
    async query(text, values) {
      const { pglite } = there();
      if (pglite && values) return pglite.query(text, values);
      if (pglite) return { rows: (await pglite.exec(text)).at(-1)?.rows ?? [] };
      shared ??= fixture.pool();
      return shared.query(text, values);
    },
    tableName() {
      const name = `retrysafe_${randomUUID().replaceAll('-', '_')}`;
      tables.push(name);
      return name;
    },
    needsServer(context) {
      if (there().engine === 'pglite') pending(context, `this needs a server: ${PostgresServer.obstacle}`);
    },
  };

  before(async function () {
    this.timeout(60_000);
    running = await started();
  });
  after(async function () {
    this.timeout(30_000);
    if (fixture.isExternal) {
      for (const name of tables) await fixture.query(`DROP TABLE IF EXISTS ${escapeIdentifier(name)}`);
    }
    await Promise.all(ending.map((end) => end()));
  });
  return fixture;
}

interface Running {
  readonly engine: PostgresFixture['engine'];
  readonly server?: { readonly url: string; readonly connection: ClientConfig };
  readonly pglite?: PGlite;
  stop?(): Promise<void>;
}

let running: Promise<Running> | undefined;

function started(): Promise<Running> {
  running ??= start();
  return running;
}

async function start(): Promise<Running> {
  if (external !== undefined) {
    return { engine: 'external', server: { url: external, connection: partsOf(external) } };
  }
  if (PostgresServer.obstacle === undefined) {
    const server = await PostgresServer.start();
    return { engine: 'server', server, stop: () => server.stop() };
  }
  const { PGlite } = await import('@electric-sql/pglite');
  const pglite = await PGlite.create();
  return { engine: 'pglite', pglite, stop: () => pglite.close() };
}

/** One by one, since a client takes none of them from elsewhere, such as a proxy, where it has them in one string. */
function partsOf(connectionString: string): ClientConfig {
  const { host, port, user, password, database, ssl } = new Client({ connectionString });
  return { host, port, user, password, database, ssl } as ClientConfig;
}

// In a file that no spec file is: the hook is for all of them.
after(async () => {
  const started = await running?.catch(() => undefined);
  await started?.stop?.();
});
