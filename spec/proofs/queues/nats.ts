import { idempotentHandler, natsSettings } from 'retrysafe/nats';
import { queueTiming } from 'retrysafe/queues';
import {
  type JetStreamManager,
  type NatsClients,
  type NatsConnection,
  natsClients,
} from '../../queues/support/nats-clients.js';
import { NatsServer } from '../../support/nats-server.js';
import { until } from '../../support/until.js';
import type { Message, QueueUnderTest, RunningQueue } from './queue-under-test.js';

const stream = 'SHOP';
const subject = 'orders.new';
const deadStream = 'DEAD';
const deadLetters = 'dead.orders.new';
const consumer = 'workers';
const timing = queueTiming({ visibilityTimeout: 9, maxReceives: 6, workTime: 5, isExtended: true });
const settings = natsSettings(timing);
/** How many messages all processes handle at a time. */
const AT_ONCE = 30;
const SENDING_LIMIT_MS = 120_000;

function connect(nats: NatsClients, url: unknown): Promise<NatsConnection> {
  return nats.connect({
    servers: url,
    reconnectTimeWait: 100,
    maxReconnectAttempts: -1,
    waitOnFirstConnect: true,
  });
}

class RunningNats implements RunningQueue {
  constructor(
    readonly server: NatsServer,
    readonly nats: NatsClients,
    readonly admin: NatsConnection,
    readonly manager: JetStreamManager,
  ) {}

  get connection() {
    return { url: this.server.url };
  }

  /** Sends what is not confirmed again, until it is. */
  async send(messages: readonly Message[]): Promise<void> {
    const client = this.nats.jetstream(this.admin);
    const open = new Set(messages);
    const trySome = async () => {
      const sent = [...open].map(async (message) => {
        await client.publish(subject, JSON.stringify(message));
        open.delete(message);
      });
      await Promise.allSettled(sent);
      return open.size === 0;
    };
    await until('all messages are confirmed', trySome, SENDING_LIMIT_MS);
  }

  async state() {
    // What the consumer has: where its server is killed, the stream may keep a message that was acknowledged, and nobody gets it any more. A
    // dead letter is in its stream before its message is acknowledged.
    const { num_pending, num_ack_pending } = await this.manager.consumers.info(stream, consumer);
    return { open: num_pending + num_ack_pending, parked: await this.#parked() };
  }

  async #parked() {
    const { state } = await this.manager.streams.info(deadStream);
    const parked: { id: string; reason: string }[] = [];
    for (let seq = 1; seq <= state.messages; seq += 1) {
      const letter = await this.manager.streams.getMessage(deadStream, { seq });
      if (!letter) throw new Error(`the dead letter ${seq} is gone`);
      const { id } = JSON.parse(new TextDecoder().decode(letter.data)) as Message;
      parked.push({ id, reason: letter.header.get('Retrysafe-Reason') });
    }
    return parked;
  }

  async restart(): Promise<void> {
    await this.server.kill();
    await this.server.restart();
  }

  async stop(): Promise<void> {
    await this.admin.close();
    await this.server.stop();
  }
}

/** NATS JetStream with a stream of work on the disk. */
export const queue: QueueUnderTest = {
  name: 'nats',
  node: 20,
  timing,

  async start() {
    const nats = await natsClients();
    const server = await NatsServer.start();
    const admin = await connect(nats, server.url);
    const manager = await nats.jetstreamManager(admin);
    await manager.streams.add({ name: stream, subjects: [subject], retention: 'workqueue' });
    await manager.streams.add({ name: deadStream, subjects: [deadLetters] });
    await manager.consumers.add(stream, {
      durable_name: consumer,
      max_ack_pending: AT_ONCE,
      ...settings.consumer,
    });
    return new RunningNats(server, nats, admin, manager);
  },

  async consume({ url }, handle) {
    const nats = await natsClients();
    const connection = await connect(nats, url);
    const client = nats.jetstream(connection);
    const messages = await until('the consumer is there', () =>
      client.consumers
        .get(stream, consumer)
        .then((found) => found.consume())
        .catch(() => undefined),
    );
    const consume = idempotentHandler(
      client,
      (message) => handle(JSON.parse(new TextDecoder().decode(message.data))),
      {
        ...settings.handler,
        deadLetters,
        headers: nats.headers,
        retryDelay: 0.2,
        report: () => {},
      },
    );
    const running = new Set<Promise<void>>();
    const consuming = (async () => {
      for await (const message of messages) {
        const settled = consume(message).finally(() => running.delete(settled));
        running.add(settled);
      }
    })();
    return {
      async stop() {
        messages.stop();
        await consuming;
        await Promise.all(running);
        await connection.close();
      },
    };
  },
};
