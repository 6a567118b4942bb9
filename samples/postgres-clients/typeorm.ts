import { currentExecution, Idempotent } from 'retrysafe';
import { type PostgresClient, PostgresStore } from 'retrysafe/postgres';
import { type DataSource, type EntityManager, EntitySchema } from 'typeorm';
import { newReceipt, type Transfer } from './transfer.js';

/** A manager: that of the data source, or that of a transaction. It answers an UPDATE with its rows and their number. */
export const clientOf = (manager: EntityManager): PostgresClient => ({
  query: async (text, values) => {
    const rows = await manager.query(text, values);
    return Array.isArray(rows[0]) ? rows[0] : rows;
  },
});

export const transfers = new EntitySchema<Transfer>({
  name: 'transfers',
  columns: { id: { type: 'text', primary: true }, account: { type: 'text' }, amount: { type: 'integer' } },
});

export class TypeormTransfers {
  readonly store: PostgresStore;

  constructor(readonly dataSource: DataSource) {
    this.store = new PostgresStore({ client: clientOf(dataSource.manager) });
  }

  @Idempotent({ key: 'id', store: (self: TypeormTransfers) => self.store })
  async transfer(transfer: Transfer) {
    const receipt = newReceipt();
    const completion = await currentExecution().completion(receipt); // before the transaction begins
    await this.dataSource.transaction(async (tx) => {
      await tx.insert(transfers, transfer);
      await this.store.complete(clientOf(tx), completion);
    });
    return receipt;
  }
}
