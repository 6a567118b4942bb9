import { Idempotent, InMemoryStore } from 'retrysafe';
import { queueTiming } from 'retrysafe/queues';
import { type AmqpConfirmChannel, idempotentConsumer, rabbitMQSettings } from 'retrysafe/rabbitmq';

const store = new InMemoryStore(); // in production a store that all processes share
const timing = queueTiming({ visibilityTimeout: '30m', maxReceives: 5, workTime: '20s' });
const settings = rabbitMQSettings(timing, { queue: 'orders', deadLetters: 'orders.dead' });

class Payments {
  readonly charged: string[] = [];

  @Idempotent({ key: 'id', store, ...timing.method })
  async charge(order: { id: string; cents: number }) {
    this.charged.push(order.id);
    return { receipt: `${order.id}: ${order.cents}` };
  }
}

export const payments = new Payments();

/** Called with the channel of `await connection.createConfirmChannel()`. */
export async function consumeOrders(channel: AmqpConfirmChannel) {
  await channel.assertQueue('orders.dead', settings.deadLetters);
  await channel.assertQueue('orders', settings.queue);
  await channel.prefetch(20);
  await channel.consume(
    'orders',
    idempotentConsumer(
      channel,
      (message) => payments.charge(JSON.parse(message.content.toString())),
      settings.consumer,
    ),
  );
}
