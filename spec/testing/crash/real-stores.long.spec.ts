import { PGlite } from '@electric-sql/pglite';
import { expect } from 'chai';
import { makeIdempotent, type PersistenceStore } from 'retrysafe';
import { DynamoDBStore } from 'retrysafe/dynamodb';
import { PostgresStore, schema } from 'retrysafe/postgres';
import { RedisStore } from 'retrysafe/redis';
import { SqliteStore } from 'retrysafe/sqlite';
import { type CrashSetting, storeCheck } from 'retrysafe/testing';
import { useDynamoDB } from '../../support/dynamodb.js';
import { useRedis } from '../../support/redis.js';
import { useSqlite } from '../../support/sqlite.js';
import { sqliteDrivers } from '../../support/sqlite-drivers.js';

type Wrap = Pick<CrashSetting, 'effect'>;

describe('a check of a store over its database', function () {
  this.timeout(120_000);

  /** Every order of the requests, as far as it comes in four seconds; a store in one request has few of them. */
  async function passes(makeStore: (wrap: Wrap) => PersistenceStore): Promise<void> {
    const report = await storeCheck(makeStore, { seconds: 4 });
    expect(report.isWrapped).to.equal(true);
    expect(report.cases).to.be.greaterThan(10);
    expect(report.histories).to.be.greaterThan(report.cases);
  }

  describe('in DynamoDB', () => {
    const dynamodb = useDynamoDB();

    it('finds every order of its requests right', async () => {
      const client = dynamodb.client();
      const tableName = await dynamodb.createTable();
      await passes(({ effect }) => {
        const send = effect('dynamodb.send', (command: never, options: never) =>
          client.send(command, options),
        );
        return new DynamoDBStore({ client: { send, config: client.config } as never, tableName });
      });
    });
  });

  describe('in PostgreSQL', () => {
    let client: PGlite;
    before(async () => {
      client = await PGlite.create();
      await client.exec(schema());
    });
    after(() => client.close());

    it('finds every order of its requests right', async () => {
      await passes(({ effect }) => {
        const query = effect('db.query', (text: string, values: unknown[]) => client.query(text, values));
        return new PostgresStore({ client: { query: query as never } });
      });
    });
  });

  describe('in Redis', () => {
    const redis = useRedis();

    it('finds every order of its requests right', async () => {
      const client = await redis.ioredis();
      const prefix = redis.prefix();
      // So that the server knows the scripts of the store: where it does not, the first request of each is another one.
      const warm = new RedisStore({ client, prefix });
      const operation = makeIdempotent(async (id: string) => id, {
        name: 'warm',
        key: (id) => id,
        store: warm,
      });
      await operation('a');
      await warm.find('a');
      await passes(({ effect }) => {
        const send = effect('redis.call', ([name, ...args]: string[]) =>
          client.call(name as string, ...args),
        );
        return new RedisStore({ client: send, prefix });
      });
    });
  });

  for (const driver of sqliteDrivers)
    describe(`in SQLite, by ${driver}`, () => {
      const sqlite = useSqlite(driver);

      it('finds its operations at once right', async () => {
        const report = await storeCheck(() => new SqliteStore({ database: sqlite.open() }));
        expect(report).to.include({ isWrapped: false, left: 0 });
      });
    });
});
