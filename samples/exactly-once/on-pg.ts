import type { Pool, PoolClient } from 'pg';
import type { InTransaction } from './transfers-on-postgres.js';

/** Transactions on a pool of `pg`, each on a connection of its own. */
export function onPg(pool: Pool): InTransaction {
  return async (work) => {
    const tx: PoolClient = await pool.connect();
    // A broken connection emits `error`, which ends the process without a listener. The next query reports it as well.
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
      // A transaction may still be open on this connection, so it does not go back to the pool.
      tx.off('error', hear);
      tx.release(broken);
    }
  };
}
