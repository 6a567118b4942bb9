import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { hasClients } from '../../queues/load-client.js';
import { PostgresServer } from '../../support/postgres-server.js';
import type { Row } from './document.js';
import { type Flaw, flawed, isFlaw } from './flawed-queues.js';
import type { QueueUnderTest } from './queue-under-test.js';

/** What is known of a queue before its file is loaded. */
interface Facts {
  /** What the table calls it. */
  readonly title: string;
  readonly file: string;
  /** The packages that consume it. */
  readonly clients: readonly string[];
  /** What its broker is called, and the command that says its version, where it has one. */
  readonly broker: readonly [name: string, ...command: readonly string[]];
}

const root = new URL('../../../../', import.meta.url);
/** Where packages are: those that all specs have, and the clients of queues. */
const installed = ['node_modules/', 'spec/queues/clients/node_modules/'].map(
  (folder) => new URL(folder, root),
);

/** In the order of the table. */
const facts = {
  bullmq: {
    title: 'BullMQ',
    file: './bullmq.js',
    clients: ['bullmq'],
    broker: ['Redis', 'redis-server', '--version'],
  },
  'pg-boss': { title: 'pg-boss', file: './pg-boss.js', clients: ['pg-boss'], broker: ['PostgreSQL'] },
  sqs: {
    title: 'SQS',
    file: './sqs.js',
    clients: ['sqs-consumer', '@aws-lambda-powertools/batch'],
    broker: ['a stand-in of the specs'],
  },
  rabbitmq: {
    title: 'RabbitMQ',
    file: './rabbitmq.js',
    clients: ['amqplib'],
    broker: ['RabbitMQ', 'rabbitmqctl', 'version'],
  },
  nats: {
    title: 'NATS JetStream',
    file: './nats.js',
    clients: ['@nats-io/jetstream'],
    broker: ['NATS', 'nats-server', '--version'],
  },
  postgres: {
    title: 'a table of PostgreSQL',
    file: './queue-in-postgres.js',
    clients: [],
    broker: ['PostgreSQL'],
  },
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
  const { file, clients, broker }: Facts = facts[name];
  const [called, command, ...args] = broker;
  if (!existsSync(fileURLToPath(new URL(file, import.meta.url)))) return `there is no ${file}`;
  if (PostgresServer.obstacle) return PostgresServer.obstacle;
  if (clients.length > 0 && !hasClients)
    return 'the clients of queues are not installed; run `npm run install:queues`';
  if (command && spawnSync(command, args, { stdio: 'ignore' }).error) return `${called} is not installed`;
  const { node } = await loadQueue(name);
  return Number.parseInt(process.versions.node, 10) < node ? `it needs Node.js ${node}` : undefined;
}

/** What the table calls the queues, in its order. */
export const titles = queueNames.map((name) => facts[name].title);

/** What a queue is called, and what its client and its broker are: each with its version. */
export function descriptionOf(name: QueueName): Pick<Row, 'queue' | 'client' | 'broker'> {
  const { title: queue, clients, broker }: Facts = facts[name];
  const [called, ...command] = broker;
  return {
    queue,
    client: clients.map((name) => `${name} ${versionOfPackage(name)}`).join(', ') || 'by hand',
    broker: `${called} ${called === 'PostgreSQL' ? PostgresServer.version : versionIn(command)}`.trim(),
  };
}

function versionOfPackage(name: string): string {
  const files = installed.map((folder) => new URL(`${name}/package.json`, folder));
  const file = files.find((one) => existsSync(fileURLToPath(one)));
  return file ? JSON.parse(readFileSync(file, 'utf8')).version : '';
}

function versionIn([command, ...args]: readonly string[]): string {
  if (command === undefined) return '';
  const { stdout } = spawnSync(command, args, { encoding: 'utf8' });
  return /\d+(\.\d+)+/.exec(stdout ?? '')?.[0] ?? '';
}
