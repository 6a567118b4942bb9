import { setTimeout as pause } from 'node:timers/promises';
import { Pool } from 'pg';
import { queueTiming, settlementOf } from 'retrysafe/queues';
import { PostgresServer } from '../../support/postgres-server.js';
import type { Message, QueueUnderTest, RunningQueue } from './queue-under-test.js';

/** A row of the queue, as it is delivered. */
interface Job {
  readonly seq: string;
  readonly message: Message;
  readonly delivery: string;
  readonly receives: number;
}

/** What a consumer does with a message that its handler has ended with: `undefined` where it did well. */
export type Settle = (queue: Pool, job: Job, error: unknown) => Promise<void>;

const timing = queueTiming({ visibilityTimeout: 5, maxReceives: 8, workTime: 1.5 });
const { visibilityTimeout, maxReceives } = timing.queue;
const atOnce = 5;
/** How long a message waits that its handler has thrown for by itself, in seconds. */
const failureDelay = 0.5;
/** How long a consumer waits where there is nothing, or no server, in milliseconds. */
const interval = 50;

// A delivery makes those before it void: whoever settles a message names its count.
const table = `CREATE TABLE jobs (
  seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  message jsonb NOT NULL,
  visible_at timestamptz NOT NULL DEFAULT now(),
  delivery bigint NOT NULL DEFAULT 0,
  receives int NOT NULL DEFAULT 0,
  parked text
);
CREATE INDEX jobs_visible_at ON jobs (visible_at) WHERE parked IS NULL`;
const receive = `UPDATE jobs SET
  visible_at = now() + make_interval(secs => ${visibilityTimeout}), delivery = delivery + 1, receives = receives + 1
WHERE seq = (
  SELECT seq FROM jobs WHERE parked IS NULL AND visible_at <= now() ORDER BY visible_at LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING seq, message, delivery, receives`;

function poolOf(url: string, max: number): Pool {
  const pool = new Pool({ connectionString: url, max, connectionTimeoutMillis: 3_000 });
  // A server that is killed breaks connections that nobody uses.
  pool.on('error', () => {});
  return pool;
}

/** A plain table of PostgreSQL as a queue, consumed without an adapter: what `settlementOf` says is carried out by hand. */
export const queue: QueueUnderTest = {
  name: 'a table of PostgreSQL, by hand',
  node: 20,
  timing,
  start,
  consume: ({ url }, handle) => consumeBy(settle, String(url), handle),
};

async function start(): Promise<RunningQueue> {
  const server = await PostgresServer.start();
  await server.query(table);
  const pool = poolOf(server.url, 2);
  return {
    connection: { url: server.url },
    async send(messages) {
      const text = 'INSERT INTO jobs (message) SELECT jsonb_array_elements($1::jsonb)';
      await pool.query(text, [JSON.stringify(messages)]);
    },
    async state() {
      const { rows } = await pool.query<{ id: string; reason: string | null }>(
        "SELECT message->>'id' AS id, parked AS reason FROM jobs",
      );
      const parked = rows.flatMap(({ id, reason }) => (reason === null ? [] : [{ id, reason }]));
      return { open: rows.length - parked.length, parked };
    },
    async restart() {
      await server.kill();
      await server.restart();
    },
    async stop() {
      await pool.end();
      await server.stop();
    },
  };
}

/** Consumes with several hands. How a message is settled may be another function's, to see what becomes of messages then. */
export async function consumeBy(
  settledBy: Settle,
  url: string,
  handle: (message: Message) => Promise<void>,
): Promise<{ stop(): Promise<void> }> {
  const pool = poolOf(url, atOnce);
  let isStopped = false;
  const hands = Array.from({ length: atOnce }, async () => {
    while (!isStopped) {
      const hasWorked = await handleOne(pool, settledBy, handle).catch(() => false);
      if (!hasWorked) await pause(interval);
    }
  });
  return {
    async stop() {
      isStopped = true;
      await Promise.all(hands);
      await pool.end();
    },
  };
}

async function handleOne(
  pool: Pool,
  settledBy: Settle,
  handle: (message: Message) => Promise<void>,
): Promise<boolean> {
  const { rows } = await pool.query<Job>(receive);
  const [job] = rows;
  if (!job) return false;
  if (job.receives > maxReceives) await park(pool, job, `it was delivered ${maxReceives} times`);
  else {
    const error = await handle(job.message).then(
      () => undefined,
      (thrown: unknown) => thrown ?? new TypeError('it threw nothing'),
    );
    // Where the server is gone, the message is delivered again.
    await settledBy(pool, job, error);
  }
  return true;
}

async function settle(pool: Pool, job: Job, error: unknown): Promise<void> {
  if (error === undefined) return change(pool, job, 'DELETE FROM jobs');
  const settlement = settlementOf(error);
  switch (settlement.do) {
    case 'redeliver':
      return again(pool, job, settlement.afterSeconds, 1);
    case 'park':
      return park(pool, job, settlement.reason);
    case 'fail':
      if (job.receives >= maxReceives) return park(pool, job, settlement.reason);
      return again(pool, job, failureDelay, 0);
  }
}

/** Delivers it again after so many seconds. `spared`: whether that is no failure of the message. */
export function again(pool: Pool, job: Job, afterSeconds: number, spared: 0 | 1): Promise<void> {
  const text = 'UPDATE jobs SET visible_at = now() + make_interval(secs => $3), receives = receives - $4';
  return change(pool, job, text, afterSeconds, spared);
}

export function park(pool: Pool, job: Job, reason: string): Promise<void> {
  return change(pool, job, 'UPDATE jobs SET parked = $3', reason);
}

/** Nothing is changed where the message was delivered anew since. */
export async function change(
  pool: Pool,
  { seq, delivery }: Job,
  text: string,
  ...values: readonly unknown[]
): Promise<void> {
  await pool.query(`${text} WHERE seq = $1 AND delivery = $2`, [seq, delivery, ...values]);
}
