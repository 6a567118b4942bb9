import { CompiledQuery, type Kysely } from 'kysely';
import { currentExecution, Idempotent } from 'retrysafe';
import { type PostgresClient, PostgresStore } from 'retrysafe/postgres';
import { newReceipt, type Transfer } from './transfer.js';

/** Kysely, or one of its transactions. */
export const clientOf = (kysely: Kysely<Tables>): PostgresClient => ({
  query: (text, values) => kysely.executeQuery(CompiledQuery.raw(text, values)),
});

export interface Tables {
  readonly transfers: Transfer;
}

export class KyselyTransfers {
  readonly store: PostgresStore;

  constructor(readonly kysely: Kysely<Tables>) {
    this.store = new PostgresStore({ client: clientOf(kysely) });
  }

  @Idempotent({ key: 'id', store: (self: KyselyTransfers) => self.store })
  async transfer(transfer: Transfer) {
    const receipt = newReceipt();
    const completion = await currentExecution().completion(receipt); // before the transaction begins
    await this.kysely.transaction().execute(async (tx) => {
      await tx.insertInto('transfers').values(transfer).execute();
      await this.store.complete(clientOf(tx), completion);
    });
    return receipt;
  }
}
