// Libraries that run statements in the caller's transaction. What the store records must not be part of it.
import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import { PrismaPg } from '@prisma/adapter-pg';
import cls from 'cls-hooked';
import pg from 'pg';
import { ConfigurationError, makeIdempotent } from 'retrysafe';
import {
  fromPrisma,
  fromSequelize,
  fromTypeORM,
  type PostgresClient,
  PostgresStore,
} from 'retrysafe/postgres';
import { QueryTypes, Sequelize, Transaction } from 'sequelize';
import { DataSource } from 'typeorm';
import {
  addTransactionalDataSource,
  initializeTransactionalContext,
  runInTransaction,
} from 'typeorm-transactional';
import { PrismaClient } from '../generated/client.js';

const ambient = new AsyncLocalStorage<{ readonly $queryRawUnsafe: PrismaClient['$queryRawUnsafe'] }>();

/** Does some work in a transaction of the library's. */
type InTransaction = (work: () => Promise<unknown>) => Promise<unknown>;

class CallerFailed extends Error {}

/** By its name: a service over a client, in a caller's transaction that rolls back. */
export const ambientTransactions: Record<string, (url: string) => Promise<void>> = {
  async 'typeorm-transactional'(url) {
    initializeTransactionalContext();
    const source = addTransactionalDataSource(new DataSource({ type: 'postgres', url }));
    await source.initialize();
    try {
      const inTransaction: InTransaction = (work) => runInTransaction(work);
      await inTransaction(async () => assert.ok(source.manager.queryRunner?.isTransactionActive));
      await keepsItsRecord(fromTypeORM(source), inTransaction);
      const ambientClient: PostgresClient = {
        query: async (text, values) => {
          const rows = await source.query(text, values);
          return Array.isArray(rows[0]) ? rows[0] : rows;
        },
      };
      await assert.rejects(keepsItsRecord(ambientClient, inTransaction), hasRunAgain);
      // A transaction is only for complete(), and a foreign object is refused.
      await inTransaction(async () =>
        assert.throws(
          () => new PostgresStore({ client: fromTypeORM(source.manager) }),
          isRefusal(/is in no transaction/),
        ),
      );
      assert.throws(() => fromTypeORM(source.manager), isRefusal(/pass the DataSource/));
    } finally {
      await source.destroy();
    }
  },

  async "Sequelize's own CLS"(url) {
    const namespace = cls.createNamespace(`transactions ${randomUUID()}`);
    const Ambient = class extends Sequelize {};
    Ambient.useCLS(namespace);
    const sequelize = new Ambient(url, { logging: false });
    try {
      const inTransaction: InTransaction = (work) => sequelize.transaction(() => work());
      await inTransaction(async () => assert.ok(namespace.get('transaction') instanceof Transaction));
      await keepsItsRecord(fromSequelize(sequelize), inTransaction);
      const ambientClient: PostgresClient = {
        query: (text, values) => sequelize.query(text, { bind: values, type: QueryTypes.SELECT }),
      };
      await assert.rejects(keepsItsRecord(ambientClient, inTransaction), hasRunAgain);
    } finally {
      await sequelize.close();
    }
  },

  async 'an extension of Prisma'(url) {
    const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: url }) });
    const extended = prisma.$extends({
      query: {
        $queryRawUnsafe({
          args: [text, ...values],
          query,
        }: {
          args: [string, ...unknown[]];
          query: (args: unknown) => unknown;
        }) {
          const tx = ambient.getStore();
          return tx ? tx.$queryRawUnsafe(text, ...values) : query([text, ...values]);
        },
      } as never,
    });
    try {
      const inTransaction: InTransaction = (work) => prisma.$transaction((tx) => ambient.run(tx, work));
      await keepsItsRecord(fromPrisma(prisma), inTransaction);
      const ambientClient: PostgresClient = {
        query: (text, values) => extended.$queryRawUnsafe(text, ...values),
      };
      await assert.rejects(keepsItsRecord(ambientClient, inTransaction), hasRunAgain);
      assert.throws(
        () => new PostgresStore({ client: fromPrisma(extended) }),
        isRefusal(/of the client that `new PrismaClient\(\)` returned/),
      );
    } finally {
      await prisma.$disconnect();
    }
  },

  async 'a BEGIN on the client of pg that the store has'(url) {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      const store = new PostgresStore({ client });
      let runs = 0;
      const charge = chargeOver(store, async () => {
        runs += 1;
      });
      await client.query('BEGIN');
      await assert.rejects(charge(), (error: Error) =>
        isRefusal(/a transaction is open on the store's client/)(error.cause),
      );
      await client.query('ROLLBACK');
      assert.equal(runs, 0);
      await charge();
      assert.equal(runs, 1);
    } finally {
      await client.end();
    }
  },
};

function chargeOver(store: PostgresStore, work: () => Promise<void>) {
  const order = randomUUID();
  const charge = makeIdempotent((_: { readonly order: string }) => work(), {
    name: 'ambient.charge',
    key: 'order',
    store,
  });
  return () => charge({ order });
}

/** A call that was completed stays so, whatever becomes of the transaction that its caller was in. */
async function keepsItsRecord(client: PostgresClient, inTransaction: InTransaction): Promise<void> {
  let charges = 0;
  const charge = chargeOver(new PostgresStore({ client }), async () => {
    charges += 1;
  });
  const failing = inTransaction(async () => {
    await charge();
    throw new CallerFailed();
  });
  await assert.rejects(failing, CallerFailed);
  await charge();
  assert.equal(charges, 1, workDoneAgain);
}

// What is tried has to be able to go wrong: so it does with a client that follows the caller.
const workDoneAgain = 'the work was done again';
const hasRunAgain = ({ message }: Error) => message.includes(workDoneAgain);

function isRefusal(message: RegExp) {
  return (error: unknown) => error instanceof ConfigurationError && message.test(error.message);
}
