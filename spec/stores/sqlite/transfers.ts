import type { Completion } from 'retrysafe';
import { SqliteStore } from 'retrysafe/sqlite';
import type { OpenDatabase } from '../../support/sqlite-drivers.js';
import { Transfer as TransferBy } from '../matrix/transfer.js';

/** The error with which the business refuses a transaction. */
export const noMoney = new Error('no money');

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
  commit(account: string, completion: Completion): void {
    this.inTransaction(() => {
      this.add(account, completion.record.key);
      this.store.complete(completion);
    });
  }

  commitInFront(account: string, completion: Completion): void {
    this.inTransaction(() => {
      this.store.complete(completion);
      this.add(account, completion.record.key);
    });
  }

  /** Has the business refuse the transaction, after everything was done in it. */
  async commitRefused(account: string, completion: Completion): Promise<void> {
    this.inTransaction(() => {
      this.store.complete(completion);
      this.add(account, 'never');
      throw noMoney;
    });
  }

  async completeWith(value: unknown): Promise<void> {
    this.inTransaction(() => this.store.complete(value as Completion));
  }

  transfersOf(account: string): number {
    return this.database.prepare('SELECT receipt FROM transfers WHERE account = ?').all(account).length;
  }
}

/** One transfer, as several processes of this application are asked for it. */
export class Transfer extends TransferBy<Application> {}
