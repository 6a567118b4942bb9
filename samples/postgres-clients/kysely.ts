import type { Kysely } from 'kysely';
import { currentExecution, Idempotent } from 'retrysafe';
import { fromKysely, PostgresStore } from 'retrysafe/postgres';
import { newReceipt, type Transfer } from './transfer.js';

export interface Tables {
  readonly transfers: Transfer;
}

export class KyselyTransfers {
  readonly store: PostgresStore;

  constructor(readonly kysely: Kysely<Tables>) {
    this.store = new PostgresStore({ client: fromKysely(kysely) });
  }

  @Idempotent({ key: 'id', store: (self: KyselyTransfers) => self.store })
  async transfer(transfer: Transfer) {
    const receipt = newReceipt();
    const completion = await currentExecution().completion(receipt); // before the transaction begins
    await this.kysely.transaction().execute(async (tx) => {
      await tx.insertInto('transfers').values(transfer).execute();
      await this.store.complete(fromKysely(tx), completion);
    });
    return receipt;
  }
}
