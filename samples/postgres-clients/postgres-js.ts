import type { ISql, Sql } from 'postgres';
import { currentExecution, Idempotent } from 'retrysafe';
import { type PostgresClient, PostgresStore } from 'retrysafe/postgres';
import { newReceipt, type Transfer } from './transfer.js';

/** The `sql` of `postgres()`, or that of one of its transactions. */
export const clientOf = (sql: ISql): PostgresClient => ({
  query: (text, values) => sql.unsafe(text, values),
});

export class PostgresJsTransfers {
  readonly store: PostgresStore;

  constructor(readonly sql: Sql) {
    this.store = new PostgresStore({ client: clientOf(sql) });
  }

  @Idempotent({ key: 'id', store: (self: PostgresJsTransfers) => self.store })
  async transfer(transfer: Transfer) {
    const receipt = newReceipt();
    const completion = await currentExecution().completion(receipt); // before the transaction begins
    await this.sql.begin(async (tx) => {
      await tx`INSERT INTO transfers ${tx({ ...transfer })}`;
      await this.store.complete(clientOf(tx), completion);
    });
    return receipt;
  }
}
