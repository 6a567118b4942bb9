import { randomUUID } from 'node:crypto';
import type { PgBossClient, PgBossJob } from 'retrysafe/pg-boss';
import { until } from '../support/until.js';
import { loadClient } from './load-client.js';

/** A job as `findJobs()` and a fetch with metadata return it. */
export interface FoundJob extends PgBossJob<{ readonly id: string }> {
  readonly state: 'created' | 'retry' | 'active' | 'completed' | 'cancelled' | 'failed';
  readonly retryLimit: number;
  readonly output: Readonly<Record<string, unknown>> | null;
  readonly sourceId: string | null;
  readonly sourceOutput: unknown;
  readonly startAfter: Date;
  readonly keepUntil: Date;
}

/** What the specs call of a `PgBoss`. */
export interface Boss extends PgBossClient {
  on(event: 'error', listener: (error: Error) => void): unknown;
  start(): Promise<unknown>;
  stop(options?: object): Promise<unknown>;
  createQueue(name: string, options?: object): Promise<unknown>;
  getQueue(name: string): Promise<object | null>;
  work(name: string, options: object, handler: (...args: never[]) => unknown): Promise<string>;
  offWork(name: string): Promise<unknown>;
  send(name: string, data: object, options?: object): Promise<string | null>;
  fetch(name: string, options?: object): Promise<FoundJob[]>;
  findJobs(name: string, options?: object): Promise<FoundJob[]>;
  supervise(name?: string): Promise<unknown>;
}

type PgBossModule = { readonly PgBoss: new (options: object) => Boss };

/** Starts a pg-boss that does nothing by itself but to fetch: a spec has it look for expired jobs by `supervise()`. */
export async function startBoss(context: Mocha.Context, options: object): Promise<Boss> {
  const { PgBoss } = await loadClient<PgBossModule>(context, 'pg-boss', 22);
  const quiet = { supervise: false, schedule: false, registerInstance: false, monitorIntervalSeconds: 1 };
  const boss = new PgBoss({ ...quiet, max: 4, ...options });
  // Where it is not heard, it ends the process.
  boss.on('error', () => {});
  await boss.start();
  return boss;
}

export interface OwnQueue {
  readonly name: string;
  readonly deadLetters: string;
}

/** A queue with dead letters, where a failed job is retried at once. */
export async function newQueue(boss: Boss, options: object = {}): Promise<OwnQueue> {
  const name = `queue-${randomUUID()}`;
  const deadLetters = `${name}-dead`;
  await boss.createQueue(deadLetters);
  await boss.createQueue(name, { retryLimit: 0, retryDelay: 0, deadLetter: deadLetters, ...options });
  return { name, deadLetters };
}

export async function jobOf(boss: Boss, { name }: OwnQueue, id: string): Promise<FoundJob> {
  const [job] = await boss.findJobs(name, { id });
  if (!job) throw new Error('there is no such job');
  return job;
}

export function untilState(
  boss: Boss,
  queue: OwnQueue,
  id: string,
  state: FoundJob['state'],
): Promise<FoundJob> {
  return until(`the job is ${state}`, async () => {
    const job = await jobOf(boss, queue, id);
    return job.state === state && job;
  });
}
