import type { Sql } from 'postgres';
import { currentExecution, Idempotent } from 'retrysafe';
import { fromPostgresJs, PostgresStore } from 'retrysafe/postgres';
import { newReceipt, type Transfer } from './transfer.js';

export class PostgresJsTransfers {
  readonly store: PostgresStore;

  constructor(readonly sql: Sql) {
    this.store = new PostgresStore({ client: fromPostgresJs(sql) });
  }

  @Idempotent({ key: 'id', store: (self: PostgresJsTransfers) => self.store })
  async transfer(transfer: Transfer) {
    const receipt = newReceipt();
    const completion = await currentExecution().completion(receipt); // before the transaction begins
    await this.sql.begin(async (tx) => {
      await tx`INSERT INTO transfers ${tx({ ...transfer })}`;
      await this.store.complete(fromPostgresJs(tx), completion);
    });
    return receipt;
  }
}
