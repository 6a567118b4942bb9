import { escapeIdentifier, type Pool, type PoolClient } from 'pg';
import type { Completion } from 'retrysafe';
import type { PostgresStore } from 'retrysafe/postgres';
import type { PostgresFixture } from '../../support/postgres.js';
import { Transfer as TransferBy } from '../matrix/transfer.js';
import { createTable } from './tables.js';

/** The tables of an application: one for its records, and the business's own. */
export interface Tables {
  readonly records: string;
  readonly accounts: string;
}

/** Creates empty tables. No account has more than 1,000 transfers. */
export async function createTables(postgres: PostgresFixture): Promise<Tables> {
  const [records, accounts] = [await createTable(postgres), postgres.tableName()];
  await postgres.query(
    `CREATE TABLE ${accounts} (id text PRIMARY KEY, transfers int NOT NULL CHECK (transfers <= 1000))`,
  );
  return { records, accounts };
}

/** What one process of an application has: a pool, a store of records, and the business's own table of accounts. */
export class Application {
  constructor(
    readonly pool: Pool,
    readonly store: PostgresStore,
    readonly accounts: string,
  ) {
    // A client of `pg` that is taken out of its pool ends the process where its connection breaks and nothing listens.
    pool.on('connect', (client) => client.on('error', () => {}));
  }

  /** Does some work in a transaction, on a connection of its own. */
  async transaction<T>(work: (tx: PoolClient) => Promise<T>, begin = 'BEGIN'): Promise<T> {
    const tx = await this.pool.connect();
    let broken: Error | undefined;
    try {
      await tx.query(begin);
      const result = await work(tx);
      await tx.query('COMMIT');
      return result;
    } catch (error) {
      await tx.query('ROLLBACK').catch((fault: Error) => {
        broken = fault;
      });
      throw error;
    } finally {
      tx.release(broken);
    }
  }

  /** Adds a transfer to the account and completes the call, both or neither. */
  commit(account: string, completion: Completion, begin?: string): Promise<void> {
    return this.transaction(async (tx) => {
      await this.add(tx, account);
      await this.store.complete(tx, completion);
    }, begin);
  }

  commitInFront(account: string, completion: Completion): Promise<void> {
    return this.transaction(async (tx) => {
      await this.store.complete(tx, completion);
      await this.add(tx, account);
    });
  }

  /** Has a rule of the business refuse the transaction: the account has too many transfers. */
  commitRefused(account: string, completion: Completion): Promise<void> {
    return this.transaction(async (tx) => {
      await this.store.complete(tx, completion);
      await this.add(tx, account, 1_001);
    });
  }

  completeWith(value: unknown): Promise<void> {
    return this.transaction((tx) => this.store.complete(tx, value as Completion));
  }

  /** What a transfer does to its account. It counts, so that none is done twice unseen. */
  async add(tx: PoolClient, account: string, transfers = 1): Promise<void> {
    await tx.query(
      `INSERT INTO ${escapeIdentifier(this.accounts)} AS account VALUES ($1, $2)
       ON CONFLICT (id) DO UPDATE SET transfers = account.transfers + excluded.transfers`,
      [account, transfers],
    );
  }

  async transfersOf(account: string): Promise<number> {
    const { rows } = await this.pool.query(
      `SELECT transfers FROM ${escapeIdentifier(this.accounts)} WHERE id = $1`,
      [account],
    );
    return rows[0]?.transfers ?? 0;
  }
}

/** One transfer, as several processes of this application are asked for it. */
export class Transfer extends TransferBy<Application> {}
