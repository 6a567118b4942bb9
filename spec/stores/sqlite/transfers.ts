import { type Completion, currentExecution, type IdempotentOptions, makeIdempotent } from 'retrysafe';
import { SqliteStore } from 'retrysafe/sqlite';
import type { OpenDatabase } from '../../support/sqlite-drivers.js';

/** What one process of an application has: a database with a table of transfers, and the records beside it. */
export class Application {
  readonly store: SqliteStore;

  constructor(readonly database: OpenDatabase) {
    database.exec('CREATE TABLE IF NOT EXISTS transfers (account TEXT, receipt TEXT)');
    this.store = new SqliteStore({ database });
  }

  /** Does some work in a transaction: all of it, or nothing where it throws. */
  inTransaction(work: () => void): void {
    this.database.exec('BEGIN IMMEDIATE');
    try {
      work();
      this.database.exec('COMMIT');
    } catch (error) {
      this.database.exec('ROLLBACK');
      throw error;
    }
  }

  /** What a transfer does. It adds a row, so that none is done twice unseen. */
  add(account: string, receipt: unknown): void {
    this.database.prepare('INSERT INTO transfers VALUES (?, ?)').run(account, JSON.stringify(receipt));
  }

  /** Does a transfer and completes the call, both or neither. */
  commit(account: string, receipt: unknown, completion: Completion): void {
    this.inTransaction(() => {
      this.add(account, receipt);
      this.store.complete(completion);
    });
  }

  transfersOf(account: string): number {
    return this.database.prepare('SELECT receipt FROM transfers WHERE account = ?').all(account).length;
  }
}

let count = 0;

/** One transfer to an account of its own, as several processes are asked for it. */
export class Transfer {
  readonly account: string;
  /** Of the last run. */
  key = '';
  runs = 0;

  constructor(readonly options: IdempotentOptions) {
    count += 1;
    this.account = `account ${count}`;
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
      { name: 'transfer', ...this.options, store: application.store, ...more },
    );
  }

  async commitReceipt(application: Application): Promise<{ readonly run: number }> {
    const receipt = { run: this.runs };
    application.commit(this.account, receipt, await currentExecution().completion(receipt));
    return receipt;
  }

  /** How often the method ran here, how often the business was really done, and what became of the key. */
  async traces(application: Application): Promise<{ runs: number; transfers: number; status: string }> {
    const { runs } = this;
    const holder = await application.store.find(this.key);
    return { runs, transfers: application.transfersOf(this.account), status: holder?.state.status ?? 'none' };
  }
}
