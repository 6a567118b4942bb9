import { currentExecution, IdempotencyDefaults, Idempotent } from 'retrysafe';
import type { PostgresClient, PostgresStore } from 'retrysafe/postgres';
import {
  type Incidents,
  NotEnoughMoney,
  type Receipt,
  type TransferRequest,
  type Transfers,
} from './transfers.js';

/** Runs work in a transaction of the database, which commits when the work returns and rolls back when it throws. */
export type InTransaction = <T>(work: (tx: PostgresClient) => Promise<T>) => Promise<T>;

/** Moves money between accounts of a PostgreSQL database, each transfer exactly once. */
@IdempotencyDefaults({ name: 'TransfersOnPostgres' })
export class TransfersOnPostgres implements Transfers {
  constructor(
    readonly inTransaction: InTransaction,
    readonly store: PostgresStore,
    readonly incidents: Incidents = {},
  ) {}

  @Idempotent({
    key: 'transferId',
    fingerprint: '[from, to, cents]',
    ttl: '7d',
    lease: '2s',
    clockTolerance: '100ms',
    remember: [NotEnoughMoney],
    store: (self: TransfersOnPostgres) => self.store,
  })
  async transfer({ transferId, from, to, cents }: TransferRequest): Promise<Receipt> {
    const receipt = { transferId, cents, at: new Date() };
    // Before the transaction begins: it may have to renew the claim, on another connection.
    const completion = await currentExecution().completion(receipt);
    await this.incidents.beforeTransaction?.();
    await this.inTransaction(async (tx) => {
      const { length } = rows(
        await tx.query('UPDATE accounts SET cents = cents - $2 WHERE id = $1 AND cents >= $2 RETURNING id', [
          from,
          cents,
        ]),
      );
      if (length === 0) throw new NotEnoughMoney(`${from} has less than ${cents} cents`);
      await tx.query('UPDATE accounts SET cents = cents + $2 WHERE id = $1', [to, cents]);
      // Throws where another call has taken over, so that the money stays where it was.
      await this.store.complete(tx, completion);
    });
    await this.incidents.afterCommit?.();
    return receipt; // what was completed with
  }
}

function rows(result: Awaited<ReturnType<PostgresClient['query']>>): readonly unknown[] {
  return 'rows' in result ? result.rows : result;
}
