import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { type Job, Queue, QueueEvents, type SandboxedJob, Worker } from 'bullmq';
import { type Job as Job5, Queue as Queue5, QueueEvents as QueueEvents5, Worker as Worker5 } from 'bullmq-5';
import { Idempotent, InMemoryStore, InProgressError, KeyError } from 'retrysafe';
import { bullMQSettings, idempotentProcessor, type SettlementOptions } from 'retrysafe/bullmq';
import { queueTiming } from 'retrysafe/queues';

interface Order {
  readonly id: string;
  readonly cents: number;
}

const timing = queueTiming({ visibilityTimeout: 30, isExtended: true, maxReceives: 5, workTime: 60 });
const settings = bullMQSettings(timing);

interface Client {
  readonly Queue: typeof Queue;
  readonly Worker: typeof Worker;
  readonly QueueEvents: typeof QueueEvents;
}

class Settlements {
  @Idempotent({ key: 'id', fingerprint: 'cents', store: new InMemoryStore(), ...timing.method })
  async settle({ id, cents }: Order): Promise<string> {
    return `settled ${id} by ${cents}`;
  }
}

const service = new Settlements();
const options: SettlementOptions = { retryDelay: '10s' };
const connection = { host: '127.0.0.1', port: 0, lazyConnect: true };

/** Each of these compiles: the types of both versions fit, and a job has the type that it has without the adapter. */
export function workers(): readonly (Worker | Worker5)[] {
  const own = { connection, ...settings.worker };
  new Queue('orders', { connection, defaultJobOptions: settings.job });
  new Queue5('orders', { connection, defaultJobOptions: settings.job });
  return [
    new Worker(
      'orders',
      idempotentProcessor((job) => service.settle(job.data)),
      own,
    ),
    new Worker5(
      'orders',
      idempotentProcessor((job) => service.settle(job.data)),
      own,
    ),
    new Worker<Order, string>(
      'orders',
      idempotentProcessor((job) => service.settle(job.data), options),
      own,
    ),
    new Worker5<Order, string>(
      'orders',
      idempotentProcessor((job) => service.settle(job.data), options),
      own,
    ),
    new Worker(
      'orders',
      idempotentProcessor(async (job: Job<Order>, _token, signal) => !signal?.aborted && job.data.cents),
      own,
    ),
    new Worker5(
      'orders',
      idempotentProcessor(async (job: Job5<Order>, token) => job.moveToDelayed(1, token)),
      own,
    ),
  ];
}

// @ts-expect-error: an order has no `amount`
export const mistyped = idempotentProcessor(async (job: Job<Order>) => job.data.amount);

/** What the file of a sandboxed processor exports. */
export const sandboxed = idempotentProcessor((job: SandboxedJob<Order>) => service.settle(job.data));

let refusals = 1;
const processor = idempotentProcessor(async (job: { readonly data: Order }) => {
  if (job.data.cents < 0) throw new KeyError('a broken order');
  if (refusals-- > 0) throw new InProgressError('an equal call runs', { retryAfter: 0.1 });
  return service.settle(job.data);
});

const moved: number[] = [];
const job = { data: { id: '1', cents: 1 }, moveToDelayed: async (at: number) => void moved.push(at) };
await assert.rejects(processor(job), { name: 'DelayedError' });
assert.equal(moved.length, 1);
assert.equal(await processor(job), 'settled 1 by 1');
await assert.rejects(processor({ ...job, data: { id: '2', cents: -1 } }), {
  name: 'UnrecoverableError',
  message: 'KeyError: a broken order',
});

if (spawnSync('redis-server', ['--version']).status === 0) await onRedis();
else console.log('PENDING: there is no redis-server');

async function onRedis(): Promise<void> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  const settled = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const redis = spawn('redis-server', settled, { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    await serves(redis);
    await handle({ Queue, Worker, QueueEvents }, port, 'six');
    const five: unknown = { Queue: Queue5, Worker: Worker5, QueueEvents: QueueEvents5 };
    await handle(five as Client, port, 'five');
  } finally {
    redis.kill('SIGKILL');
  }
}

async function serves(redis: ChildProcess): Promise<void> {
  for await (const chunk of redis.stdout ?? []) if (String(chunk).includes('Ready to accept')) return;
  throw new Error('redis-server does not start');
}

async function handle(client: Client, port: number, name: string): Promise<void> {
  refusals = 1;
  const own = { connection: { host: '127.0.0.1', port } };
  const queue = new client.Queue(name, { ...own, defaultJobOptions: { attempts: 1 } });
  const worker = new client.Worker(name, processor, { ...own, ...settings.worker });
  const events = new client.QueueEvents(name, own);
  await events.waitUntilReady();
  const { id = '' } = await queue.add('settle', { id: name, cents: 1 });
  const { returnvalue } = await new Promise<{ returnvalue: unknown }>((resolve) =>
    events.once('completed', resolve),
  );
  assert.equal(returnvalue, `settled ${name} by 1`);
  const done = await queue.getJob(id);
  assert.deepEqual([done?.attemptsMade, done?.attemptsStarted], [1, 2]);
  await queue.add('settle', { id: name, cents: -1 });
  const { failedReason } = await new Promise<{ failedReason: string }>((resolve) =>
    events.once('failed', resolve),
  );
  assert.equal(failedReason, 'KeyError: a broken order');
  await Promise.all([worker.close(), events.close(), queue.close()]);
}
