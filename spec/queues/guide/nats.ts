import { Idempotent, InMemoryStore } from 'retrysafe';
import {
  type IdempotentHandlerOptions,
  idempotentHandler,
  type JetStreamMessage,
  type JetStreamPublisher,
  natsSettings,
} from 'retrysafe/nats';
import { queueTiming } from 'retrysafe/queues';

const store = new InMemoryStore(); // in production a store that all processes share
const timing = queueTiming({ visibilityTimeout: 30, maxReceives: 5, workTime: '2m', isExtended: true });

/** For `jsm.consumers.add('SHOP', …)`. */
export const consumer = {
  durable_name: 'payments',
  filter_subject: 'orders.new',
  max_ack_pending: 20,
  ...natsSettings(timing).consumer,
};

class Payments {
  readonly charged: string[] = [];

  @Idempotent({ key: 'id', store, ...timing.method })
  async charge(order: { id: string; cents: number }) {
    this.charged.push(order.id);
    return { receipt: `${order.id}: ${order.cents}` };
  }
}

export const payments = new Payments();

/**
 * Called with `jetstream(connection)`, the function `headers` of `@nats-io/nats-core`, and the messages of
 * `await (await client.consumers.get('SHOP', 'payments')).consume()`.
 */
export async function consumeOrders(
  client: JetStreamPublisher,
  headers: IdempotentHandlerOptions['headers'],
  messages: AsyncIterable<JetStreamMessage>,
) {
  const handle = idempotentHandler(
    client,
    (message) => payments.charge(JSON.parse(new TextDecoder().decode(message.data))),
    { deadLetters: 'dead.orders.new', headers, ...natsSettings(timing).handler },
  );
  for await (const message of messages) void handle(message);
}
