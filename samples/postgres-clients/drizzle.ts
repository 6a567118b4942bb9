import type { NodePgDatabase } from 'drizzle-orm/node-postgres';
import { integer, pgTable, text } from 'drizzle-orm/pg-core';
import { currentExecution, Idempotent } from 'retrysafe';
import { fromDrizzle, PostgresStore } from 'retrysafe/postgres';
import { newReceipt, type Transfer } from './transfer.js';

const transfers = pgTable('transfers', {
  id: text().notNull(),
  account: text().notNull(),
  amount: integer().notNull(),
});

export class DrizzleTransfers {
  readonly store: PostgresStore;

  constructor(readonly drizzle: NodePgDatabase) {
    this.store = new PostgresStore({ client: fromDrizzle(drizzle) });
  }

  @Idempotent({ key: 'id', store: (self: DrizzleTransfers) => self.store })
  async transfer(transfer: Transfer) {
    const receipt = newReceipt();
    const completion = await currentExecution().completion(receipt); // before the transaction begins
    await this.drizzle.transaction(async (tx) => {
      await tx.insert(transfers).values(transfer);
      await this.store.complete(fromDrizzle(tx), completion);
    });
    return receipt;
  }
}
