import type { Pool } from 'pg';
import { currentExecution, Idempotent } from 'retrysafe';
import { PostgresStore } from 'retrysafe/postgres';
import { newReceipt, type Transfer } from './transfer.js';

/** A pool and a client of `pg` fit as they are. */
export class PgTransfers {
  readonly store: PostgresStore;

  constructor(readonly pool: Pool) {
    this.store = new PostgresStore({ client: pool });
  }

  @Idempotent({ key: 'id', store: (self: PgTransfers) => self.store })
  async transfer({ id, account, amount }: Transfer) {
    const receipt = newReceipt();
    const completion = await currentExecution().completion(receipt); // before the transaction begins
    const client = await this.pool.connect();
    try {
      await client.query('BEGIN');
      await client.query('INSERT INTO transfers (id, account, amount) VALUES ($1, $2, $3)', [
        id,
        account,
        amount,
      ]);
      await this.store.complete(client, completion);
      await client.query('COMMIT');
    } catch (error) {
      await client.query('ROLLBACK');
      throw error;
    } finally {
      client.release();
    }
    return receipt;
  }
}
