import type { PGlite } from '@electric-sql/pglite';
import { currentExecution, Idempotent } from 'retrysafe';
import { PostgresStore } from 'retrysafe/postgres';
import { newReceipt, type Transfer } from './transfer.js';

/** PGlite and its transactions fit as they are. */
export class PgliteTransfers {
  readonly store: PostgresStore;

  constructor(readonly pglite: PGlite) {
    this.store = new PostgresStore({ client: pglite });
  }

  @Idempotent({ key: 'id', store: (self: PgliteTransfers) => self.store })
  async transfer({ id, account, amount }: Transfer) {
    const receipt = newReceipt();
    const completion = await currentExecution().completion(receipt); // before the transaction begins
    await this.pglite.transaction(async (tx) => {
      await tx.query('INSERT INTO transfers (id, account, amount) VALUES ($1, $2, $3)', [
        id,
        account,
        amount,
      ]);
      await this.store.complete(tx, completion);
    });
    return receipt;
  }
}
