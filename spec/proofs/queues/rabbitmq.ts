import { setTimeout as pause } from 'node:timers/promises';
import { queueTiming } from 'retrysafe/queues';
import { type AmqpMessage, idempotentConsumer, rabbitMQSettings } from 'retrysafe/rabbitmq';
import { loaded } from '../../queues/load-client.js';
import type { AmqpChannel, AmqpConnection, Amqplib } from '../../queues/support/amqp.js';
import { RabbitMQServer } from '../../support/rabbitmq-server.js';
import { until } from '../../support/until.js';
import type { Message, QueueUnderTest, RunningQueue } from './queue-under-test.js';

const names = { queue: 'orders', deadLetters: 'orders.dead' };
const timing = queueTiming({ visibilityTimeout: 8, maxReceives: 6, workTime: 3 });
const settings = rabbitMQSettings(timing, names);
/** How many messages a process handles at a time. */
const AT_ONCE = 10;
/** Which delays the adapter takes here. Its queues are made before the first crash. */
const delaysMs = [200, 400, 800, 1_000, 2_000, 3_000, 4_000, 5_000, 6_000, 7_000];
const YOUNG_MS = 3_000;
const SENDING_LIMIT_MS = 120_000;
/** A queue that has no leader yet, since its broker has just begun, may never confirm. */
const CONFIRMATION_LIMIT_MS = 10_000;

async function connect(url: string, recovery?: object): Promise<AmqpConnection> {
  const { default: amqplib } = (await loaded('amqplib')) as { default: Amqplib };
  const connection = await amqplib.connect(url, recovery && { recovery });
  connection.on('error', () => {});
  return connection;
}

async function openChannel(connection: AmqpConnection): Promise<AmqpChannel> {
  const channel = await connection.createConfirmChannel();
  channel.on('error', () => {});
  return channel;
}

/** Lets work with a connection of its own, which is closed then. */
async function withChannel<T>(url: string, work: (channel: AmqpChannel) => Promise<T>): Promise<T> {
  const connection = await connect(url);
  try {
    return await work(await openChannel(connection));
  } finally {
    await connection.close().catch(() => {});
  }
}

function put(channel: AmqpChannel, message: Message): Promise<void> {
  const content = Buffer.from(JSON.stringify(message));
  return new Promise((resolve, reject) => {
    const limit = setTimeout(reject, CONFIRMATION_LIMIT_MS, new Error('no confirmation'));
    const settle = (error: unknown) => {
      clearTimeout(limit);
      if (error) reject(error);
      else resolve();
    };
    channel.sendToQueue(names.queue, content, { persistent: true, mandatory: true }, settle);
  });
}

/** As the adapter declares it: RabbitMQ refuses another declaration of the same queue. */
function delayQueueOf(delayMs: number) {
  return {
    durable: true,
    arguments: {
      'x-queue-type': 'quorum',
      'x-message-ttl': delayMs,
      'x-expires': delayMs + 86_400_000,
      'x-dead-letter-exchange': '',
      'x-dead-letter-routing-key': names.queue,
      'x-dead-letter-strategy': 'at-least-once',
      'x-overflow': 'reject-publish',
    },
  };
}

function read({ content }: AmqpMessage): Message {
  return JSON.parse(content.toString());
}

class RunningRabbitMQ implements RunningQueue {
  constructor(readonly server: RabbitMQServer) {}

  get connection() {
    return { url: this.server.url };
  }

  /** Sends what is not confirmed again, until it is. */
  async send(messages: readonly Message[]): Promise<void> {
    const open = new Set(messages);
    const trySome = async () => {
      await withChannel(this.server.url, (channel) =>
        Promise.allSettled(
          [...open].map((message) => put(channel, message).then(() => open.delete(message))),
        ),
      ).catch(() => {});
      return open.size === 0;
    };
    await until('all messages are confirmed', trySome, SENDING_LIMIT_MS);
  }

  async state() {
    // Twice: a message that is on its way from one queue to another may be missed once.
    const open = Math.max(await this.#open(), await this.#open());
    return { open, parked: await withChannel(this.server.url, readParked) };
  }

  async #open(): Promise<number> {
    let open = 0;
    for (const [name, messages] of await this.server.messages())
      if (name !== names.deadLetters) open += messages;
    return open;
  }

  async restart(): Promise<void> {
    await this.server.kill();
    await this.server.restart();
  }

  stop(): Promise<void> {
    return this.server.stop();
  }
}

/** Reads the dead letters, which stay: they are not acknowledged when the connection is closed. */
async function readParked(channel: AmqpChannel) {
  const parked: { id: string; reason: string }[] = [];
  for (;;) {
    const letter = await channel.get(names.deadLetters);
    if (!letter) return parked;
    const { 'x-retrysafe-reason': reason, 'x-first-death-reason': broker } = letter.properties.headers ?? {};
    parked.push({ id: read(letter).id, reason: String(reason ?? broker) });
  }
}

/** RabbitMQ of one node, with quorum queues. */
export const queue: QueueUnderTest = {
  name: 'rabbitmq',
  node: 20,
  timing,

  async start() {
    const server = await RabbitMQServer.start();
    await withChannel(server.url, async (channel) => {
      await channel.assertQueue(names.deadLetters, settings.deadLetters);
      await channel.assertQueue(names.queue, settings.queue);
      for (const delayMs of delaysMs)
        await channel.assertQueue(`${names.queue}.later-${delayMs}ms`, delayQueueOf(delayMs));
    });
    // A broker of one node that is killed forgets the leader of a quorum queue that is new.
    await pause(YOUNG_MS);
    return new RunningRabbitMQ(server);
  },

  async consume({ url }, handle) {
    const running = new Set<Promise<unknown>>();
    let stopping: (() => Promise<unknown>) | undefined;
    let isStopped = false;

    async function setup(connection: AmqpConnection): Promise<void> {
      // Its recovery listens only when the setup has ended.
      connection.on('error', () => {});
      const channel = await openChannel(connection);
      // Where the channel alone is closed, a new connection makes another one.
      channel.on('close', () => void (isStopped || connection.close().catch(() => {})));
      await channel.prefetch(AT_ONCE);
      const consume = idempotentConsumer(channel, (message) => handle(read(message)), {
        ...settings.consumer,
        retryDelay: 0.2,
        report: () => {},
      });
      const { consumerTag } = (await channel.consume(names.queue, (message) => {
        const settled = consume(message).finally(() => running.delete(settled));
        running.add(settled);
      })) as { consumerTag: string };
      stopping = () => (channel as unknown as { cancel(tag: string): Promise<unknown> }).cancel(consumerTag);
    }

    const connection = await connect(String(url), { initialDelay: 100, maxDelay: 1_000, setup });
    return {
      async stop() {
        isStopped = true;
        await stopping?.().catch(() => {});
        await Promise.all(running);
        await connection.close();
      },
    };
  },
};
