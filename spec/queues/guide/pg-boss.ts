import pg from 'pg';
import { currentExecution, Idempotent } from 'retrysafe';
import { idempotentHandler, type PgBossClient, type PgBossJob, pgBossSettings } from 'retrysafe/pg-boss';
import { PostgresStore } from 'retrysafe/postgres';
import { queueTiming } from 'retrysafe/queues';

type Settlement = { readonly id: string; readonly cents: number };

export const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL });
const store = new PostgresStore({ client: pool });
const timing = queueTiming({ visibilityTimeout: '1m', maxReceives: 4, workTime: '20s' });

class SettlementService {
  @Idempotent({ key: 'id', fingerprint: 'cents', store, ...timing.method })
  async settle({ id, cents }: Settlement) {
    const receipt = { id, cents, settledAt: new Date() };
    const completion = await currentExecution().completion(receipt);
    const tx = await pool.connect();
    try {
      await tx.query('BEGIN');
      await tx.query('INSERT INTO settlements (id, cents) VALUES ($1, $2)', [id, cents]);
      await store.complete(tx, completion); // the row and the outcome, or neither
      await tx.query('COMMIT');
    } catch (error) {
      await tx.query('ROLLBACK');
      throw error;
    } finally {
      tx.release();
    }
    return receipt;
  }
}
const service = new SettlementService();

// What is called of `PgBoss`.
interface Boss extends PgBossClient {
  createQueue(name: string, options?: object): Promise<unknown>;
  work(name: string, options: object, handler: (jobs: PgBossJob<Settlement>[]) => unknown): Promise<unknown>;
}

export async function startWorker(boss: Boss) {
  const settings = pgBossSettings(timing);
  await boss.createQueue('settlements-to-look-at');
  await boss.createQueue('settlements', { ...settings.queue, deadLetter: 'settlements-to-look-at' });
  const handler = idempotentHandler(boss, (job: PgBossJob<Settlement>) => service.settle(job.data));
  await boss.work('settlements', { ...settings.work, batchSize: 10 }, handler);
}
