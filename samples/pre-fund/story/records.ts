import {
  CreateTableCommand,
  DynamoDBClient,
  type DynamoDBClientConfig,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import { startDynoxide } from 'embedded-dynamodb';
import { InMemoryStore, type PersistenceStore } from 'retrysafe';
import { DynamoDBStore, tableDefinition } from 'retrysafe/dynamodb';
import { DynamoDBRefunds, type Refunds } from '../app/refunds.js';
import { InMemoryRefunds } from './in-memory-refunds.js';

/** The names of the story's tables. */
export const tables = { idempotency: 'idempotency', refunds: 'refunds' } as const;

/** Where the story keeps its records. */
export interface Records {
  readonly where: string;
  readonly store: PersistenceStore;
  readonly refunds: Refunds;
  /** How to reach the tables from another process; nothing where there are none. */
  readonly connection?: DynamoDBClientConfig;
  readonly client?: DynamoDBClient;
  stop(): Promise<void>;
}

/** Starts a DynamoDB engine on this machine and creates the tables; in memory where no engine can run. */
export async function openRecords(isInMemory: boolean): Promise<Records> {
  const engine = isInMemory ? undefined : await startDynoxide();
  if (!engine) {
    const store = new InMemoryStore();
    const where = isInMemory ? 'in memory, as it was asked' : 'in memory: no DynamoDB engine can run here';
    return { where, store, refunds: new InMemoryRefunds(store), async stop() {} };
  }
  const { connection } = engine;
  const client = new DynamoDBClient(connection);
  const stop = async () => {
    client.destroy();
    await engine.stop();
  };
  try {
    await createTables(client);
  } catch (error) {
    await stop();
    throw error;
  }
  const where = `in a DynamoDB table of ${engine.name}, at ${engine.endpoint}`;
  return { where, ...inTables(client), connection, client, stop };
}

/** What the service needs of the tables, in whichever process it is. */
export function inTables(client: DynamoDBClient): {
  readonly store: DynamoDBStore;
  readonly refunds: Refunds;
} {
  const store = new DynamoDBStore({ client, tableName: tables.idempotency });
  return { store, refunds: new DynamoDBRefunds({ client, tableName: tables.refunds, store }) };
}

async function createTables(client: DynamoDBClient): Promise<void> {
  const idempotency = tableDefinition({ tableName: tables.idempotency });
  await client.send(new CreateTableCommand(idempotency.createTable));
  await client.send(new UpdateTimeToLiveCommand(idempotency.updateTimeToLive));
  await client.send(new CreateTableCommand(tableDefinition({ tableName: tables.refunds }).createTable));
}
