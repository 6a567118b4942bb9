import { expect } from 'chai';
import { type Completion, ConfigurationError } from 'retrysafe';
import {
  fromDrizzle,
  fromKnex,
  fromKysely,
  fromPostgresJs,
  fromPrisma,
  fromSequelize,
  fromTypeORM,
  type PostgresClient,
  PostgresStore,
  type TypeORMQueryRunner,
} from 'retrysafe/postgres';
import { rejection, thrown } from '../../support/rejection.js';
import { record } from './records.js';

// The libraries themselves are tried in samples/postgres-clients. Here are shapes of theirs, to see what is called.
const never = () => expect.fail('it was called');
const method = () => {};
const callable = (members: object) => Object.assign(() => {}, members);

/** What each library gives: what a store works on, and what is a transaction. */
const shapes: Record<
  string,
  { readonly clients: readonly unknown[]; readonly transactions: readonly unknown[] }
> = {
  fromPrisma: {
    clients: [{ $queryRawUnsafe: never, $connect: method }],
    transactions: [{ $queryRawUnsafe: never, $transaction: method }],
  },
  fromTypeORM: {
    clients: [{ query: never, createQueryBuilder: never, createQueryRunner: never }],
    transactions: [
      { query: never, createQueryBuilder: never, queryRunner: { query: never, isTransactionActive: true } },
      { query: never, startTransaction: never, isTransactionActive: true },
    ],
  },
  fromSequelize: { clients: [{ query: never, define: never, transaction: never }], transactions: [] },
  fromKysely: {
    clients: [{ executeQuery: never, selectFrom: never, isTransaction: false }],
    transactions: [{ executeQuery: never, selectFrom: never, isTransaction: true }],
  },
  fromKnex: {
    clients: [callable({ raw: never, transaction: never })],
    transactions: [callable({ raw: never, transaction: never, isTransaction: true })],
  },
  fromDrizzle: {
    clients: [{ execute: never, select: never, insert: never, query: {} }],
    transactions: [{ execute: never, select: never, insert: never, query: {}, rollback: never }],
  },
  fromPostgresJs: {
    clients: [callable({ unsafe: never, typed: never, begin: never, listen: never })],
    transactions: [callable({ unsafe: never, typed: never, savepoint: never })],
  },
};
const wrappers: Record<string, (value: never) => PostgresClient> = {
  fromPrisma,
  fromTypeORM,
  fromSequelize,
  fromKysely,
  fromKnex,
  fromDrizzle,
  fromPostgresJs,
};

const store = new PostgresStore({ client: { query: never } });
const completion: Completion = { record: record(), token: 'own.1' };

function expectRefusal(error: unknown, message: RegExp): void {
  expect(error).to.be.instanceOf(ConfigurationError);
  expect((error as Error).message).to.match(message);
}

describe('clients of other libraries, for a PostgresStore', () => {
  for (const [name, { clients, transactions }] of Object.entries(shapes)) {
    const wrap = wrappers[name] as (value: unknown) => PostgresClient;

    it(`are refused as they are, and the refusal names ${name}`, async () => {
      for (const client of [...clients, ...transactions] as PostgresClient[]) {
        expectRefusal(
          thrown(() => new PostgresStore({ client })),
          new RegExp(`expected ${name}\\(`),
        );
        expectRefusal(await rejection(store.complete(client, completion)), new RegExp(`pass \\(${name}\\(`));
      }
    });

    it(`are a store's by ${name} where they are no transaction, and else complete()'s`, async () => {
      for (const client of clients) {
        const wrapped = wrap(client);
        new PostgresStore({ client: wrapped });
        expectRefusal(
          await rejection(store.complete(wrapped, completion)),
          /on which the transaction is open/,
        );
      }
      for (const transaction of transactions) {
        expectRefusal(
          thrown(() => new PostgresStore({ client: wrap(transaction) })),
          /in no transaction: a rollback would undo records/,
        );
      }
    });
  }

  it("are refused with Prisma's extensions, which may follow the caller", () => {
    const extended = { ...(shapes.fromPrisma?.clients[0] as object), _extensions: { isEmpty: () => false } };
    expectRefusal(
      thrown(() => new PostgresStore({ client: fromPrisma(extended as never) })),
      /fromPrisma\(\) of the client that `new PrismaClient\(\)` returned/,
    );
  });

  describe('of TypeORM', () => {
    let released: number;
    const failing: TypeORMQueryRunner = {
      isTransactionActive: false,
      query: async () => {
        throw new Error('refused');
      },
      release: async () => {
        released += 1;
      },
    };

    beforeEach(() => {
      released = 0;
    });

    it('give each statement a QueryRunner of its own, and give it back, also where it fails', async () => {
      const runner = { ...failing, query: async () => ({ records: [{ token: 'theirs.1' }] }) };
      const runners: TypeORMQueryRunner[] = [runner, failing];
      const source = { query: never, createQueryRunner: () => runners.shift() ?? never() };
      const client = fromTypeORM(source);
      expect(await client.query('SELECT', [])).to.deep.equal({ rows: [{ token: 'theirs.1' }] });
      expect(released).to.equal(1);
      expect(await rejection(client.query('SELECT', []))).to.have.property('message', 'refused');
      expect(released).to.equal(2);
    });

    it('are refused as a manager that is in no transaction, or whose transaction has ended', async () => {
      expectRefusal(
        thrown(() => fromTypeORM({ queryRunner: undefined })),
        /pass the DataSource/,
      );
      const ended = fromTypeORM({ queryRunner: failing });
      expectRefusal(await rejection(store.complete(ended, completion)), /no transaction is open/);
    });
  });

  it('of Sequelize keep out of the transaction that the caller is in', async () => {
    const asked: object[] = [];
    const sequelize = {
      query: async (_: string, options: object) => {
        asked.push(options);
        return [];
      },
    };
    const transaction = { commit: never };
    await fromSequelize(sequelize).query('SELECT', [1]);
    await fromSequelize(sequelize, transaction).query('SELECT', [1]);
    expect(asked[0]).to.include({ transaction: null, useMaster: true });
    expect(asked[1]).to.include({ transaction });
  });

  it('of Knex leave the name of a table as it is, whatever is in it', async () => {
    const asked: (readonly [string, unknown[]])[] = [];
    const knex = callable({
      raw: async (...given: [string, unknown[]]) => {
        asked.push(given);
        return [];
      },
    });
    const client = fromKnex(knex as never);
    await new PostgresStore({ client, table: 'why? "$1' }).replace(record(), 'none.1');
    const [[text, values]] = asked as unknown as [[string, unknown[]]];
    expect(text).to.include('"why\\? ""$1"');
    expect(text.match(/(?<!\\)\?/g)).to.have.length(values.length);
  });
});
