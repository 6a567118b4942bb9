import { bullMQSettings, idempotentProcessor } from 'retrysafe/bullmq';
import { queueTiming } from 'retrysafe/queues';
import { loaded } from '../../queues/load-client.js';
import { RedisServer } from '../../support/redis-server.js';
import type { Message, QueueState, QueueUnderTest, RunningQueue } from './queue-under-test.js';

const NAME = 'orders';
const timing = queueTiming({
  visibilityTimeout: 6,
  isExtended: true,
  maxReceives: 8,
  workTime: 2,
  retention: '1h',
});
const settings = bullMQSettings(timing);
const OPEN = ['waiting', 'active', 'delayed'];

interface Job {
  readonly data: Message;
  readonly failedReason: string;
}

/** What the torture calls of BullMQ. */
interface Client {
  readonly Queue: new (
    name: string,
    options: object,
  ) => {
    on(event: 'error', listener: () => void): unknown;
    addBulk(jobs: readonly object[]): Promise<unknown>;
    getJobCounts(...states: string[]): Promise<Record<string, number>>;
    getFailed(): Promise<Job[]>;
    close(): Promise<void>;
  };
  readonly Worker: new (
    name: string,
    processor: unknown,
    options: object,
  ) => {
    on(event: 'error', listener: () => void): unknown;
    waitUntilReady(): Promise<unknown>;
    close(): Promise<void>;
  };
}

export const queue: QueueUnderTest = { name: 'BullMQ', node: 20, timing, start, consume };

async function start(): Promise<RunningQueue> {
  const { Queue } = (await loaded('bullmq')) as Client;
  const server = await RedisServer.start({ appendonly: true });
  const { host, port } = server;
  const orders = new Queue(NAME, {
    connection: reconnecting({ host, port }),
    // A failure of the method is retried soon, so that poison does not take long.
    defaultJobOptions: { ...settings.job, backoff: { type: 'fixed', delay: 1_000 }, removeOnComplete: true },
  });
  // While the server is down; it goes on by itself.
  orders.on('error', () => {});
  return {
    connection: { host, port },
    async send(messages) {
      await orders.addBulk(messages.map((data) => ({ name: 'pay', data })));
    },
    state: () => stateOf(orders),
    async restart() {
      await server.kill();
      await server.restart();
    },
    async stop() {
      await orders.close();
      await server.stop();
    },
  };
}

async function consume(
  connection: RunningQueue['connection'],
  handle: (message: Message) => Promise<void>,
): Promise<{ stop(): Promise<void> }> {
  const { Worker } = (await loaded('bullmq')) as Client;
  const processor = idempotentProcessor(({ data }: { readonly data: Message }) => handle(data));
  const worker = new Worker(NAME, processor, {
    connection: reconnecting(connection),
    concurrency: 6,
    drainDelay: 1,
    // How long it waits after the server was gone.
    runRetryDelay: 500,
    ...settings.worker,
  });
  worker.on('error', () => {});
  await worker.waitUntilReady();
  return { stop: () => worker.close() };
}

function reconnecting(connection: object): object {
  return { ...connection, maxRetriesPerRequest: null, retryStrategy: () => 200 };
}

/** The counts are those of one moment. No job leaves the failed set, so its jobs are theirs where there are as many. */
async function stateOf(orders: InstanceType<Client['Queue']>): Promise<QueueState> {
  for (;;) {
    const { failed, ...open } = await orders.getJobCounts(...OPEN, 'failed');
    const parked = await orders.getFailed();
    if (parked.length !== failed) continue;
    return {
      open: Object.values(open).reduce((sum, count) => sum + count, 0),
      parked: parked.map(({ data, failedReason }) => ({ id: data.id, reason: failedReason })),
    };
  }
}
