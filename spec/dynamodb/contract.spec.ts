import { DynamoDBStore } from 'retrysafe/dynamodb';
import { storeContract } from 'retrysafe/testing';
import { useDynamoDB } from '../support/dynamodb.js';

for (const engine of ['dynoxide', 'dynalite'] as const) {
  describe(`DynamoDBStore on ${engine} (8)`, () => {
    const dynamoDB = useDynamoDB(engine);
    let store: DynamoDBStore;

    before(async () => {
      store = new DynamoDBStore({ client: dynamoDB.client(), tableName: await dynamoDB.createTable() });
    });

    storeContract(() => store);
  });
}
