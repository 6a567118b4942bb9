import 'retrysafe/listing';
import { expect } from 'chai';
import {
  ConfigurationError,
  type IdempotencyRecord,
  InMemoryStore,
  type PersistenceStore,
  type RecordQuery,
} from 'retrysafe';
import { DynamoDBStore } from 'retrysafe/dynamodb';
import { PostgresStore } from 'retrysafe/postgres';
import { RedisStore } from 'retrysafe/redis';
import { SqliteStore } from 'retrysafe/sqlite';
import { useDynamoDB } from '../../support/dynamodb.js';
import { usePostgres } from '../../support/postgres.js';
import { useRedis } from '../../support/redis.js';
import { rejection } from '../../support/rejection.js';
import { useSqlite } from '../../support/sqlite.js';
import { obstacleTo, sqliteDrivers } from '../../support/sqlite-drivers.js';
import { createTable } from '../postgres/tables.js';

type ListingStore = PersistenceStore & Required<Pick<PersistenceStore, 'records' | 'planRecords'>>;

const record = (index: number): IdempotencyRecord => ({
  key: `op#${index}`,
  token: 'a.1',
  expiresAt: Date.now() + 60_000,
  state: { format: 1, status: 'released', attempt: 1, fencingToken: 1 },
});

const never = () => expect.fail('something was asked');

/** Stores whose clients must not be asked for anything. */
const unasked: Readonly<Record<string, () => ListingStore>> = {
  PostgresStore: () => new PostgresStore({ client: { query: never } }),
  SqliteStore: () => new SqliteStore({ database: { prepare: never, isTransaction: false } }),
  RedisStore: () => new RedisStore({ client: never }),
  DynamoDBStore: () => new DynamoDBStore({ client: { send: never } as never, tableName: 'idempotency' }),
  InMemoryStore: () => new InMemoryStore() as unknown as ListingStore,
};

const wrong: readonly (readonly [option: string, value: unknown, expected: string])[] = [
  ['limit', 0, 'a number of records, 1 to 1,000'],
  ['limit', 1_001, 'a number of records, 1 to 1,000'],
  ['status', 'open', 'one of in-progress, abandoned, completed, unknown, released'],
  ['operation', 7, 'a text'],
  ['prefix', null, 'a text'],
  ['olderThan', '2026-01-01', 'an instant, in epoch milliseconds'],
  ['now', Number.NaN, 'an instant, in epoch milliseconds'],
  ['cursor', 'op#1', 'the cursor of the page before, of this store'],
];

for (const [name, create] of Object.entries(unasked)) {
  describe(`a wrong option of records() of a ${name}`, () => {
    for (const [option, value, expected] of wrong) {
      it(`is named before anything is asked: ${option}, ${String(value)}`, async () => {
        const query = { [option]: value } as RecordQuery;
        for (const method of ['records', 'planRecords'] as const) {
          const error = (await rejection(create()[method](query))) as Error;
          expect(error).to.be.instanceOf(ConfigurationError);
          expect(error.message).to.match(new RegExp(`^${name}: ${method}\\(\\): option "${option}" is `));
          expect(error.message.endsWith(`; expected ${expected}`), error.message).to.equal(true);
          if (typeof value === 'string') expect(error.message).to.not.include(value);
        }
      });
    }

    it('is a query that is none', async () => {
      for (const query of [null, 'all', []]) {
        const error = await rejection(create().planRecords(query as never));
        expect(error)
          .to.be.instanceOf(ConfigurationError)
          .and.match(/the options are .*; expected a query/);
      }
    });
  });
}

describe('the cursor of a page', () => {
  const dynamoDB = useDynamoDB();
  const postgres = usePostgres();
  const redis = useRedis();
  const driver = sqliteDrivers.find((one) => obstacleTo(one) === undefined) ?? 'node:sqlite';
  const sqlite = useSqlite(driver);
  let stores: ListingStore[];

  before(async () => {
    stores = [
      new InMemoryStore() as unknown as ListingStore,
      new PostgresStore({ client: postgres, table: await createTable(postgres) }),
      new PostgresStore({ client: postgres, table: await createTable(postgres) }),
      new SqliteStore({ database: sqlite.open(sqlite.createFile()) }),
      new RedisStore({ client: await redis.ioredis(), prefix: redis.prefix() }),
      new RedisStore({ client: await redis.ioredis(), prefix: redis.prefix() }),
      new DynamoDBStore({ client: dynamoDB.client(), tableName: await dynamoDB.createTable() }),
    ];
    for (const store of stores)
      for (let index = 0; index < 40; index += 1) await store.claim(record(index), 0);
  });

  it('may stand in an address as it is, and is refused by every other store', async () => {
    for (const store of stores) {
      const { cursor = '' } = await store.records({ limit: 3 });
      expect(cursor).to.match(/^[\w-]{10,500}$/);
      expect((await store.records({ cursor })).records).to.not.have.length(0);
      for (const other of stores.filter((one) => one !== store)) {
        const error = await rejection(other.records({ cursor }));
        expect(error)
          .to.be.instanceOf(ConfigurationError)
          .and.match(/option "cursor" is /);
      }
    }
  });
});
