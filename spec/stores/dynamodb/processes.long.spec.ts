import { useDynamoDB } from '../../support/dynamodb.js';
import { sameKeys } from '../../support/same-keys.js';

// Its processes use no decorators, so it is run in one mode only.
describe('eight processes with the same 200 keys on one table of DynamoDB', function () {
  this.timeout(180_000);
  const dynamoDB = useDynamoDB();

  sameKeys(async () => ({
    kind: 'dynamodb',
    connection: dynamoDB.connection,
    tableName: await dynamoDB.createTable(),
  }));
});
