import type { Knex } from 'knex';
import { currentExecution, Idempotent } from 'retrysafe';
import { fromKnex, PostgresStore } from 'retrysafe/postgres';
import { newReceipt, type Transfer } from './transfer.js';

export class KnexTransfers {
  readonly store: PostgresStore;

  constructor(readonly knex: Knex) {
    this.store = new PostgresStore({ client: fromKnex(knex) });
  }

  @Idempotent({ key: 'id', store: (self: KnexTransfers) => self.store })
  async transfer(transfer: Transfer) {
    const receipt = newReceipt();
    const completion = await currentExecution().completion(receipt); // before the transaction begins
    await this.knex.transaction(async (tx) => {
      await tx<Transfer>('transfers').insert(transfer);
      await this.store.complete(fromKnex(tx), completion);
    });
    return receipt;
  }
}
