import { GetItemCommand, TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb';
import { DynamoDBStore } from 'retrysafe/dynamodb';
import { useDynamoDB } from '../../support/dynamodb.js';
import type { Processes } from './processes.js';

export function onDynoxide(): Processes {
  const dynamoDB = useDynamoDB('dynoxide');
  let records: string;
  let business: string;

  before(async () => {
    records = await dynamoDB.createTable();
    business = await dynamoDB.createTable();
  });

  return {
    async start() {
      const client = dynamoDB.client();
      const store = new DynamoDBStore({ client, tableName: records });
      return {
        store,
        async commit(id, completion) {
          const Update = {
            TableName: business,
            Key: { id: { S: id } },
            UpdateExpression: 'ADD done :one',
            ExpressionAttributeValues: { ':one': { N: '1' } },
          };
          const TransactItems = [{ Update }, store.transactItem(completion)];
          await client.send(new TransactWriteItemsCommand({ TransactItems }));
        },
      };
    },
    async countOf(id) {
      const { Item } = await dynamoDB
        .client()
        .send(new GetItemCommand({ TableName: business, Key: { id: { S: id } }, ConsistentRead: true }));
      return Number(Item?.done?.N ?? 0);
    },
  };
}

/** Dynalite does no transactions. */
export function onDynalite(): Processes {
  const dynamoDB = useDynamoDB('dynalite');
  let tableName: string;

  before(async () => {
    tableName = await dynamoDB.createTable();
  });

  return { start: async () => ({ store: new DynamoDBStore({ client: dynamoDB.client(), tableName }) }) };
}
