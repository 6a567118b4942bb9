import type { Knex } from 'knex';
import { currentExecution, Idempotent } from 'retrysafe';
import { type PostgresClient, PostgresStore } from 'retrysafe/postgres';
import { newReceipt, type Transfer } from './transfer.js';

/** Knex, or one of its transactions. */
export const clientOf = (knex: Knex): PostgresClient => ({
  query: (text, values) => knex.raw(text.replace(/\$\d+/g, '?'), values),
});

export class KnexTransfers {
  readonly store: PostgresStore;

  constructor(readonly knex: Knex) {
    this.store = new PostgresStore({ client: clientOf(knex) });
  }

  @Idempotent({ key: 'id', store: (self: KnexTransfers) => self.store })
  async transfer(transfer: Transfer) {
    const receipt = newReceipt();
    const completion = await currentExecution().completion(receipt); // before the transaction begins
    await this.knex.transaction(async (tx) => {
      await tx<Transfer>('transfers').insert(transfer);
      await this.store.complete(clientOf(tx), completion);
    });
    return receipt;
  }
}
