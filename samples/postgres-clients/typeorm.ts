import { currentExecution, Idempotent } from 'retrysafe';
import { fromTypeORM, PostgresStore } from 'retrysafe/postgres';
import { type DataSource, EntitySchema } from 'typeorm';
import { newReceipt, type Transfer } from './transfer.js';

export const transfers = new EntitySchema<Transfer>({
  name: 'transfers',
  columns: { id: { type: 'text', primary: true }, account: { type: 'text' }, amount: { type: 'integer' } },
});

export class TypeormTransfers {
  readonly store: PostgresStore;

  constructor(readonly dataSource: DataSource) {
    this.store = new PostgresStore({ client: fromTypeORM(dataSource) });
  }

  @Idempotent({ key: 'id', store: (self: TypeormTransfers) => self.store })
  async transfer(transfer: Transfer) {
    const receipt = newReceipt();
    const completion = await currentExecution().completion(receipt); // before the transaction begins
    await this.dataSource.transaction(async (tx) => {
      await tx.insert(transfers, transfer);
      await this.store.complete(fromTypeORM(tx), completion);
    });
    return receipt;
  }
}
