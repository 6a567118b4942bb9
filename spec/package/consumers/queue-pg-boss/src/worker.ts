import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { PGlite } from '@electric-sql/pglite';
import { fromPglite, type Job, type JobWithMetadata, PgBoss } from 'pg-boss';
import { Idempotent, InMemoryStore, KeyError } from 'retrysafe';
import { idempotentHandler, type PgBossClient, type PgBossJob, pgBossSettings } from 'retrysafe/pg-boss';
import { queueTiming } from 'retrysafe/queues';

interface Settlement {
  readonly id: string;
}

class SettlementService {
  runs = 0;

  @Idempotent({ key: 'id', store: new InMemoryStore() })
  async settle({ id }: Settlement) {
    this.runs += 1;
    return { id, run: this.runs };
  }
}

/** What the guide declares of a `PgBoss`. */
interface Boss extends PgBossClient {
  createQueue(name: string, options?: object): Promise<unknown>;
  work(name: string, options: object, handler: (jobs: PgBossJob<Settlement>[]) => unknown): Promise<unknown>;
}

export async function runWorker(): Promise<void> {
  const pglite = await PGlite.create();
  const boss = new PgBoss({ db: fromPglite(pglite), backend: 'pglite', supervise: false, schedule: false });
  boss.on('error', (error) => console.error(error));
  await boss.start();
  const asInGuide: Boss = boss;

  const settings = pgBossSettings(queueTiming({ visibilityTimeout: 60, maxReceives: 4, workTime: 10 }));
  await asInGuide.createQueue('dead');
  await boss.createQueue('settlements', { ...settings.queue, deadLetter: 'dead' });
  const service = new SettlementService();
  const fast = { ...settings.work, pollingIntervalSeconds: 0.5 };
  const handler = idempotentHandler(boss, (job: Job<Settlement>) => {
    if (job.data.id === 'later') throw new KeyError('a message without a key');
    return service.settle(job.data);
  });
  const ids = [];
  for (const id of ['s-1', 's-1', 'later']) ids.push(await boss.send('settlements', { id }));
  await boss.work<Settlement>('settlements', { ...fast, batchSize: 3 }, handler);

  const ended = async () => {
    const jobs = await boss.findJobs<Settlement>('settlements');
    return jobs.every(({ state }) => state === 'completed' || state === 'failed') && jobs;
  };
  let jobs = await ended();
  for (const limit = Date.now() + 20_000; !jobs; jobs = await ended()) {
    assert(Date.now() < limit, 'the jobs have not ended');
    await pause(20);
  }
  const found = new Map(jobs.map((job) => [job.id, job]));
  const [first, equal, broken] = ids.map((id) => found.get(id ?? ''));
  assert.deepEqual(first?.output, { id: 's-1', run: 1 });
  assert.deepEqual(equal?.output, { id: 's-1', run: 1 });
  assert.deepEqual(broken?.output, { advice: 'fix-request', reason: 'KeyError: a message without a key' });
  assert.equal((await boss.findJobs('dead')).length, 1);
  await boss.stop({ graceful: false });
  await pglite.close();
}

/** What has to compile, and what must not. */
export async function types(boss: PgBoss): Promise<void> {
  const handler = idempotentHandler(boss, (job: PgBossJob<Settlement>) => job.data.id);
  await boss.work('q', handler);
  await boss.work('q', { includeMetadata: true, perJobResults: true }, handler);
  const withMetadata = idempotentHandler(boss, (job: JobWithMetadata<Settlement>) => job.retryLimit);
  await boss.work('q', { includeMetadata: true }, withMetadata);
  // @ts-expect-error: a handler of a transactional worker gets a transaction
  await boss.work('q', { transactional: true }, handler);
}
