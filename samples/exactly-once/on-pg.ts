import type { Pool, PoolClient } from 'pg';
import type { InTransaction } from './transfers-on-postgres.js';

/** Transactions on a pool of `pg`, each on a connection of its own. */
export function onPg(pool: Pool): InTransaction {
  return async (work) => {
    const tx: PoolClient = await pool.connect();
    // A connection that breaks says so, and ends the process where nobody listens; the next query says it as well.
    const hear = () => {};
    tx.on('error', hear);
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
      tx.off('error', hear);
      tx.release(broken);
    }
  };
}
