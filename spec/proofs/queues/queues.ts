import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { hasClients } from '../../queues/load-client.js';
import { PostgresServer } from '../../support/postgres-server.js';
import { type Flaw, flawed, isFlaw } from './flawed-queues.js';
import type { QueueUnderTest } from './queue-under-test.js';

/** What is known of a queue before its file is loaded. */
interface Facts {
  readonly file: string;
  /** The package of its client, where it has one of its own. */
  readonly client?: string;
  /** What its broker is called, and what says its version. */
  readonly broker: readonly [name: string, ...command: readonly string[]];
}

const clients = new URL('../../../../spec/queues/clients/node_modules/', import.meta.url);

/** In the order of the table. */
const facts = {
  bullmq: { file: './bullmq.js', client: 'bullmq', broker: ['Redis', 'redis-server', '--version'] },
  'pg-boss': { file: './pg-boss.js', client: 'pg-boss', broker: ['PostgreSQL'] },
  sqs: { file: './sqs.js', client: 'sqs-consumer', broker: ['fauxqs'] },
  rabbitmq: { file: './rabbitmq.js', client: 'amqplib', broker: ['RabbitMQ', 'rabbitmqctl', 'version'] },
  nats: { file: './nats.js', client: '@nats-io/jetstream', broker: ['NATS', 'nats-server', '--version'] },
  postgres: { file: './queue-in-postgres.js', broker: ['PostgreSQL'] },
} as const satisfies Record<string, Facts>;

export type QueueName = keyof typeof facts;
export const queueNames = Object.keys(facts) as QueueName[];

/** Loads a queue, or one that is consumed wrongly. */
export async function loadQueue(name: QueueName | Flaw): Promise<QueueUnderTest> {
  if (isFlaw(name)) return flawed[name];
  const { queue } = (await import(facts[name].file)) as { readonly queue: QueueUnderTest };
  return queue;
}

/** Why this queue cannot be tried here, if so. */
export async function obstacleTo(name: QueueName): Promise<string | undefined> {
  const { file, client }: Facts = facts[name];
  if (!existsSync(fileURLToPath(new URL(file, import.meta.url)))) return `there is no ${file}`;
  if (PostgresServer.obstacle) return PostgresServer.obstacle;
  if (client && !hasClients) return 'the clients of queues are not installed; run `npm run install:queues`';
  const { node } = await loadQueue(name);
  return Number.parseInt(process.versions.node, 10) < node ? `it needs Node.js ${node}` : undefined;
}

/** What the client is, and what the broker: each with its version. */
export function versionsOf(name: QueueName): { readonly client: string; readonly broker: string } {
  const { client, broker }: Facts = facts[name];
  const [called, ...command] = broker;
  return {
    client: client ? `${client} ${versionOfPackage(client)}` : '`settlementOf`, by hand',
    broker: `${called} ${called === 'fauxqs' ? versionOfPackage(called) : versionIn(command)}`,
  };
}

function versionOfPackage(name: string): string {
  return JSON.parse(readFileSync(new URL(`${name}/package.json`, clients), 'utf8')).version;
}

function versionIn([command, ...args]: readonly string[]): string {
  if (command === undefined) return PostgresServer.version;
  const { stdout } = spawnSync(command, args, { encoding: 'utf8' });
  return /\d+(\.\d+)+/.exec(stdout ?? '')?.[0] ?? '';
}
