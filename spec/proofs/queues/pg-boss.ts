import { Client } from 'pg';
import { idempotentHandler, type PgBossClient, type PgBossJob, pgBossSettings } from 'retrysafe/pg-boss';
import { queueTiming } from 'retrysafe/queues';
import { loaded } from '../../queues/load-client.js';
import { PostgresServer } from '../../support/postgres-server.js';
import type { Message, QueueState, QueueUnderTest, RunningQueue } from './queue-under-test.js';

const NAME = 'orders';
const DEAD_LETTERS = 'orders-to-look-at';
const timing = queueTiming({ visibilityTimeout: 6, maxReceives: 8, workTime: 2, retention: '1h' });
const settings = pgBossSettings(timing);

/** What the torture calls of a `PgBoss`. */
interface Boss extends PgBossClient {
  on(event: 'error', listener: () => void): unknown;
  start(options?: { readonly attempts: number }): Promise<unknown>;
  stop(options?: { readonly graceful: boolean; readonly timeout?: number }): Promise<unknown>;
  createQueue(name: string, options?: object): Promise<unknown>;
  insert(name: string, jobs: readonly { readonly data: object }[]): Promise<unknown>;
  work(name: string, options: object, handler: (jobs: PgBossJob<Message>[]) => unknown): Promise<unknown>;
}

interface JobRow {
  readonly name: string;
  readonly state: string;
  readonly data: Message;
  readonly source_output: unknown;
}

export const queue: QueueUnderTest = { name: 'pg-boss', node: 22, timing, start, consume };

async function start(): Promise<RunningQueue> {
  const server = await PostgresServer.start({ durable: true });
  const { connection } = server;
  const boss = await startBoss(connection);
  await boss.createQueue(DEAD_LETTERS);
  // A failure of the method is retried soon, so that poison does not take long.
  await boss.createQueue(NAME, { ...settings.queue, retryDelay: 1, deadLetter: DEAD_LETTERS });
  return {
    connection,
    async send(messages) {
      await boss.insert(
        NAME,
        messages.map((data) => ({ data })),
      );
    },
    state: () => stateOf(server),
    async restart() {
      await server.kill();
      await server.restart();
    },
    async stop() {
      await boss.stop({ graceful: false });
      await server.stop();
    },
  };
}

async function consume(
  connection: RunningQueue['connection'],
  handle: (message: Message) => Promise<void>,
): Promise<{ stop(): Promise<void> }> {
  const boss = await startBoss(connection);
  const handler = idempotentHandler(boss, ({ data }: PgBossJob<Message>) => handle(data));
  const atOnce = { batchSize: 4, localConcurrency: 2, pollingIntervalSeconds: 0.5 };
  await boss.work(NAME, { ...settings.work, ...atOnce }, handler);
  return {
    async stop() {
      await boss.stop({ graceful: true, timeout: 10_000 });
    },
  };
}

/** Each of them looks for expired jobs every second. */
async function startBoss(connection: RunningQueue['connection']): Promise<Boss> {
  const { PgBoss } = (await loaded('pg-boss')) as { readonly PgBoss: new (options: object) => Boss };
  const often = { superviseIntervalSeconds: 1, monitorIntervalSeconds: 1, schedule: false };
  const boss = new PgBoss({ ...connection, ...often, max: 6, connectionTimeoutMillis: 2_000 });
  // While the server is down; it goes on by itself.
  boss.on('error', () => {});
  await boss.start({ attempts: 10 });
  return boss;
}

/** By one statement, so that no job is seen twice or not at all while it moves. */
async function stateOf(server: PostgresServer): Promise<QueueState> {
  const client = new Client(server.connection);
  client.on('error', () => {});
  await client.connect();
  try {
    const text = 'SELECT name, state, data, source_output FROM pgboss.job WHERE name = ANY($1)';
    const { rows } = await client.query<JobRow>(text, [[NAME, DEAD_LETTERS]]);
    const open = ['created', 'retry', 'active'];
    return {
      open: rows.filter(({ name, state }) => name === NAME && open.includes(state)).length,
      parked: rows
        .filter(({ name }) => name === DEAD_LETTERS)
        .map(({ data, source_output }) => ({ id: data.id, reason: reasonOf(source_output) })),
    };
  } finally {
    await client.end();
  }
}

/** The reason of a parked job; of one whose retries are spent, what its last error says. */
function reasonOf(output: unknown): string {
  const { reason, message } = (output ?? {}) as { readonly reason?: string; readonly message?: string };
  return reason ?? message ?? JSON.stringify(output);
}
