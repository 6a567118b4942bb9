import { sql } from 'drizzle-orm';
import type { NodePgDatabase } from 'drizzle-orm/node-postgres';
import { integer, pgTable, text } from 'drizzle-orm/pg-core';
import { currentExecution, Idempotent } from 'retrysafe';
import { type PostgresClient, PostgresStore } from 'retrysafe/postgres';
import { newReceipt, type Transfer } from './transfer.js';

/** A database of Drizzle, or one of its transactions; the same on its other drivers. */
export const clientOf = (drizzle: Pick<NodePgDatabase, 'execute'>): PostgresClient => ({
  query: (text, values) => drizzle.execute(sql(Object.assign(text.split(/\$\d+/), { raw: [] }), ...values)),
});

const transfers = pgTable('transfers', {
  id: text().notNull(),
  account: text().notNull(),
  amount: integer().notNull(),
});

export class DrizzleTransfers {
  readonly store: PostgresStore;

  constructor(readonly drizzle: NodePgDatabase) {
    this.store = new PostgresStore({ client: clientOf(drizzle) });
  }

  @Idempotent({ key: 'id', store: (self: DrizzleTransfers) => self.store })
  async transfer(transfer: Transfer) {
    const receipt = newReceipt();
    const completion = await currentExecution().completion(receipt); // before the transaction begins
    await this.drizzle.transaction(async (tx) => {
      await tx.insert(transfers).values(transfer);
      await this.store.complete(clientOf(tx), completion);
    });
    return receipt;
  }
}
