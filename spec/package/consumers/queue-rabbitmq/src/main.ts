import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { type ChannelModel, type ConfirmChannel, type ConsumeMessage, connect } from 'amqplib';
import { Idempotent, InMemoryStore } from 'retrysafe';
import { queueTiming } from 'retrysafe/queues';
import { idempotentConsumer, rabbitMQSettings } from 'retrysafe/rabbitmq';

const store = new InMemoryStore();
const timing = queueTiming({ visibilityTimeout: '30m', maxReceives: 5, workTime: 20 });
const settings = rabbitMQSettings(timing, { queue: 'orders', deadLetters: 'orders.dead' });
const charged: string[] = [];

class Payments {
  @Idempotent({ key: 'id', store, ...timing.method })
  async charge(order: { readonly id: string }): Promise<string> {
    charged.push(order.id);
    return order.id;
  }
}

const payments = new Payments();

function consumerOn(channel: ConfirmChannel) {
  return idempotentConsumer(
    channel,
    (message: ConsumeMessage) => payments.charge(JSON.parse(message.content.toString())),
    settings.consumer,
  );
}

/** What an application hands to `connect`, which compiles and does not run here. */
export const open = (url: string) => connect(url, { recovery: { setup } });

async function setup(connection: ChannelModel): Promise<void> {
  const channel = await connection.createConfirmChannel();
  await channel.assertQueue('orders.dead', settings.deadLetters);
  await channel.assertQueue('orders', settings.queue);
  await channel.prefetch(20);
  await channel.consume('orders', consumerOn(channel));
  await channel.consume(
    'orders',
    idempotentConsumer(
      channel,
      (message) => payments.charge(JSON.parse(message.content.toString())),
      settings.consumer,
    ),
  );
}

const told: string[] = [];
const stand = Object.assign(new EventEmitter(), {
  publish(
    _exchange: string,
    queue: string,
    _content: Buffer,
    _options: object,
    confirm: (error: null) => void,
  ) {
    told.push(`published to ${queue}`);
    confirm(null);
    return true;
  },
  ack: () => told.push('acknowledged'),
  waitForConfirms: async () => {},
}) as unknown as ConfirmChannel;

function message(order: object): ConsumeMessage {
  return {
    content: Buffer.from(JSON.stringify(order)),
    fields: { deliveryTag: 1, redelivered: false, exchange: '', routingKey: 'orders', consumerTag: 'one' },
    properties: { headers: {} },
  } as ConsumeMessage;
}

const consume = consumerOn(stand);
await consume(message({ id: '1' }));
await consume(message({ id: '1' }));
await consume(message({}));
assert.deepEqual(told, ['acknowledged', 'acknowledged', 'published to orders.dead', 'acknowledged']);
assert.deepEqual(charged, ['1']);
