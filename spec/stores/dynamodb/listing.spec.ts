import 'retrysafe/listing';
import {
  CreateTableCommand,
  type DynamoDBClient,
  PutItemCommand,
  ScanCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import { expect } from 'chai';
import {
  type IdempotencyRecord,
  type RecordPage,
  type RecordQuery,
  type RecordState,
  StoreError,
} from 'retrysafe';
import { DynamoDBStore, type DynamoDBStoreOptions, tableDefinition } from 'retrysafe/dynamodb';
import { deployable } from '../../support/deployment.js';
import { useDynamoDB } from '../../support/dynamodb.js';
import { SentCommands } from '../../support/dynamodb-commands.js';
import { ConsumedUnits } from '../../support/dynamodb-units.js';
import { randomText } from '../../support/outcomes.js';
import { rejection } from '../../support/rejection.js';

const unknown: RecordState = { format: 1, status: 'unknown', attempt: 1, fencingToken: 1 };
const running: RecordState = { ...unknown, status: 'in-progress', startedAt: 1, leaseUntil: 2 };
const released: RecordState = { ...unknown, status: 'released' };
const completed = (json: unknown): RecordState => ({
  ...unknown,
  status: 'completed',
  completedAt: 1,
  outcome: { kind: 'value', json },
});

let count = 0;

function recordOf(state: RecordState, key?: string): IdempotencyRecord {
  count += 1;
  return { key: key ?? `key#${count}`, token: 'a.1', expiresAt: Date.now() + 60_000, state };
}

const keysOf = (pages: readonly RecordPage[]) =>
  pages.flatMap(({ records }) => records.map(({ key }) => key)).sort();

describe('records of a table of DynamoDB, listed', () => {
  const dynamoDB = useDynamoDB();
  let client: DynamoDBClient;
  let commands: SentCommands;
  let tableName: string;

  before(() => {
    client = dynamoDB.client();
    commands = new SentCommands(client);
  });

  beforeEach(async () => {
    tableName = await dynamoDB.createTable();
    commands.take();
  });

  const storeWith = (options: Partial<DynamoDBStoreOptions> = {}) =>
    new DynamoDBStore({ client, tableName, ...options });

  async function keep(store: DynamoDBStore, ...states: readonly RecordState[]) {
    const kept = states.map((state) => recordOf(state));
    for (const own of kept) await store.claim(own, 0);
    commands.take();
    return kept;
  }

  async function walk(store: DynamoDBStore, query: RecordQuery): Promise<RecordPage[]> {
    const pages: RecordPage[] = [];
    let next = query;
    for (;;) {
      const page = await store.records(next);
      pages.push(page);
      if (page.cursor === undefined) return pages;
      next = { ...query, cursor: page.cursor };
    }
  }

  /** A table as an earlier version has created it. */
  async function earlierTable(): Promise<string> {
    const { GlobalSecondaryIndexes: _, ...definition } = tableDefinition({
      tableName: `${tableName}-earlier`,
    }).createTable;
    const AttributeDefinitions = definition.AttributeDefinitions?.slice(0, 1);
    await client.send(new CreateTableCommand({ ...definition, AttributeDefinitions }));
    await waitUntilTableExists(
      { client, maxWaitTime: 60, minDelay: 1 },
      { TableName: `${tableName}-earlier` },
    );
    return `${tableName}-earlier`;
  }

  it('are found by queries of the index where they are unknown, and no other item is read', async () => {
    const store = storeWith();
    const states = Array.from({ length: 30 }, (_, index) => (index % 2 ? unknown : released));
    const kept = await keep(store, ...states, completed(1), running);
    const pages = await walk(store, { status: 'unknown' });
    expect(new Set(commands.take())).to.deep.equal(new Set(['Query']));
    expect(keysOf(pages)).to.deep.equal(
      kept
        .filter(({ state }) => state === unknown)
        .map(({ key }) => key)
        .sort(),
    );
    expect(pages.reduce((sum, { examined }) => sum + examined, 0)).to.equal(15);
    expect(keysOf(await walk(store, { status: 'unknown', limit: 2 }))).to.deep.equal(keysOf(pages));
    expect(await store.planRecords({ status: 'unknown' })).to.deep.include({ by: 'index' });
  });

  it('are in the index for as long as they are unknown, and an item has an attribute more for so long', async () => {
    const store = storeWith();
    const [own] = (await keep(store, unknown)) as [IdempotencyRecord];
    const attributes = async () =>
      Object.keys((await client.send(new ScanCommand({ TableName: tableName }))).Items?.[0] ?? {});
    expect(await attributes()).to.have.members([
      'id',
      'token',
      'expiresAt',
      'state',
      'expiration',
      'unresolved',
    ]);
    await store.replace({ ...own, token: 'a.2', state: completed(1) }, own.token);
    expect(await attributes()).to.have.members(['id', 'token', 'expiresAt', 'state', 'expiration']);
    expect(keysOf(await walk(store, { status: 'unknown' }))).to.deep.equal([]);
  });

  it('cost a call that ends well nothing, and two write units with an index of those in progress', async () => {
    for (const [options, writes] of [
      [{}, 2],
      [{ indexInProgress: true }, 4],
    ] as const) {
      const own = dynamoDB.client();
      const units = new ConsumedUnits(own);
      await deployable()(new DynamoDBStore({ client: own, tableName, ...options }), async () => 'done')(
        `called ${writes}`,
      );
      expect(units.take()).to.deep.equal({ writes, reads: 0 });
    }
  });

  it('cost two write units more where the outcome becomes unknown and where it is resolved', async () => {
    const own = dynamoDB.client();
    const units = new ConsumedUnits(own);
    const store = new DynamoDBStore({ client: own, tableName });
    const first = recordOf(running);
    await store.claim(first, 0);
    await store.replace({ ...first, token: 'a.2', state: unknown }, 'a.1');
    expect(units.take()).to.deep.equal({ writes: 3, reads: 0 });
    await store.replace({ ...first, token: 'a.3', state: released }, 'a.2');
    expect(units.take()).to.deep.equal({ writes: 2, reads: 0 });
  });

  it('in progress are found by the index only where the stores were asked for it', async () => {
    const without = storeWith();
    const withIndex = storeWith({ indexInProgress: true });
    const [abandoned] = await keep(
      withIndex,
      running,
      { ...running, leaseUntil: Date.now() + 60_000 },
      unknown,
    );
    expect(keysOf(await walk(without, { status: 'abandoned' }))).to.deep.equal([abandoned?.key]);
    expect(new Set(commands.take())).to.deep.equal(new Set(['Scan']));
    expect(keysOf(await walk(withIndex, { status: 'abandoned' }))).to.deep.equal([abandoned?.key]);
    expect(keysOf(await walk(withIndex, { status: 'in-progress' }))).to.have.length(2);
    expect(new Set(commands.take())).to.deep.equal(new Set(['Query']));
    expect((await withIndex.planRecords({ status: 'abandoned' })).by).to.equal('index');
    const { by, cost } = await without.planRecords({ status: 'abandoned' });
    expect(by).to.equal('scan');
    expect(cost).to.include('indexInProgress');
  });

  it('are read by a scan of four segments where the table has no index', async () => {
    const store = storeWith({ tableName: await earlierTable() });
    const kept = await keep(store, unknown, unknown, released, completed(1));
    const plan = await store.planRecords({ status: 'unknown' });
    expect(plan.by).to.equal('scan');
    expect(plan.cost).to.match(/read units.*tableDefinition\(\)/);
    commands.take();
    const pages = await walk(store, { status: 'unknown' });
    expect(keysOf(pages)).to.deep.equal(
      kept
        .slice(0, 2)
        .map(({ key }) => key)
        .sort(),
    );
    // All values of the index are asked at once, and none of them is there.
    expect(commands.take().filter((command) => command === 'Scan')).to.have.length(4);
  });

  it('are all there after a page that was cut off, in each segment', async () => {
    const store = storeWith();
    const kept = await keep(
      store,
      ...Array.from({ length: 41 }, () => completed(1)),
      ...Array(9).fill(released),
    );
    for (const limit of [1, 3, 10, 100]) {
      const pages = await walk(store, { limit });
      expect(keysOf(pages)).to.deep.equal(kept.map(({ key }) => key).sort());
      for (const { records } of pages) expect(records.length).to.be.at.most(limit);
    }
    expect(keysOf(await walk(store, { status: 'released', limit: 2 }))).to.have.length(9);
  });

  it('may be compressed, also where a status is asked for that DynamoDB cannot read then', async () => {
    const store = storeWith({ compressAbove: 0 });
    await keep(store, released, completed(randomText(10_000)), unknown);
    for (const status of ['released', 'completed', 'unknown'] as const) {
      const [page] = await walk(store, { status });
      expect(page?.records.map(({ state }) => state.status)).to.deep.equal([status]);
    }
  });

  it('are none of the items of another program, nor of the application', async () => {
    const names = { keyAttribute: 'pk', sortKeyAttribute: 'sk' };
    tableName = await dynamoDB.createTable(names);
    const store = storeWith({ ...names, partitionKey: 'ours' });
    const theirs = (sk: string, more: object) =>
      client.send(
        new PutItemCommand({ TableName: tableName, Item: { pk: { S: 'theirs' }, sk: { S: sk }, ...more } }),
      );
    await theirs('a#1', {});
    await theirs('b#1', { token: { S: 'theirs' }, expiresAt: { N: '9999999999999' }, state: { S: '{}' } });
    await theirs('c#1', { token: { N: '1.5' }, expiresAt: { N: '9999999999999' }, state: { N: '1' } });
    await theirs('d#1', { unresolved: { S: 'unknown.9' }, expiresAt: { N: '9999999999999' } });
    const [own, left] = (await keep(store, released, unknown)) as [IdempotencyRecord, IdempotencyRecord];
    expect(keysOf(await walk(store, {}))).to.deep.equal([own.key, left.key].sort());
    expect(keysOf(await walk(store, { status: 'unknown' }))).to.deep.equal([left.key]);
    expect(keysOf(await walk(store, { limit: 1 }))).to.have.length(2);
    expect(keysOf(await walk(store, { status: 'unknown', operation: 'key' }))).to.deep.equal([left.key]);
    expect(keysOf(await walk(store, { status: 'unknown', operation: 'ke' }))).to.deep.equal([]);
  });

  it('are not asked for where no key can match, nor by the cursor of another status', async () => {
    const store = storeWith();
    await keep(store, unknown, unknown, unknown, unknown);
    expect(await store.records({ operation: 'pay', prefix: 'refund#' })).to.deep.equal({
      records: [],
      examined: 0,
    });
    expect(commands.take()).to.deep.equal([]);
    const { cursor = '' } = await store.records({ status: 'unknown', limit: 1 });
    commands.take();
    expect(await rejection(store.records({ cursor }))).to.match(
      /option "cursor" is .*; expected the cursor of/,
    );
    expect(commands.take()).to.deep.equal([]);
  });

  it('need permissions, and the error says which', async () => {
    const denying = (denied: string) => ({
      send: (command: object) =>
        command.constructor.name === denied
          ? Promise.reject(Object.assign(new Error('no'), { name: 'AccessDeniedException' }))
          : client.send(command as never),
    });
    for (const [denied, action, ask] of [
      ['ScanCommand', 'dynamodb:Scan on it', (store: DynamoDBStore) => store.records({})],
      [
        'QueryCommand',
        'dynamodb:Query on its indexes',
        (store: DynamoDBStore) => store.records({ status: 'unknown' }),
      ],
      [
        'DescribeTableCommand',
        'dynamodb:DescribeTable on it',
        (store: DynamoDBStore) => store.planRecords({}),
      ],
    ] as const) {
      const error = await rejection(ask(storeWith({ client: denying(denied) as never })));
      expect(error).to.be.instanceOf(StoreError);
      expect((error as Error).message).to.include(`allow ${action}`);
    }
  });
});
