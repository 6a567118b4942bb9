import assert from 'node:assert/strict';
import { type JetStreamClient, type JsMsg, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, headers, type MsgHdrs } from '@nats-io/transport-node';
import { Idempotent, InMemoryStore } from 'retrysafe';
import { idempotentHandler, natsSettings } from 'retrysafe/nats';
import { queueTiming } from 'retrysafe/queues';

const store = new InMemoryStore();
const timing = queueTiming({ visibilityTimeout: 30, maxReceives: 5, workTime: '2m', isExtended: true });
const settings = natsSettings(timing);
const charged: string[] = [];

class Payments {
  @Idempotent({ key: 'id', store, ...timing.method })
  async charge(order: { readonly id: string }): Promise<string> {
    charged.push(order.id);
    return order.id;
  }
}

const payments = new Payments();

function handlerOf(client: JetStreamClient) {
  return idempotentHandler(client, (message: JsMsg) => payments.charge(message.json<{ id: string }>()), {
    ...settings.handler,
    deadLetters: 'dead.orders',
    headers,
  });
}

/** What an application does, which compiles and does not run here. */
export async function consume(servers: string): Promise<void> {
  const connection = await connect({ servers });
  const manager = await jetstreamManager(connection);
  await manager.consumers.add('SHOP', { durable_name: 'payments', ...settings.consumer });
  const client = jetstream(connection);
  const handle = handlerOf(client);
  const consumer = await client.consumers.get('SHOP', 'payments');
  for await (const message of await consumer.consume()) void handle(message);
  await consumer.consume({ callback: (message) => void handle(message) });
}

const told: string[] = [];
const client = {
  async publish(subject: string, _data: Uint8Array, options: { readonly headers: MsgHdrs }) {
    told.push(`published to ${subject}: ${options.headers.get('Retrysafe-Advice')}`);
  },
} as unknown as JetStreamClient;

function message(order: object): JsMsg {
  return {
    subject: 'orders',
    data: new TextEncoder().encode(JSON.stringify(order)),
    headers: undefined,
    seq: 1,
    info: { stream: 'SHOP', deliveryCount: 1 },
    json: () => order,
    ack: () => told.push('acknowledged'),
    ackAck: async () => told.push('acknowledged, confirmed'),
  } as unknown as JsMsg;
}

const handle = handlerOf(client);
await handle(message({ id: '1' }));
await handle(message({ id: '1' }));
await handle(message({}));
assert.deepEqual(told, [
  'acknowledged',
  'acknowledged',
  'published to dead.orders: fix-request',
  'acknowledged, confirmed',
]);
assert.deepEqual(charged, ['1']);
