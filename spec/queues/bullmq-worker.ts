// A worker of BullMQ in a process of its own, which is killed while the method runs: that never ends.
import { Redis } from 'ioredis';
import { idempotentProcessor } from 'retrysafe/bullmq';
import { RedisStore } from 'retrysafe/redis';
import { defer } from '../support/defer.js';
import type { Client, Job } from './bullmq-client.js';
import { Settlements } from './bullmq-settlements.js';
import { loaded } from './load-client.js';

export interface WorkerJob {
  readonly client: string;
  readonly queue: string;
  readonly connection: { readonly host: string; readonly port: number };
  readonly options: Readonly<Record<string, unknown>>;
}

const { client, queue, connection, options } = JSON.parse(process.argv[2] as string) as WorkerJob;
const { Worker } = (await loaded(client)) as Client;
const { promise: never } = defer();
const service = new Settlements(
  new RedisStore({ client: new Redis(connection.port, connection.host), prefix: `${queue}:` }),
  ({ id }) => {
    process.send?.(id);
    return never;
  },
);
new Worker(
  queue,
  idempotentProcessor((job: Job) => service.settle(job.data)),
  { connection, ...options },
);
