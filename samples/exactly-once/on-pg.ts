import type { Pool, PoolClient } from 'pg';
import type { InTransaction } from './transfers-on-postgres.js';

/** Transactions on a pool of `pg`, each on a connection of its own. */
export function onPg(pool: Pool): InTransaction {
  return async (work) => {
    const tx: PoolClient = await pool.connect();
    let broken: Error | undefined;
    try {
      await tx.query('BEGIN');
      const result = await work(tx);
      await tx.query('COMMIT');
      return result;
    } catch (error) {
      await tx.query('ROLLBACK').catch((fault: Error) => {
        broken = fault;
      });
      throw error;
    } finally {
      // A connection on which nobody knows whether a transaction is open goes to nobody else.
      tx.release(broken);
    }
  };
}
