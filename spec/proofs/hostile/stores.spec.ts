import { gzipSync } from 'node:zlib';
import { type AttributeValue, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { expect } from 'chai';
import {
  IdempotencyError,
  type IdempotencyRecord,
  InMemoryStore,
  makeIdempotent,
  type PersistenceStore,
  recordOf,
} from 'retrysafe';
import { DynamoDBStore } from 'retrysafe/dynamodb';
import { SqliteStore } from 'retrysafe/sqlite';
import { useDynamoDB } from '../../support/dynamodb.js';
import { useSqlite } from '../../support/sqlite.js';
import { sqliteDrivers } from '../../support/sqlite-drivers.js';
import { marker } from './marker.js';
import { checkPrototypes, checkWords, timed } from './trial.js';

const later = () => Date.now() + 86_400_000;
const many = (part: string, count: number) => part.repeat(count);

/** The texts of states that other software may have written. */
const states: Readonly<Record<string, string>> = {
  'no text': '',
  null: 'null',
  'a list': '[]',
  'a text': JSON.stringify(marker),
  'a number': '1e999',
  'JSON that was cut off': `{"format":1,"status":"comple`,
  'a hundred thousand brackets': many('[', 100_000),
  'a hundred thousand levels': `${many('[', 100_000)}${many(']', 100_000)}`,
  'a newer format': '{"format":2,"status":"completed"}',
  'no format': '{"status":"released","attempt":1,"fencingToken":1}',
  'an unknown status': `{"format":1,"status":"${marker}","attempt":1,"fencingToken":1}`,
  'a lease without end':
    '{"format":1,"status":"in-progress","attempt":1,"fencingToken":1,"leaseUntil":1e999}',
  'an attempt of a text': '{"format":1,"status":"released","attempt":"1","fencingToken":1}',
  'a parent of its own':
    '{"__proto__":{"format":1,"status":"released","attempt":1,"fencingToken":1,"polluted":1}}',
  'no outcome': '{"format":1,"status":"completed","attempt":1,"fencingToken":1}',
  'an outcome of nothing known': `{"format":1,"status":"completed","attempt":1,"fencingToken":1,"outcome":{"kind":"value","devalue":"[[\\"${marker}\\",0]]"}}`,
};

/** Calls an operation on the store, and expects it to be refused by an error of that code, without a run. */
async function refused(store: PersistenceStore, plant: (key: string) => unknown): Promise<string> {
  let runs = 0;
  const place = makeIdempotent(
    async (_id: string) => {
      runs += 1;
    },
    { name: 'Hostile.stored', store, wait: 0 },
  );
  let asked = '';
  const spy: PersistenceStore = {
    claim: (record) => Promise.resolve(record),
    replace: (record) => Promise.resolve(record),
    async find(key) {
      asked = key;
      return undefined;
    },
  };
  await recordOf(
    makeIdempotent(async (_id: string) => {}, { name: 'Hostile.stored', store: spy }),
    '1',
  ).inspect();
  await plant(asked);
  const codes = new Set<string>();
  for (const ask of [() => place('1'), () => place('1')]) {
    const error = await timed('a call', () =>
      ask().then(
        () => undefined,
        (reason: unknown) => reason,
      ),
    );
    expect(error, 'what it was refused by').to.be.instanceOf(IdempotencyError);
    checkWords('a call', error as IdempotencyError);
    codes.add((error as IdempotencyError).code);
  }
  expect(runs).to.equal(0);
  checkPrototypes('a call');
  return [...codes].join();
}

const unavailable = 'ERR_IDEMPOTENCY_OUTCOME_UNAVAILABLE';
const notOurs = 'ERR_IDEMPOTENCY_STORE';

describe('foreign records in an InMemoryStore', () => {
  for (const [what, text] of Object.entries(states)) {
    if (!isJson(text)) continue;
    it(`are refused clearly: ${what}`, async () => {
      const store = new InMemoryStore();
      const state = JSON.parse(text) as IdempotencyRecord['state'];
      const plant = (key: string) => store.claim({ key, token: 'a.1', expiresAt: later(), state }, 0);
      // What cannot be kept cannot be planted either.
      if (what === 'a hundred thousand levels')
        expect(await plant('k').catch(() => 'refused')).to.equal('refused');
      else expect(await refused(store, plant)).to.equal(unavailable);
    });
  }
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

for (const driver of sqliteDrivers) {
  describe(`foreign rows for a SqliteStore on ${driver}`, () => {
    const sqlite = useSqlite(driver);

    async function refusedRow(token: unknown, expiresAt: unknown, state: unknown): Promise<string> {
      const database = sqlite.open();
      return refused(new SqliteStore({ database }), (key) =>
        database
          .prepare('INSERT INTO idempotency (key, token, expires_at, state) VALUES (?, ?, ?, ?)')
          .run(key, token, expiresAt, state),
      );
    }

    for (const [what, text] of Object.entries(states)) {
      it(`are refused clearly: ${what}`, async () => {
        expect(await refusedRow('a.1', later(), text)).to.equal(unavailable);
      });
    }

    for (const [what, row] of Object.entries<readonly [unknown, unknown, unknown]>({
      'an expiry that is a text': ['a.1', marker, '{}'],
      'an expiry that is bytes': ['a.1', Buffer.from([255]), '{}'],
      'an expiry without end': ['a.1', Number.POSITIVE_INFINITY, '{}'],
    })) {
      it(`are refused clearly: ${what}`, async () => {
        expect(await refusedRow(...row)).to.equal(notOurs);
      });
    }

    it('are refused clearly: bytes in the place of a state', async () => {
      expect(await refusedRow('a.1', later(), Buffer.from([123, 255]))).to.equal(unavailable);
    });
  });
}

describe('foreign items for a DynamoDBStore', function () {
  this.timeout(60_000);
  const dynamodb = useDynamoDB();
  let tableName: string;

  before(async () => {
    tableName = await dynamodb.createTable();
  });

  async function refusedItem(item: Readonly<Record<string, AttributeValue>>): Promise<string> {
    const client = dynamodb.client();
    return refused(new DynamoDBStore({ client, tableName }), (key) =>
      client.send(new PutItemCommand({ TableName: tableName, Item: { id: { S: key }, ...item } })),
    );
  }

  const item = (more: Readonly<Record<string, AttributeValue>>) => ({
    token: { S: 'a.1' },
    expiresAt: { N: String(later()) },
    ...more,
  });

  for (const [what, text] of Object.entries(states)) {
    it(`are refused clearly: ${what}`, async () => {
      expect(await refusedItem(item({ state: { S: text } }))).to.equal(unavailable);
      expect(await refusedItem(item({ state: { B: gzipSync(text) } }))).to.equal(unavailable);
    });
  }

  for (const [what, state] of Object.entries<AttributeValue>({
    'bytes that are not packed': { B: Buffer.from(marker) },
    'bytes that were cut off': { B: gzipSync(many(marker, 100)).subarray(0, 20) },
    'a bomb of two hundred megabytes': { B: gzipSync(Buffer.alloc(200_000_000, '[')) },
    'a number': { N: '1' },
    'a map': { M: { format: { N: '1' } } },
  })) {
    it(`are refused clearly: ${what} in the place of a state`, async () => {
      expect(await refusedItem(item({ state }))).to.equal(unavailable);
    });
  }

  for (const [what, more] of Object.entries<Readonly<Record<string, AttributeValue>>>({
    'a token that is a number': { token: { N: '1' } },
    'an expiry that is a text': { expiresAt: { S: marker } },
    'an expiry that is null': { expiresAt: { NULL: true } },
  })) {
    it(`are refused clearly: ${what}`, async () => {
      expect(await refusedItem(item({ state: { S: '{}' }, ...more }))).to.equal(notOurs);
    });
  }
});
