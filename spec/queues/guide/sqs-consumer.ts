import { type Message, SQS } from '@aws-sdk/client-sqs';
import { Idempotent, InMemoryStore } from 'retrysafe';
import { queueTiming } from 'retrysafe/queues';
import { consumerSettings, messageHandler } from 'retrysafe/sqs-consumer';

// The queue hides a message for 30 seconds, and for longer while its method runs: up to 10 minutes.
const timing = queueTiming({ visibilityTimeout: 30, maxReceives: 5, workTime: '10m', isExtended: true });
const store = new InMemoryStore(); // in production a store that all processes share
const { QUEUE_URL = 'http://127.0.0.1/orders', PARKING_URL = 'http://127.0.0.1/parked' } = process.env;

export class Orders {
  static readonly paid: string[] = [];

  @Idempotent({ name: 'Orders.pay', key: 'orderId', store, ...timing.method })
  async pay(order: { readonly orderId: string }): Promise<void> {
    Orders.paid.push(order.orderId); // the work
  }
}

const orders = new Orders();
const client = new SQS();

// Consumer.create(options).start(), with `import { Consumer } from 'sqs-consumer'`
export const options = {
  ...consumerSettings(timing),
  queueUrl: QUEUE_URL,
  sqs: client,
  batchSize: 10,
  handleMessage: messageHandler(async ({ Body = '' }: Message) => orders.pay(JSON.parse(Body)), {
    client,
    queueUrl: QUEUE_URL,
    parkingUrl: PARKING_URL,
  }),
};
