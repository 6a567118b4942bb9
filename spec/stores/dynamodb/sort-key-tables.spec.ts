import 'retrysafe/listing';
import { type DynamoDBClient, PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { expect } from 'chai';
import { ConfigurationError } from 'retrysafe';
import { DynamoDBStore, type DynamoDBStoreOptions } from 'retrysafe/dynamodb';
import { storeContract } from 'retrysafe/testing';
import { deployable, type Work } from '../../support/deployment.js';
import { useDynamoDB } from '../../support/dynamodb.js';
import { rejection } from '../../support/rejection.js';

const names = { keyAttribute: 'pk', sortKeyAttribute: 'sk' } as const;
const never: Work = () => expect.fail('the method ran');
const byEnd = (key: string) => `idempotency-${key.slice(-1)}`;

describe('a table with a sort key', () => {
  const dynamoDB = useDynamoDB();
  let client: DynamoDBClient;

  before(() => {
    client = dynamoDB.client();
  });

  /** A table of its own, a process's store over it, and what is in it. */
  async function storage(options: Pick<DynamoDBStoreOptions, 'partitionKey'> = {}) {
    const tableName = await dynamoDB.createTable(names);
    const scan = new ScanCommand({ TableName: tableName, ConsistentRead: true });
    return {
      tableName,
      peer: () => new DynamoDBStore({ client, tableName, ...names, ...options }),
      items: async () => (await client.send(scan)).Items ?? [],
    };
  }

  for (const [what, options, partitionOf] of [
    ['in a partition for each key, by default', {}, (key: string) => key],
    ['in one partition', { partitionKey: 'idempotency' }, () => 'idempotency'],
    ['in partitions that a function names', { partitionKey: byEnd }, byEnd],
  ] as const) {
    describe(what, () => {
      it('has the idempotency key for its sort key', async () => {
        const { peer, items } = await storage(options);
        const operation = deployable({ name: `held ${what}` });
        for (const id of ['a', 'b', 'c']) await operation(peer(), async () => `done ${id}`)(id);
        const all = await items();
        expect(new Set(all.map(({ sk }) => sk?.S))).to.have.property('size', 3);
        for (const { pk, sk } of all) {
          expect(sk?.S).to.match(/^held .*#[0-9a-f]{64}$/);
          expect(pk?.S).to.equal(partitionOf(sk?.S ?? ''));
        }
        for (const id of ['a', 'b', 'c']) expect(await operation(peer(), never)(id)).to.equal(`done ${id}`);
      });

      let store: DynamoDBStore;
      before(async () => {
        store = (await storage(options)).peer();
      });
      storeContract(() => store, { supports: { records: true } });
    });
  }

  it('is shared with items of the application, even in one partition', async () => {
    const { tableName, peer, items } = await storage({ partitionKey: 'customer-1' });
    const order = { pk: { S: 'customer-1' }, sk: { S: 'order-1' }, total: { N: '250' } };
    await client.send(new PutItemCommand({ TableName: tableName, Item: order }));
    const operation = deployable();
    await operation(peer(), async () => 'done')('a');
    expect(await operation(peer(), never)('a')).to.equal('done');
    expect(await items())
      .to.deep.include(order)
      .and.have.length(2);
  });

  for (const [what, answer] of [
    ['nothing', undefined],
    ['an empty text', ''],
    ['a number', 5],
    ['a promise', Promise.resolve('a')],
  ] as const) {
    it(`takes no call whose \`partitionKey\` returns ${what}, and says why`, async () => {
      const { peer, items } = await storage({ partitionKey: (() => answer) as never });
      const operation = deployable({ onStoreFailure: 'run' });
      const error = (await rejection(operation(peer(), never)('a'))) as Error;
      const said = error instanceof ConfigurationError ? error : error.cause;
      expect(said).to.be.instanceOf(ConfigurationError);
      expect((said as Error).message).to.match(
        /^DynamoDBStore: option "partitionKey" returned .* for .*; expected a synchronous function \(key\) => string$/,
      );
      expect(await items()).to.deep.equal([]);
    });
  }

  it('takes no call whose `partitionKey` throws, or is asynchronous and fails, and leaves no rejection unhandled', async () => {
    const fail = () => {
      throw new Error('which partition?');
    };
    for (const partitionKey of [fail, () => Promise.resolve().then(fail)]) {
      const { peer } = await storage({ partitionKey: partitionKey as never });
      const error = (await rejection(deployable()(peer(), never)('a'))) as Error;
      expect(error.cause).to.be.instanceOf(ConfigurationError);
      expect(error.message)
        .to.match(/option "partitionKey" (threw|returned a promise) for /)
        .and.not.include('which partition');
    }
    const failing = await storage({ partitionKey: fail });
    const thrown = (await rejection(failing.peer().find('a'))) as Error;
    expect(thrown.cause).to.have.property('message', 'which partition?');
  });
});
