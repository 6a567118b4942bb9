import { type DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { expect } from 'chai';
import { recordOf } from 'retrysafe';
import { DynamoDBStore, type DynamoDBTableOptions } from 'retrysafe/dynamodb';
import { defer } from '../../support/defer.js';
import { deployable, type Work } from '../../support/deployment.js';
import { useDynamoDB } from '../../support/dynamodb.js';

const never: Work = () => expect.fail('the method ran');

describe('what a table holds', () => {
  const dynamoDB = useDynamoDB();
  let client: DynamoDBClient;

  before(() => {
    client = dynamoDB.client();
  });

  /** A table of its own, a process's store over it, and what is in it. */
  async function storage(options: Partial<DynamoDBTableOptions> = {}) {
    const tableName = await dynamoDB.createTable(options);
    const scan = new ScanCommand({ TableName: tableName, ConsistentRead: true });
    return {
      peer: () => new DynamoDBStore({ client, ...options, tableName }),
      items: async () => (await client.send(scan)).Items ?? [],
    };
  }

  it('is one item for each key: key, token, expiresAt, state and expiration', async () => {
    const { peer, items } = await storage();
    const placeHold = deployable({ name: 'PreFund.placeHold', ttl: '5m' })(peer(), async () => ({ hold: 1 }));
    const before = Date.now();
    await placeHold('t-1');
    const { key, expiresAt } = (await recordOf(placeHold, 't-1').inspect()) ?? expect.fail();
    expect(expiresAt).to.be.within(before + 300_000, Date.now() + 300_000);
    const [item, ...more] = await items();
    expect(more).to.deep.equal([]);
    expect(item).to.have.all.keys('id', 'token', 'expiresAt', 'state', 'expiration');
    expect(item?.id).to.deep.equal({ S: key });
    expect(key).to.match(/^PreFund\.placeHold#[0-9a-f]{64}$/);
    expect(item?.token?.S).to.match(/^\S+\.\d+$/);
    expect(item?.expiresAt).to.deep.equal({ N: String(expiresAt) });
  });

  it('is a state that can be read in the console', async () => {
    const { peer, items } = await storage();
    await deployable()(peer(), async () => ({ hold: 'H-1', amount: 250, note: 'für später' }))('t-1');
    const [item] = await items();
    expect(item?.state?.S).to.contain('"json":{"hold":"H-1","amount":250,"note":"für später"}');
    expect(JSON.parse(item?.state?.S ?? '')).to.include({ status: 'completed', attempt: 1 });
  });

  it('is left to DynamoDB to remove 15 minutes after it expired at the earliest, in whole seconds', async () => {
    const { peer, items } = await storage();
    const store = peer();
    const work = defer<string>();
    const started = defer();
    const running = deployable()(store, () => {
      started.resolve();
      return work.promise;
    })('running');
    await started.promise;
    await deployable({ ttl: '5m' })(store, async () => 'done')('completed');
    await deployable({ ttl: '1.7ms' })(store, async () => 'done')('expired at once');
    await deployable()(store, async () => expect.fail('it fails'))('released').catch(() => {});
    const all = await items();
    const statuses = all.map(({ state }) => JSON.parse(state?.S ?? '').status);
    expect(statuses).to.have.members(['in-progress', 'completed', 'completed', 'released']);
    for (const { expiration, expiresAt } of all) {
      expect(expiration?.N).to.match(/^\d+$/);
      const grace = Number(expiration?.N) * 1_000 - Number(expiresAt?.N);
      expect(grace).to.be.within(900_000, 901_000);
    }
    work.resolve('done');
    await running;
  });

  it('bears the names that the options give', async () => {
    const { peer, items } = await storage({ keyAttribute: 'pk', ttlAttribute: 'expiresOn' });
    const operation = deployable();
    await operation(peer(), async () => 'done')('a');
    const [item] = await items();
    expect(item).to.have.all.keys('pk', 'token', 'expiresAt', 'state', 'expiresOn');
    expect(await operation(peer(), never)('a')).to.equal('done');
  });

  it('takes a reserved word of DynamoDB for a name', async () => {
    const names = { keyAttribute: 'key', sortKeyAttribute: 'range', ttlAttribute: 'ttl' };
    const { peer, items } = await storage(names);
    const operation = deployable();
    await operation(peer(), async () => 'done')('a');
    expect((await items())[0]).to.include.all.keys('key', 'range', 'ttl');
    expect(await operation(peer(), never)('a')).to.equal('done');
  });
});
