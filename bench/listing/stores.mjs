// The stores that are listed: how each is started, filled with so many records, and opened by the process that lists.
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  BatchWriteItemCommand,
  CreateTableCommand,
  DynamoDBClient,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import { startDynoxide } from 'embedded-dynamodb';
import { Redis } from 'ioredis';
import pg from 'pg';
import { PostgresServer } from '../../.build/spec-standard/support/postgres-server.js';
import { RedisServer } from '../../.build/spec-standard/support/redis-server.js';
import {
  obstacleTo,
  openDatabase,
  sqliteDrivers,
} from '../../.build/spec-standard/support/sqlite-drivers.js';
import { InMemoryStore } from '../../dist/esm/index.js';
import { DynamoDBStore, tableDefinition } from '../../dist/esm/stores/dynamodb/index.js';
import { PostgresStore, schema as postgresSchema } from '../../dist/esm/stores/postgres/index.js';
import { RedisStore } from '../../dist/esm/stores/redis/index.js';
import { SqliteStore, schema as sqliteSchema } from '../../dist/esm/stores/sqlite/index.js';
import { abandoned, completed, expiresAt, keyOf, operation, rare, stateOf, unknown } from './states.mjs';

/** The embedded engine takes some thousand items a second, so a table of it has no more than this. */
const MOST_ITEMS = 100_000;

const driver = sqliteDrivers.find((one) => obstacleTo(one) === undefined);
const digest = (index) => createHash('md5').update(String(index)).digest('hex');
const every = (records) => Math.floor(records / rare);

export const stores = {
  memory: {
    name: 'In memory',
    obstacle: () => undefined,
    start: async () => ({ place: {}, stop: async () => {} }),
    fill: async () => {},
    // Its records are where they are listed.
    open: async (_place, records) => {
      const store = new InMemoryStore();
      for (let index = 0; index < records; index += 1) {
        const state = JSON.parse(stateOf(index, records));
        await store.claim({ key: keyOf(digest(index)), token: 'a.1', expiresAt, state }, 0);
      }
      return { store, close: async () => {} };
    },
  },
  sqlite: {
    name: 'SQLite',
    obstacle: () => (driver ? undefined : 'no driver of SQLite runs here'),
    start: async () => {
      const folder = mkdtempSync(join(tmpdir(), 'retrysafe-listing-'));
      const stop = async () => rmSync(folder, { recursive: true });
      return { place: { file: join(folder, 'records.db') }, stop };
    },
    fill: async ({ file }, records) => {
      const database = openDatabase(driver, file);
      database.exec(sqliteSchema());
      const insert = database.prepare(
        'INSERT INTO idempotency (key, token, expires_at, state) VALUES (?, ?, ?, ?)',
      );
      database.exec('BEGIN');
      for (let index = 0; index < records; index += 1)
        insert.run(keyOf(digest(index)), 'a.1', expiresAt, stateOf(index, records));
      database.exec('COMMIT');
      database.close();
    },
    open: async ({ file }) => {
      const database = openDatabase(driver, file);
      return { store: new SqliteStore({ database }), close: async () => database.close() };
    },
  },
  postgres: {
    name: 'PostgreSQL',
    obstacle: () => PostgresServer.obstacle,
    start: async () => {
      const server = await PostgresServer.start();
      return { place: server.connection, stop: () => server.stop() };
    },
    fill: async (connection, records) => {
      const client = new pg.Client(connection);
      await client.connect();
      await client.query(postgresSchema());
      await client.query(
        `INSERT INTO idempotency (key, token, expires_at, state)
         SELECT $1::text || '#' || md5(n::text) || md5(n::text), 'a.1', $2::bigint,
         CASE n % $3::int WHEN 1 THEN $4::text WHEN 2 THEN $5::text ELSE $6::text END FROM generate_series(0, $7::int - 1) AS n`,
        [operation, expiresAt, every(records), unknown, abandoned, completed, records],
      );
      await client.query('VACUUM ANALYZE idempotency');
      await client.end();
    },
    open: async (connection) => {
      const client = new pg.Pool({ ...connection, max: 1 });
      return { store: new PostgresStore({ client }), close: () => client.end() };
    },
  },
  redis: {
    name: 'Redis',
    obstacle: () => (RedisServer.isInstalled ? undefined : 'there is no redis-server on this machine'),
    start: async () => {
      const server = await RedisServer.start();
      return { place: { host: server.host, port: server.port }, stop: () => server.stop() };
    },
    fill: async (address, records) => {
      const client = new Redis(address);
      const script = `for n = ARGV[1], ARGV[2] - 1 do
        local hex = redis.sha1hex(n)
        local state = n % ARGV[3] == 1 and ARGV[4] or n % ARGV[3] == 2 and ARGV[5] or ARGV[6]
        redis.call('HSET', 'retrysafe:' .. ARGV[7] .. '#' .. hex .. string.sub(hex, 1, 24), 'token', 'a.1', 'expiresAt', ARGV[8], 'state', state)
      end`;
      const states = [unknown, abandoned, completed];
      for (let from = 0; from < records; from += 10_000) {
        const to = Math.min(from + 10_000, records);
        await client.eval(script, 0, from, to, every(records), ...states, operation, expiresAt);
      }
      await client.quit();
    },
    open: async (address) => {
      const client = new Redis(address);
      return { store: new RedisStore({ client }), close: () => client.quit() };
    },
  },
  dynamodb: {
    name: 'DynamoDB, embedded',
    most: MOST_ITEMS,
    obstacle: () => undefined,
    start: async () => {
      const engine = await startDynoxide();
      if (!engine) throw new Error('the embedded engine of DynamoDB does not start here');
      return { place: engine.connection, stop: () => engine.stop() };
    },
    fill: async (connection, records) => {
      const client = new DynamoDBClient(connection);
      const { createTable } = tableDefinition({ tableName: 'idempotency' });
      await client.send(new CreateTableCommand(createTable));
      await waitUntilTableExists({ client, maxWaitTime: 60, minDelay: 1 }, { TableName: 'idempotency' });
      const putOf = (index) => {
        const key = keyOf(digest(index));
        const state = stateOf(index, records);
        const Item = {
          id: { S: key },
          token: { S: 'a.1' },
          expiresAt: { N: String(expiresAt) },
          state: { S: state },
          ...(state === unknown && { unresolved: { S: `unknown.${key.charCodeAt(key.length - 1) % 10}` } }),
        };
        return { PutRequest: { Item } };
      };
      for (let from = 0; from < records; from += 250) {
        const batches = Array.from({ length: 10 }, (_, lane) => from + lane * 25).filter(
          (at) => at < records,
        );
        await Promise.all(
          batches.map((at) => {
            const idempotency = Array.from({ length: Math.min(25, records - at) }, (_, more) =>
              putOf(at + more),
            );
            return client.send(new BatchWriteItemCommand({ RequestItems: { idempotency } }));
          }),
        );
      }
      client.destroy();
    },
    open: async (connection) => {
      const client = new DynamoDBClient(connection);
      return {
        store: new DynamoDBStore({ client, tableName: 'idempotency' }),
        close: async () => client.destroy(),
      };
    },
  },
};

/** What runs it, for the circumstances. */
export const versions = {
  driver,
  better:
    driver === 'better-sqlite3'
      ? createRequire(import.meta.url)('better-sqlite3/package.json').version
      : undefined,
};
