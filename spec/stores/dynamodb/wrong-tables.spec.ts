import {
  type AttributeValue,
  CreateTableCommand,
  DeleteTableCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  ScanCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import { expect } from 'chai';
import { type IdempotentOptions, makeIdempotent, recordOf, StoreError } from 'retrysafe';
import {
  DynamoDBStore,
  type DynamoDBStoreOptions,
  type DynamoDBTableOptions,
  tableDefinition,
} from 'retrysafe/dynamodb';
import { useDynamoDB } from '../../support/dynamodb.js';
import { fault, useDynamoDBProxy } from '../../support/dynamodb-proxy.js';
import { rejection } from '../../support/rejection.js';

describe('a table that does not fit', () => {
  const dynamoDB = useDynamoDB();
  const ownTables: string[] = [];
  let runs: number;
  let operations = 0;

  beforeEach(() => {
    runs = 0;
  });

  after(async () => {
    if (ownTables.length === 0) return;
    const client = dynamoDB.client();
    for (const TableName of ownTables) await client.send(new DeleteTableCommand({ TableName }));
    client.destroy();
  });

  function charge(
    options: Omit<DynamoDBStoreOptions, 'client'>,
    client = dynamoDB.client(),
    more: IdempotentOptions = {},
  ) {
    operations += 1;
    return makeIdempotent(
      async (id: string) => {
        runs += 1;
        return `charged for ${id}`;
      },
      {
        name: `charge with wrong table ${operations}`,
        store: new DynamoDBStore({ client, ...options }),
        ...more,
      },
    );
  }

  /** Expects that a call, a look and a `forget` all end with an error that says what to do. */
  async function expectExplained(
    options: DynamoDBTableOptions,
    whatToDo: RegExp,
    client?: DynamoDBClient,
  ): Promise<void> {
    const operation = charge(options, client);
    const failures = [
      () => operation('4111-secret'),
      () => recordOf(operation, '4111-secret').inspect(),
      () => recordOf(operation, '4111-secret').forget(),
    ];
    for (const fail of failures) {
      const error = (await rejection(fail())) as StoreError;
      expect(error).to.be.instanceOf(StoreError);
      expect(error.message, 'the outer error').to.include(options.tableName).and.to.match(whatToDo);
      expect(error.message).to.not.include('secret');
      expect(error.cause).to.be.instanceOf(StoreError);
      expect(error.cause, 'its cause').to.have.property('message').that.includes(options.tableName);
      expect(error.cause).to.have.nested.property('cause.$metadata');
    }
    expect(runs).to.equal(0);
  }

  async function tableWithNumberKey(): Promise<string> {
    const { GlobalSecondaryIndexes: _, ...createTable } = tableDefinition({
      tableName: `${await dynamoDB.createTable()}-numbers`,
    }).createTable;
    const client = dynamoDB.client();
    const TableName = createTable.TableName as string;
    const AttributeDefinitions = [{ AttributeName: 'id', AttributeType: 'N' as const }];
    await client.send(new CreateTableCommand({ ...createTable, AttributeDefinitions }));
    await waitUntilTableExists({ client, maxWaitTime: 60, minDelay: 1 }, { TableName });
    ownTables.push(TableName);
    return TableName;
  }

  it('because it is missing: the error names it, and how to create it', async () => {
    await expectExplained({ tableName: 'retrysafe-spec-missing' }, /no table .*tableDefinition\(\).*region/);
  });

  it('because its partition key has another name', async () => {
    const tableName = await dynamoDB.createTable({ keyAttribute: 'pk' });
    await expectExplained({ tableName }, /correct "keyAttribute"/);
  });

  it('because its partition key is a number', async () => {
    const tableName = await tableWithNumberKey();
    await expectExplained({ tableName }, /"keyAttribute" \(a string/);
  });

  it('because it has a sort key that the options do not name', async () => {
    const tableName = await dynamoDB.createTable({ sortKeyAttribute: 'sk' });
    await expectExplained({ tableName }, /"sortKeyAttribute" \(a string/);
  });

  it('because it has none of the sort key that the options name: two keys never share an outcome', async () => {
    const tableName = await dynamoDB.createTable();
    const operation = charge({ tableName, sortKeyAttribute: 'sk', partitionKey: 'idempotency' });
    const answers: unknown[] = [];
    for (const id of ['a', 'b']) answers.push(await operation(id).catch((error: unknown) => error));
    const [first, second] = answers;
    if (!(first instanceof StoreError)) expect(first).to.equal('charged for a');
    expect(second).to.be.instanceOf(StoreError);
    expect(second).to.have.property('message').that.includes(tableName).and.includes('"sortKeyAttribute"');
    const looks = [() => recordOf(operation, 'a').inspect(), () => recordOf(operation, 'a').forget()];
    for (const look of looks) {
      expect(await rejection(look()))
        .to.have.property('message')
        .that.includes(tableName)
        .and.includes('"sortKeyAttribute"');
    }
  });

  it('because its sort key has another name', async () => {
    const tableName = await dynamoDB.createTable({ sortKeyAttribute: 'sk' });
    await expectExplained({ tableName, sortKeyAttribute: 'sort' }, /"sortKeyAttribute"/);
  });

  describe('because the client may not use it', () => {
    const proxy = useDynamoDBProxy(dynamoDB);

    it('names the permissions that are missing', async () => {
      const tableName = await dynamoDB.createTable();
      for (const kind of ['claim', 'find'] as const) proxy.always(kind, fault('AccessDeniedException'));
      await expectExplained({ tableName }, /allow dynamodb:GetItem and dynamodb:PutItem/, proxy.client());
    });
  });

  describe("because another program's item is under the key", () => {
    const foreign: Record<string, Record<string, { S: string } | { N: string }>> = {
      'of AWS Powertools': {
        expiration: { N: '4102444800' },
        status: { S: 'COMPLETED' },
        data: { S: '{"hold":"of somebody else"}' },
      },
      'of AWS Powertools, long expired': { expiration: { N: '1' }, status: { S: 'COMPLETED' } },
      'without anything else': {},
      'with a number for a token': { token: { N: '7' }, expiresAt: { N: '4102444800000' } },
      'with an expiresAt of its own, in seconds': { expiresAt: { N: '1700000000' } },
      'with a token and nothing else': { token: { S: 'csrf' } },
      'with a token that has expired': { token: { S: 'csrf' }, expiresAt: { N: '1' } },
      'with a token and a state that have expired': {
        token: { S: 'csrf' },
        expiresAt: { N: '1' },
        state: { S: 'xyz' },
      },
      "with a token like ours that has expired, but without a record's state": {
        token: { S: 'own.1' },
        expiresAt: { N: '1' },
      },
    };

    for (const [what, attributes] of Object.entries(foreign)) {
      it(`${what}: a StoreError says so, nothing runs without a claim either, and the item stays as it is`, async () => {
        const tableName = await dynamoDB.createTable();
        const client = dynamoDB.client();
        // The store was reached: this is no reason to run all the same.
        const operation = charge({ tableName }, client, { onStoreFailure: 'run' });
        await operation('4111-secret');
        const { Items = [] } = await client.send(new ScanCommand({ TableName: tableName }));
        const id = Items[0]?.id as AttributeValue;
        await client.send(new PutItemCommand({ TableName: tableName, Item: { id, ...attributes } }));
        runs = 0;
        for (const fail of [
          () => operation('4111-secret'),
          () => recordOf(operation, '4111-secret').inspect(),
        ]) {
          const error = (await rejection(fail())) as StoreError;
          expect(error).to.be.instanceOf(StoreError);
          expect(error.message)
            .to.include(tableName)
            .and.to.match(/no record of retrysafe; use a table/);
          expect(error.message).to.not.match(/of somebody else|secret/);
        }
        expect(runs).to.equal(0);
        const { Item } = await client.send(new GetItemCommand({ TableName: tableName, Key: { id } }));
        expect(Item).to.deep.equal({ id, ...attributes });
      });
    }
  });
});
