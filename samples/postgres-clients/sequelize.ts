import { currentExecution, Idempotent } from 'retrysafe';
import { fromSequelize, PostgresStore } from 'retrysafe/postgres';
import { DataTypes, type Sequelize } from 'sequelize';
import { newReceipt, type Transfer } from './transfer.js';

export class SequelizeTransfers {
  readonly store: PostgresStore;

  constructor(readonly sequelize: Sequelize) {
    this.store = new PostgresStore({ client: fromSequelize(sequelize) });
    sequelize.define(
      'transfers',
      { id: { type: DataTypes.TEXT, primaryKey: true }, account: DataTypes.TEXT, amount: DataTypes.INTEGER },
      { timestamps: false },
    );
  }

  @Idempotent({ key: 'id', store: (self: SequelizeTransfers) => self.store })
  async transfer(transfer: Transfer) {
    const receipt = newReceipt();
    const completion = await currentExecution().completion(receipt); // before the transaction begins
    await this.sequelize.transaction(async (transaction) => {
      await this.sequelize.model('transfers').create({ ...transfer }, { transaction });
      await this.store.complete(fromSequelize(this.sequelize, transaction), completion);
    });
    return receipt;
  }
}
