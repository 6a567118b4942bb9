import { randomUUID } from 'node:crypto';
import {
  CreateTableCommand,
  DeleteTableCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  ScanCommand,
  UpdateItemCommand,
  UpdateTimeToLiveCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import { expect } from 'chai';
import { recordOf } from 'retrysafe';
import { DynamoDBStore } from 'retrysafe/dynamodb';
import { deployable, type Work } from '../../support/deployment.js';
import { useDynamoDB } from '../../support/dynamodb.js';
import { rejection } from '../../support/rejection.js';

const never: Work = () => expect.fail('the method ran');

/** A table as the documentation of AWS Powertools for Lambda (TypeScript) says to create it. */
const tableOf = (TableName: string) => ({
  TableName,
  AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' as const }],
  KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' as const }],
  BillingMode: 'PAY_PER_REQUEST' as const,
});

/** Its key: the name of the function, and the digest of what was selected of the event. */
const id = { S: 'pre-fund#FzLoSeqGOZN4CMCCLGsAoQ==' };

// The three writes of its DynamoDB persistence layer, version 2.
const claimOf = (TableName: string, now: number) =>
  new PutItemCommand({
    TableName,
    Item: {
      id,
      expiration: { N: String(Math.floor(now / 1_000) + 3_600) },
      in_progress_expiration: { N: String(now + 30_000) },
      status: { S: 'INPROGRESS' },
    },
    ConditionExpression:
      'attribute_not_exists(#id) OR #expiry < :now OR (#status = :inprogress AND attribute_exists(#in_progress_expiry) AND #in_progress_expiry < :now_in_millis)',
    ExpressionAttributeNames: {
      '#id': 'id',
      '#expiry': 'expiration',
      '#in_progress_expiry': 'in_progress_expiration',
      '#status': 'status',
    },
    ExpressionAttributeValues: {
      ':now': { N: String(now / 1_000) },
      ':now_in_millis': { N: String(now) },
      ':inprogress': { S: 'INPROGRESS' },
    },
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  });
const completionOf = (TableName: string, now: number) =>
  new UpdateItemCommand({
    TableName,
    Key: { id },
    UpdateExpression: 'SET #expiry = :expiry, #status = :status, #response_data = :response_data',
    ExpressionAttributeNames: { '#expiry': 'expiration', '#status': 'status', '#response_data': 'data' },
    ExpressionAttributeValues: {
      ':expiry': { N: String(Math.floor(now / 1_000) + 3_600) },
      ':status': { S: 'COMPLETED' },
      ':response_data': { M: { holdId: { S: 'H-1' }, amount: { N: '250' } } },
    },
  });

describe('a table made for AWS Powertools', () => {
  const dynamoDB = useDynamoDB();
  const tableName = `powertools-${randomUUID()}`;
  let client: DynamoDBClient;

  before(async () => {
    client = dynamoDB.client();
    await client.send(new CreateTableCommand(tableOf(tableName)));
    await waitUntilTableExists({ client, maxWaitTime: 60, minDelay: 1 }, { TableName: tableName });
    const TimeToLiveSpecification = { AttributeName: 'expiration', Enabled: true };
    await client.send(new UpdateTimeToLiveCommand({ TableName: tableName, TimeToLiveSpecification }));
  });

  after(async () => {
    if (dynamoDB.engine === 'external') await client.send(new DeleteTableCommand({ TableName: tableName }));
  });

  const theirs = async () =>
    (await client.send(new GetItemCommand({ TableName: tableName, Key: { id } }))).Item;
  const all = async () => (await client.send(new ScanCommand({ TableName: tableName }))).Items ?? [];
  const peer = () => new DynamoDBStore({ client: dynamoDB.client(), tableName });

  it('is shared: both work side by side, and neither touches an item of the other', async () => {
    const now = Date.now();
    const operation = deployable({ name: 'pre-fund' });
    await client.send(claimOf(tableName, now));
    const claimed = await theirs();

    await operation(peer(), async () => 'done')('a');
    expect(await operation(peer(), never)('a')).to.equal('done');
    expect(await theirs(), 'their item in progress').to.deep.equal(claimed);

    await client.send(completionOf(tableName, now));
    const completed = await theirs();
    const [ours, ...more] = (await all()).filter((item) => item.id?.S !== id.S);
    expect(more).to.deep.equal([]);
    expect(await operation(peer(), never)('a'), 'a replay').to.equal('done');
    const duplicate = await rejection(client.send(claimOf(tableName, now)));
    expect(duplicate, 'what their duplicate is shown').to.have.deep.property('Item', completed);
    expect((await all()).filter((item) => item.id?.S !== id.S)).to.deep.equal([ours]);

    const again = operation(peer(), async () => 'done once more');
    await recordOf(again, 'a').forget();
    expect(await recordOf(again, 'a').inspect()).to.include({ status: 'released' });
    expect(await again('a')).to.equal('done once more');
    expect(await theirs(), 'their item, completed').to.deep.equal(completed);
  });
});
