import { currentExecution, Idempotent } from 'retrysafe';
import { fromPrisma, PostgresStore } from 'retrysafe/postgres';
import type { PrismaClient } from './generated/client.js';
import { newReceipt, type Transfer } from './transfer.js';

export class PrismaTransfers {
  readonly store: PostgresStore;

  constructor(readonly prisma: PrismaClient) {
    this.store = new PostgresStore({ client: fromPrisma(prisma) });
  }

  @Idempotent({ key: 'id', store: (self: PrismaTransfers) => self.store })
  async transfer(transfer: Transfer) {
    const receipt = newReceipt();
    const completion = await currentExecution().completion(receipt); // before the transaction begins
    await this.prisma.$transaction(async (tx) => {
      await tx.transfer.create({ data: transfer });
      await this.store.complete(fromPrisma(tx), completion);
    });
    return receipt;
  }
}
