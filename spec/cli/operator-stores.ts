import type { PersistenceStore } from 'retrysafe';
import { DynamoDBStore } from 'retrysafe/dynamodb';
import { PostgresStore } from 'retrysafe/postgres';
import { RedisStore } from 'retrysafe/redis';
import { SqliteStore } from 'retrysafe/sqlite';
import { createTable } from '../stores/postgres/tables.js';
import { useDynamoDB } from '../support/dynamodb.js';
import { usePostgres } from '../support/postgres.js';
import { useRedis } from '../support/redis.js';
import { useSqlite } from '../support/sqlite.js';
import { obstacleTo } from '../support/sqlite-drivers.js';

/** A store that a service has, and how an operator names it on the command line. */
export interface NamedStore {
  readonly store: PersistenceStore;
  readonly address: string;
  readonly env: Readonly<Record<string, string>>;
}

/** For each kind of store, what gives the specs of a `describe` one of its own. */
export const operatorStores: Readonly<Record<string, () => () => Promise<NamedStore>>> = {
  PostgreSQL() {
    const postgres = usePostgres();
    before(function () {
      postgres.needsServer(this);
    });
    return async () => {
      const table = await createTable(postgres);
      const url = new URL(postgres.url);
      url.searchParams.set('table', table);
      return { store: new PostgresStore({ client: postgres.pool(), table }), address: url.href, env: {} };
    };
  },

  Redis() {
    const redis = useRedis();
    return async () => {
      const prefix = redis.prefix();
      const url = `${redis.url}?prefix=${encodeURIComponent(prefix)}`;
      return { store: new RedisStore({ client: await redis.ioredis(), prefix }), address: url, env: {} };
    };
  },

  DynamoDB() {
    const dynamodb = useDynamoDB();
    return async () => {
      const tableName = await dynamodb.createTable();
      const address = `dynamodb:${tableName}?region=eu-west-1&endpoint=${encodeURIComponent(dynamodb.endpoint)}`;
      const env = { AWS_ACCESS_KEY_ID: 'embedded', AWS_SECRET_ACCESS_KEY: 'embedded' };
      return { store: new DynamoDBStore({ client: dynamodb.client(), tableName }), address, env };
    };
  },

  SQLite() {
    const sqlite = useSqlite(obstacleTo('node:sqlite') === undefined ? 'node:sqlite' : 'better-sqlite3');
    return async () => {
      const path = sqlite.createFile();
      return { store: new SqliteStore({ database: sqlite.open(path) }), address: `sqlite:${path}`, env: {} };
    };
  },
};
