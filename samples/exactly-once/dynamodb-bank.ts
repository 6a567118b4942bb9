import { CreateTableCommand, DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { startDynoxide } from 'embedded-dynamodb';
import { DynamoDBStore, tableDefinition } from 'retrysafe/dynamodb';
import type { Bank } from './bank.js';
import { TransfersOnDynamoDB } from './transfers-on-dynamodb.js';

const records = 'idempotency';
const accounts = 'accounts';

/** Opens an embedded DynamoDB with two tables; nothing where it cannot run. */
export async function openDynamoDBBank(): Promise<Bank | undefined> {
  const engine = await startDynoxide();
  if (!engine) return undefined;
  const client = new DynamoDBClient(engine.connection);
  for (const tableName of [records, accounts]) {
    await client.send(new CreateTableCommand(tableDefinition({ tableName }).createTable));
  }
  for (const [id, cents] of [
    ['alice', '100000'],
    ['bob', '0'],
  ] as const) {
    const Item = { id: { S: id }, cents: { N: cents } };
    await client.send(new PutItemCommand({ TableName: accounts, Item }));
  }
  const store = new DynamoDBStore({ client, tableName: records });
  const balance = async (id: string) => {
    const Key = { id: { S: id } };
    const { Item } = await client.send(
      new GetItemCommand({ TableName: accounts, Key, ConsistentRead: true }),
    );
    return Number(Item?.cents?.N);
  };
  return {
    name: 'DynamoDB (dynoxide, embedded)',
    service: (incidents) => new TransfersOnDynamoDB(client, accounts, store, incidents),
    balances: async () => ({ alice: await balance('alice'), bob: await balance('bob') }),
    async close() {
      client.destroy();
      await engine.stop();
    },
  };
}
