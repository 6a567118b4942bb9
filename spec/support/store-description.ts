import type { DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import type { PersistenceStore } from 'retrysafe';
import { openDatabase, type SqliteDriver } from './sqlite-drivers.js';

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

/** A store with a client of its own. */
export interface OpenStore {
  readonly store: PersistenceStore;
  close(): unknown;
}

/** Opens a store in this process. Its client is loaded here and not before: there are processes that need one only. */
export async function openStore(description: StoreDescription): Promise<OpenStore> {
  switch (description.kind) {
    case 'dynamodb': {
      const { DynamoDBClient } = await import('@aws-sdk/client-dynamodb');
      const { DynamoDBStore } = await import('retrysafe/dynamodb');
      const { connection, tableName } = description;
      const client = new DynamoDBClient(connection);
      return { store: new DynamoDBStore({ client, tableName }), close: () => client.destroy() };
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
        store: new PostgresStore({ client, table, ...(listener && { listener }) }),
        close: () => Promise.all([client.end(), listener?.end()]),
      };
    }
    case 'sqlite': {
      const { SqliteStore } = await import('retrysafe/sqlite');
      const { driver, file } = description;
      const database = openDatabase(driver, file);
      return { store: new SqliteStore({ database }), close: () => database.close() };
    }
  }
}
