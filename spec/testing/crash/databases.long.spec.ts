import { PutItemCommand, QueryCommand, TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb';
import { PGlite, type Transaction } from '@electric-sql/pglite';
import { expect } from 'chai';
import { type Completion, currentExecution, makeIdempotent } from 'retrysafe';
import { DynamoDBStore } from 'retrysafe/dynamodb';
import { PostgresStore, schema } from 'retrysafe/postgres';
import { SqliteStore } from 'retrysafe/sqlite';
import { type CrashSetting, CrashTestError, crashTest } from 'retrysafe/testing';
import { useDynamoDB } from '../../support/dynamodb.js';
import { rejection } from '../../support/rejection.js';
import { useSqlite } from '../../support/sqlite.js';
import { sqliteDrivers } from '../../support/sqlite-drivers.js';

/** A history of its own has keys of its own, so that no table has to be emptied. */
let histories = 0;
const bounds = { faults: 1, histories: 150 };

describe('a crash test over PGlite', function () {
  this.timeout(120_000);
  let client: PGlite;
  before(async () => {
    client = await PGlite.create();
    await client.exec(`${schema()}; CREATE TABLE refunds (history int, id text)`);
  });
  after(() => client.close());

  const options = (isWrong: boolean) => ({
    ...bounds,
    store: () => new PostgresStore({ client }),
    setUp: ({ store, effect }: CrashSetting<PostgresStore>) => {
      histories += 1;
      const history = histories;
      const book = effect('db.book', async (id: string, complete: (tx: Transaction) => Promise<void>) =>
        client.transaction(async (tx) => {
          await tx.query('INSERT INTO refunds VALUES ($1, $2)', [history, id]);
          await complete(tx);
        }),
      );
      const refund = makeIdempotent(
        async (id: string) => {
          const completion = await currentExecution().completion(id);
          await book(id, async (tx) => {
            if (!isWrong) await store.complete(tx, completion);
          });
          return id;
        },
        { name: 'refunds.refund', key: (id) => [history, id], store },
      );
      return { history, refund };
    },
    calls: [({ refund }: { refund: (id: string) => Promise<string> }) => refund('R-1')],
    invariant: async ({ history }: { history: number }) => {
      const { rows } = await client.query('SELECT id FROM refunds WHERE history = $1', [history]);
      expect(rows).to.have.length(1);
    },
  });

  it('holds where the completion is in the transaction', async () => {
    const report = await crashTest(options(false));
    expect(report.effects).to.include.keys('claim', 'replace', 'db.book');
    expect(report.levels[1]?.left).to.equal(0);
  });

  it('finds where it is not', async () => {
    expect(await rejection(crashTest(options(true)))).to.be.instanceOf(CrashTestError);
  });
});

for (const driver of sqliteDrivers) {
  describe(`a crash test over SQLite, by ${driver}`, function () {
    this.timeout(120_000);
    const sqlite = useSqlite(driver);

    const options = (isWrong: boolean) => {
      const database = sqlite.open();
      database.exec('CREATE TABLE refunds (history int, id text)');
      return {
        ...bounds,
        store: () => new SqliteStore({ database }),
        setUp: ({ store, effect }: CrashSetting<SqliteStore>) => {
          histories += 1;
          const history = histories;
          const book = effect('db.book', (id: string, complete: () => void) => {
            database.exec('BEGIN IMMEDIATE');
            try {
              database.exec(`INSERT INTO refunds VALUES (${history}, '${id}')`);
              complete();
              database.exec('COMMIT');
            } catch (error) {
              database.exec('ROLLBACK');
              throw error;
            }
          });
          const refund = makeIdempotent(
            async (id: string) => {
              const completion = await currentExecution().completion(id);
              await book(id, () => {
                if (!isWrong) store.complete(completion);
              });
              return id;
            },
            { name: 'refunds.refund', key: (id) => [history, id], store },
          );
          return { history, refund };
        },
        calls: [({ refund }: { refund: (id: string) => Promise<string> }) => refund('R-1')],
        invariant: ({ history }: { history: number }) => {
          expect(database.prepare(`SELECT id FROM refunds WHERE history = ${history}`).all()).to.have.length(
            1,
          );
        },
      };
    };

    it('holds where the completion is in the transaction', async () => {
      const report = await crashTest(options(false));
      expect(report.levels[1]?.left).to.equal(0);
    });

    it('finds where it is not', async () => {
      expect(await rejection(crashTest(options(true)))).to.be.instanceOf(CrashTestError);
    });
  });
}

describe('a crash test over DynamoDB', function () {
  this.timeout(120_000);
  const dynamodb = useDynamoDB();

  it('holds where the completion is in the transaction, and finds where it is not', async () => {
    const client = dynamodb.client();
    const tableName = await dynamodb.createTable();
    const options = (isWrong: boolean) => ({
      ...bounds,
      histories: 80,
      store: () => new DynamoDBStore({ client, tableName }),
      setUp: ({ store, effect }: CrashSetting<DynamoDBStore>) => {
        histories += 1;
        const history = histories;
        let bookings = 0;
        const book = effect('db.book', async (id: string, completion: Completion) => {
          bookings += 1;
          const Item = { id: { S: `refund ${history} ${id} ${bookings}` } };
          if (isWrong) return void (await client.send(new PutItemCommand({ TableName: tableName, Item })));
          const put = { Put: { TableName: tableName, Item } };
          await client.send(
            new TransactWriteItemsCommand({ TransactItems: [put, store.transactItem(completion)] }),
          );
        });
        const refund = makeIdempotent(
          async (id: string) => {
            const completion = await currentExecution().completion(id);
            await book(id, completion);
            return id;
          },
          { name: 'refunds.refund', key: (id) => [history, id], store },
        );
        return { history, refund };
      },
      calls: [({ refund }: { refund: (id: string) => Promise<string> }) => refund('R-1')],
      invariant: async ({ history }: { history: number }) => {
        let found = 0;
        for (let n = 1; n < 5; n += 1) {
          const { Count } = await client.send(
            new QueryCommand({
              TableName: tableName,
              KeyConditionExpression: 'id = :id',
              ExpressionAttributeValues: { ':id': { S: `refund ${history} R-1 ${n}` } },
            }),
          );
          found += Count ?? 0;
        }
        expect(found).to.equal(1);
      },
    });
    expect((await crashTest(options(false))).effects).to.include.keys('claim', 'db.book');
    expect(await rejection(crashTest(options(true)))).to.be.instanceOf(CrashTestError);
  });
});
