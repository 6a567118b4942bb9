import { ConfigurationError } from '../../errors.js';
import { settle } from '../core/settlement.js';
import { checkSettlementOptions, type SettlementOptions } from '../core/settlement-options.js';
import { JobTable } from './job-table.js';
import type { PgBossClient, PgBossJob } from './pg-boss-client.js';

/** Options of `idempotentHandler`. */
export interface PgBossOptions extends SettlementOptions {
  /** The schema of pg-boss's tables, as its constructor got it. Default: `'pgboss'`. */
  readonly schema?: string;
}

/**
 * Returns a handler for `boss.work()` that settles each job of a batch on its own, as soon as its method has ended. The jobs of a batch run at
 * the same time.
 *
 * - A job whose method returns is completed, with the result as its output.
 * - `redeliver`: the job is put off, and keeps the retries that it has left. Its `retryCount` and `retryLimit` both go up by one.
 * - `park`: the job fails at once, whatever its `retryLimit` says, with the reason as its output. Where its queue has a `deadLetter`, a copy goes
 *   there with `sourceOutput`.
 * - `fail`: the job fails as if the handler had thrown, and is retried by the queue's own rules.
 * - What could not be settled fails by these rules too. Where the database is gone it stays active, and pg-boss retries it when it expires.
 *
 * Needs pg-boss 12.35 or later, which tells the attempts of a job apart. Earlier versions, and workers that are `transactional`, are refused before
 * any method runs.
 *
 * @throws {ConfigurationError} at once, for a wrong option.
 */
export function idempotentHandler<Job extends PgBossJob>(
  boss: PgBossClient,
  method: (job: Job) => unknown,
  options: PgBossOptions = {},
): (jobs: Job[], transaction?: undefined) => Promise<never[]> {
  checkArguments(boss, method);
  checkSettlementOptions(options, 'idempotentHandler', { schema: schemaCheck });
  const table = new JobTable(boss, options.schema ?? 'pgboss');

  async function handleJob(job: Job): Promise<void> {
    let result: unknown;
    try {
      result = await method(job);
    } catch (error) {
      return settleFailed(job, error);
    }
    await complete(boss, job, result);
  }

  async function settleFailed(job: Job, error: unknown): Promise<void> {
    const settlement = settle(error, options);
    const reason = storable(settlement.reason);
    if (settlement.do === 'redeliver') return table.putOff(job, settlement.afterSeconds, { reason });
    if (settlement.do === 'park') {
      // Where the process dies between both, the job fails when it expires, and is parked then.
      await table.spendRetries(job);
      await boss.fail(job.name, job, { advice: settlement.advice, reason });
    } else await boss.fail(job.name, job, error as object);
  }

  return async function handle(jobs, transaction) {
    checkWorker(transaction);
    const [first] = jobs;
    if (first) await table.check(first);
    const settled = await Promise.allSettled(jobs.map(handleJob));
    const unsettled = settled.find(({ status }) => status === 'rejected');
    // Then pg-boss fails the jobs that are still active, and leaves those alone that are settled.
    if (unsettled) throw (unsettled as PromiseRejectedResult).reason;
    // The results of a worker with `perJobResults`, whose jobs are all settled.
    return [];
  };
}

async function complete(boss: PgBossClient, job: PgBossJob, result: unknown): Promise<void> {
  try {
    await boss.complete(job.name, job, result as object);
  } catch {
    // PostgreSQL takes no text with a null character. A job that is done must not fail for its output.
    await boss.complete(job.name, job);
  }
}

/** PostgreSQL takes neither null characters nor halves of characters in JSON. */
function storable(text: string): string {
  return text.replace(/[\0\p{Surrogate}]/gu, '\ufffd');
}

function checkArguments(boss: unknown, method: unknown): void {
  const { complete, fail, touch, getDb } = (boss ?? {}) as Partial<PgBossClient>;
  if (![complete, fail, touch, getDb].every((called) => typeof called === 'function'))
    throw new ConfigurationError(
      'idempotentHandler: the first argument is no PgBoss of pg-boss 12.35 or later',
    );
  if (typeof method !== 'function')
    throw new ConfigurationError('idempotentHandler: the second argument is no function of a job');
}

function checkWorker(transaction: unknown): void {
  if (transaction !== undefined)
    throw new ConfigurationError(
      'idempotentHandler: option "transactional" of the worker is true, but jobs are settled one by one, outside of its transaction; leave it out, and write the completion in a transaction of the method',
    );
}

function schemaCheck(schema: unknown): string | undefined {
  const isName = typeof schema === 'string' && /^(?:[A-Za-z_]\w*|"[^"'%$.\\\p{Cc}]+")$/u.test(schema);
  return isName ? undefined : "the name of a schema, such as 'pgboss'";
}
