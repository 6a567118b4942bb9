import type { DynamoDBClient, DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import type { Pool } from 'pg';
import type { DynamoDBStore } from 'retrysafe/dynamodb';
import type { PostgresStore } from 'retrysafe/postgres';
import type { RedisStore } from 'retrysafe/redis';
import type { SqliteStore } from 'retrysafe/sqlite';
import { type OpenDatabase, openDatabase, type SqliteDriver } from './sqlite-drivers.js';

/** Where records are, in words that another process can be sent. What is there has its table already. */
export type StoreDescription =
  | { readonly kind: 'dynamodb'; readonly connection: DynamoDBClientConfig; readonly tableName: string }
  | ({
      readonly kind: 'redis';
      readonly url: string;
      readonly prefix: string;
      /** How often the client itself repeats a command, where not as often as it does by default. */
      readonly retries?: number;
    } & Notices)
  | ({ readonly kind: 'postgres'; readonly url: string; readonly table: string } & Notices)
  | { readonly kind: 'sqlite'; readonly driver: SqliteDriver; readonly file: string };

interface Notices {
  /** Whether the store gives notices, on a second connection. */
  readonly notices?: boolean;
}

/** A store with a client of its own, which the application's transactions use as well where there are any. */
export type OpenStore = { close(): unknown } & (
  | { readonly kind: 'dynamodb'; readonly store: DynamoDBStore; readonly client: DynamoDBClient }
  | { readonly kind: 'redis'; readonly store: RedisStore }
  | { readonly kind: 'postgres'; readonly store: PostgresStore; readonly client: Pool }
  | { readonly kind: 'sqlite'; readonly store: SqliteStore; readonly client: OpenDatabase }
);

/** Opens a store in this process. Its client is loaded here and not before: there are processes that need one only. */
export async function openStore(description: StoreDescription): Promise<OpenStore> {
  const { kind } = description;
  switch (kind) {
    case 'dynamodb': {
      const { DynamoDBClient } = await import('@aws-sdk/client-dynamodb');
      const { DynamoDBStore } = await import('retrysafe/dynamodb');
      const { connection, tableName } = description;
      const client = new DynamoDBClient(connection);
      const store = new DynamoDBStore({ client, tableName });
      return { kind, store, client, close: () => client.destroy() };
    }
    case 'redis': {
      const { Redis } = await import('ioredis');
      const { RedisStore } = await import('retrysafe/redis');
      const { url, prefix, notices, retries } = description;
      const client = new Redis(url, retries === undefined ? {} : { maxRetriesPerRequest: retries });
      const subscriber = notices ? new Redis(url) : undefined;
      // Each command tells of it.
      for (const connection of [client, subscriber]) connection?.on('error', () => {});
      return {
        kind,
        store: new RedisStore({ client, prefix, ...(subscriber && { subscriber }) }),
        close: () => {
          for (const connection of [client, subscriber]) connection?.disconnect();
        },
      };
    }
    case 'postgres': {
      const { Client, Pool } = await import('pg');
      const { PostgresStore } = await import('retrysafe/postgres');
      const { url, table, notices } = description;
      // Eight processes are to fit into one server's 100 connections.
      const client = new Pool({ connectionString: url, max: 8, connectionTimeoutMillis: 3_000 });
      const listener = notices ? new Client({ connectionString: url }) : undefined;
      client.on('error', () => {});
      listener?.on('error', () => {});
      await listener?.connect();
      return {
        kind,
        store: new PostgresStore({ client, table, ...(listener && { listener }) }),
        client,
        close: () => Promise.all([client.end(), listener?.end()]),
      };
    }
    case 'sqlite': {
      const { SqliteStore } = await import('retrysafe/sqlite');
      const { driver, file } = description;
      const database = openDatabase(driver, file);
      return {
        kind,
        store: new SqliteStore({ database }),
        client: database,
        close: () => database.close(),
      };
    }
  }
}
