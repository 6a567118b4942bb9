import {
  type AttributeValue,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import { expect } from 'chai';
import { type IdempotencyRecord, StoreError } from 'retrysafe';
import { DynamoDBStore, type DynamoDBStoreOptions } from 'retrysafe/dynamodb';
import { randomBytes, recordOfBytes, recordOfRun } from '../../support/bytes.js';
import { useDynamoDB } from '../../support/dynamodb.js';
import { sizeOfItem } from '../../support/dynamodb-units.js';
import { load } from '../../support/library-version.js';
import { rejection } from '../../support/rejection.js';

const KB = 1_024;

/** What an item has besides the bytes. */
const HEAD_BYTES = 500;

describe('bytes of an outcome in an item of DynamoDB', () => {
  const dynamoDB = useDynamoDB();
  let client: DynamoDBClient;
  let tableName: string;

  before(async () => {
    client = dynamoDB.client();
    tableName = await dynamoDB.createTable();
  });

  const store = (options: Pick<DynamoDBStoreOptions, 'compressAbove'> = {}) =>
    new DynamoDBStore({ client, tableName, ...options });

  async function itemOf(key: string) {
    const { Item } = await client.send(
      new GetItemCommand({ TableName: tableName, Key: { id: { S: key } }, ConsistentRead: true }),
    );
    return Item ?? expect.fail('there is no item');
  }

  /** Expects that a store keeps such a record and returns it, also to a claim that loses, and to a store with other options. */
  async function expectKept(record: IdempotencyRecord, by = store()): Promise<void> {
    expect(await by.claim(record, Date.now())).to.deep.equal(record);
    for (const other of [by, store(), store({ compressAbove: 0 })]) {
      expect(await other.find(record.key, { consistent: true })).to.deep.equal(record);
      expect(await other.claim(recordOfRun(record.key), Date.now())).to.deep.equal(record);
    }
  }

  it('take as much as they are, and not a third more', async () => {
    await expectKept(recordOfBytes('random', randomBytes(100_000)));
    const item = await itemOf('random');
    expect(sizeOfItem(item)).to.be.within(100_000, 101_000 + HEAD_BYTES);
    expect(item).to.have.all.keys('id', 'token', 'expiresAt', 'state', 'expiration');
    expect(item.state?.M?.bytes?.B).to.have.property('byteLength', 100_000);
    expect(JSON.parse(item.state?.M?.text?.S ?? '').outcome).to.deep.equal({
      kind: 'value',
      head: { status: 200, headers: [['content-type', 'image/png']] },
    });
  });

  it('take less where they can be compressed, unless nothing is to be', async () => {
    const zeros = Buffer.alloc(500 * KB);
    await expectKept(recordOfBytes('zeros', zeros));
    expect(sizeOfItem(await itemOf('zeros'))).to.be.below(2 * KB);
    const plain = store({ compressAbove: Number.POSITIVE_INFINITY });
    await expectKept(recordOfBytes('plain', zeros.subarray(0, 10_000)), plain);
    expect(sizeOfItem(await itemOf('plain'))).to.be.above(10_000);
    expect(await rejection(plain.claim(recordOfBytes('too much', zeros), Date.now()))).to.include({
      tooLarge: true,
    });
  });

  it('are kept beside a text that is compressed', async () => {
    const record = recordOfBytes('long head', randomBytes(1_000));
    const head = { status: 200, headers: Array.from({ length: 500 }, (_, at) => [`x-${at}`, 'value']) };
    const state = {
      ...record.state,
      outcome: { kind: 'value', head, base64: 'AAEC' },
    } as typeof record.state;
    await expectKept({ ...record, state });
    const { M } = (await itemOf('long head')).state ?? {};
    expect(M?.text?.B).to.have.property('byteLength').below(5_000);
    expect(M?.bytes?.B).to.have.property('byteLength', 3);
  });

  it('fill an item up to its 400 KB', async () => {
    await expectKept(recordOfBytes('full', randomBytes(400 * KB - HEAD_BYTES)));
    for (const bytes of [400 * KB - 10, 500 * KB]) {
      const error = await rejection(store().claim(recordOfBytes('over', randomBytes(bytes)), Date.now()));
      expect(error).to.be.instanceOf(StoreError).and.include({ tooLarge: true });
      expect(await store().find('over', { consistent: true })).to.equal(undefined);
    }
    expect(() =>
      store().transactItem({ record: recordOfBytes('over', randomBytes(400 * KB)), token: 'own.1' }),
    ).to.throw(StoreError, 'which is 400 KB');
  });

  it('are in a completion that is an item of a transaction', async () => {
    const record = recordOfBytes('completion', randomBytes(100_000));
    const { Put } = store().transactItem({ record, token: 'own.0' });
    expect(sizeOfItem(Put?.Item ?? {})).to.be.within(100_000, 101_000 + HEAD_BYTES);
  });

  it('need no name that a table may have given to its keys', async () => {
    const names = { keyAttribute: 'bytes', sortKeyAttribute: 'text', ttlAttribute: 'gzip' };
    const table = await dynamoDB.createTable(names);
    const own = new DynamoDBStore({ client, tableName: table, ...names });
    const record = recordOfBytes('a', randomBytes(5_000));
    expect(await own.claim(record, Date.now())).to.deep.equal(record);
    expect(await own.find('a', { consistent: true })).to.deep.equal(record);
  });

  it('are gone when another record takes the place', async () => {
    const record = recordOfBytes('replaced', randomBytes(5_000), { expiresAt: 1 });
    await store().claim(record, 0);
    const run = recordOfRun('replaced');
    expect(await store().claim(run, Date.now())).to.deep.equal(run);
    expect(sizeOfItem(await itemOf('replaced'))).to.be.below(HEAD_BYTES);
  });

  for (const [what, change] of [
    ['they are gone', {}],
    ['what was compressed is damaged', { gzip: { B: Buffer.from('no gzip') } }],
  ] satisfies [string, Record<string, AttributeValue>][]) {
    it(`are missing in the record where ${what}, and nothing else is made of it`, async () => {
      const record = recordOfBytes(what, randomBytes(5_000));
      await store().claim(record, Date.now());
      const item = await itemOf(what);
      const text = item.state?.M?.text ?? expect.fail('the text is gone as well');
      const state = { M: { text, ...change } };
      await client.send(new PutItemCommand({ TableName: tableName, Item: { ...item, state } }));
      const read = await store().find(what, { consistent: true });
      expect(read?.state).to.have.property('outcome').that.has.all.keys('kind', 'head');
    });
  }

  it('keep an earlier version from replaying the rest, and it takes the key over when that has expired', async () => {
    const { dynamodb } = await load('earlier');
    const earlier = new dynamodb.DynamoDBStore({ client, tableName });
    const record = recordOfBytes('earlier', randomBytes(5_000), { expiresAt: Date.now() + 60_000 });
    await store().claim(record, Date.now());
    const read = await earlier.find('earlier', { consistent: true });
    expect(read).to.include({ key: 'earlier', token: record.token, expiresAt: record.expiresAt });
    // The engine refuses to do anything by such a record.
    expect(read?.state).to.equal(undefined);
    const run = recordOfRun('earlier');
    expect((await earlier.claim(run, Date.now())).token).to.equal(record.token);
    expect(await earlier.claim(run, record.expiresAt)).to.deep.equal(run);
    expect(await store().find('earlier', { consistent: true })).to.deep.equal(run);
  });
});
