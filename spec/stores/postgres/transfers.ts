import { escapeIdentifier, type Pool, type PoolClient } from 'pg';
import {
  type Completion,
  currentExecution,
  type IdempotencyRecord,
  type IdempotentOptions,
  makeIdempotent,
} from 'retrysafe';
import type { PostgresStore } from 'retrysafe/postgres';
import type { PostgresFixture } from '../../support/postgres.js';
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
    // A client of `pg` that is taken out of its pool ends the process where its connection breaks and nobody listens.
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

let count = 0;

/** One transfer to an account of its own, under a name of its own, as several processes are asked for it. */
export class Transfer {
  readonly name: string;
  readonly account: string;
  /** Of the last run. */
  key = '';
  runs = 0;

  constructor(readonly options: IdempotentOptions) {
    count += 1;
    this.name = `transfer ${count}`;
    this.account = `account ${count} of ${process.pid}`;
  }

  /** Asks one process for it. Unless the spec has other work, that commits the receipt of the run and returns it. */
  at(
    application: Application,
    work: (application: Application) => Promise<unknown> = (here) => this.commitReceipt(here),
    more: IdempotentOptions = {},
  ): Promise<unknown> {
    return this.operation(application, work, more)(this.account);
  }

  operation(
    application: Application,
    work: (application: Application) => Promise<unknown>,
    more: IdempotentOptions = {},
  ): (account: string) => Promise<unknown> {
    return makeIdempotent(
      async (_account: string) => {
        this.key = currentExecution().key;
        this.runs += 1;
        return work(application);
      },
      { ...this.options, name: this.name, store: application.store, ...more },
    );
  }

  async commitReceipt(application: Application, begin?: string): Promise<{ readonly run: number }> {
    const receipt = { run: this.runs };
    await application.commit(this.account, await currentExecution().completion(receipt), begin);
    return receipt;
  }

  standing({ store }: Application): Promise<IdempotencyRecord | undefined> {
    return store.find(this.key);
  }

  /** How often the method ran here, how often the business was really done, and what became of the key. */
  async traces(application: Application): Promise<{ runs: number; transfers: number; status: string }> {
    const { runs } = this;
    const transfers = await application.transfersOf(this.account);
    return { runs, transfers, status: (await this.standing(application))?.state.status ?? 'none' };
  }
}
