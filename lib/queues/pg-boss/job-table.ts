import { ConfigurationError } from '../../errors.js';
import type { PgBossClient, PgBossJob } from './pg-boss-client.js';

// The attempt that this worker holds, and no later one.
const held = "name = $1 AND id = $2::uuid AND retry_count = $3 AND state = 'active'";

const UNDEFINED_TABLE = '42P01';
/** What PostgreSQL says where an earlier version passes an attempt on as an id. */
const NO_ID = '22P02';

/**
 * What pg-boss has no method for: each is one statement on its table of jobs, and changes nothing where the attempt is no longer held.
 *
 * `cancel()`, `resume()` and `update()` in a transaction would leave a job `created`, which a queue with the policy `short` may refuse, and one with
 * `key_strict_fifo` delivers out of turn. The result `deadletter` is for workers with `perJobResults` alone, at the end of their batch: without
 * that option, pg-boss would complete the job.
 */
export class JobTable {
  readonly #boss: PgBossClient;
  readonly #table: string;
  #isChecked = false;

  constructor(boss: PgBossClient, schema: string) {
    this.#boss = boss;
    this.#table = `${schema}.job`;
  }

  /**
   * Finds out by a job, once, whether this is its table, and whether pg-boss tells its attempts apart. Nothing of the job changes but when it was
   * last heard of.
   *
   * @throws {ConfigurationError} where the table is not in this schema, or pg-boss is too old.
   */
  async check(job: PgBossJob): Promise<void> {
    if (this.#isChecked) return;
    const text = `SELECT id FROM ${this.#table} WHERE name = $1 AND id = $2::uuid`;
    const found = await this.#execute(text, [job.name, job.id]).catch((error) => {
      throw error?.code === UNDEFINED_TABLE ? missing(error) : error;
    });
    if (found === 0) throw missing();
    await this.#boss.touch(job.name, job).catch((error) => {
      throw error?.code === NO_ID ? tooOld(error) : error;
    });
    this.#isChecked = true;
  }

  /**
   * Puts a job off. Its next attempt raises `retry_count`, by which pg-boss tells attempts apart, so `retry_limit` is raised with it: what is
   * left of its retries stays. As by `update()` of pg-boss, the time for which the job is kept is put off too.
   */
  async putOff(job: PgBossJob, afterSeconds: number, output: object): Promise<void> {
    await this.#execute(
      `UPDATE ${this.#table} SET state = 'retry', retry_limit = retry_limit + 1, heartbeat_on = NULL, output = $5::jsonb,
        start_after = now() + $4::float8 * interval '1 second',
        keep_until = now() + $4::float8 * interval '1 second' + (keep_until - start_after)
      WHERE ${held} RETURNING id`,
      [...attemptOf(job), afterSeconds, JSON.stringify(output)],
    );
  }

  /** Lets the next failure of a job be its last, whatever its `retryLimit` says. */
  async spendRetries(job: PgBossJob): Promise<void> {
    await this.#execute(
      `UPDATE ${this.#table} SET retry_limit = retry_count WHERE ${held} RETURNING id`,
      attemptOf(job),
    );
  }

  async #execute(text: string, values: unknown[]): Promise<number> {
    const { rows } = await this.#boss.getDb().executeSql(text, values);
    return rows.length;
  }
}

function attemptOf({ name, id, retryCount }: PgBossJob): unknown[] {
  return [name, id, retryCount];
}

function missing(cause?: unknown): ConfigurationError {
  return new ConfigurationError(
    'idempotentHandler: option "schema" names no schema with the jobs of this pg-boss; expected what its constructor got as `schema`',
    { cause },
  );
}

function tooOld(cause: unknown): ConfigurationError {
  return new ConfigurationError(
    'idempotentHandler: this pg-boss does not tell the attempts of a job apart, so that a late worker would settle the attempt of another; install pg-boss 12.35 or later',
    { cause },
  );
}
