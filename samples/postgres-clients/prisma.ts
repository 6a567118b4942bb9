import { currentExecution, Idempotent } from 'retrysafe';
import { type PostgresClient, PostgresStore } from 'retrysafe/postgres';
import type { Prisma, PrismaClient } from './generated/client.js';
import { newReceipt, type Transfer } from './transfer.js';

/** A `PrismaClient`, or the client of an interactive transaction. */
export const clientOf = (prisma: Prisma.TransactionClient): PostgresClient => ({
  query: (text, values) => prisma.$queryRawUnsafe<object[]>(text, ...values),
});

export class PrismaTransfers {
  readonly store: PostgresStore;

  constructor(readonly prisma: PrismaClient) {
    this.store = new PostgresStore({ client: clientOf(prisma) });
  }

  @Idempotent({ key: 'id', store: (self: PrismaTransfers) => self.store })
  async transfer(transfer: Transfer) {
    const receipt = newReceipt();
    const completion = await currentExecution().completion(receipt); // before the transaction begins
    await this.prisma.$transaction(async (tx) => {
      await tx.transfer.create({ data: transfer });
      await this.store.complete(clientOf(tx), completion);
    });
    return receipt;
  }
}
