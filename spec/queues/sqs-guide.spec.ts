import { expect } from 'chai';
import { LambdaPoller } from '../support/lambda-poller.js';
import { type SqsQueue, SqsServer } from '../support/sqs-server.js';
import { until } from '../support/until.js';
import { loadClient } from './load-client.js';

interface Client {
  readonly Consumer: { create(options: object): { start(): void; stop(options: object): void } };
}

describe('the consumers of the pages about SQS', () => {
  const environment = { ...process.env };
  let server: SqsServer;
  let queue: SqsQueue;
  let parking: SqsQueue;

  before(async () => {
    server = await SqsServer.start();
    queue = await server.createQueue('orders');
    parking = await server.createQueue('parked');
    Object.assign(process.env, {
      QUEUE_URL: queue.url,
      PARKING_URL: parking.url,
      AWS_ENDPOINT_URL_SQS: `http://${server.host}:${server.port}`,
      AWS_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: 'a',
      AWS_SECRET_ACCESS_KEY: 'b',
    });
  });
  after(async () => {
    process.env = environment;
    await server?.stop();
  });
  beforeEach(async () => {
    for (const body of [{ orderId: 'o-1' }, { orderId: 'o-1' }, { order: 'o-2' }]) await queue.send(body);
  });

  /** Each order was paid once, and what is none is parked. */
  async function expectSettled(paid: readonly string[]): Promise<void> {
    expect(paid).to.deep.equal(['o-1']);
    expect(await queue.counts()).to.deep.equal({ visible: 0, hidden: 0 });
    const parked = await parking.receive();
    expect(parked.map(({ Body }) => Body)).to.deep.equal(['{"order":"o-2"}']);
    for (const { ReceiptHandle } of parked)
      await parking.client.deleteMessage({ QueueUrl: parking.url, ReceiptHandle });
  }

  it('pay each order once in Lambda, and park what is none', async () => {
    const { handler, OrderConsumer, settings } = await import('./guide/sqs.js');
    await server.createQueue('with-settings', settings.attributes);
    await new LambdaPoller(queue, handler).poll();
    await expectSettled(OrderConsumer.paid);
  });

  it('do so in a service', async function () {
    const { Consumer } = await loadClient<Client>(this, 'sqs-consumer-11');
    const { options, Orders } = await import('./guide/sqs-consumer.js');
    const consumer = Consumer.create({ ...options, waitTimeSeconds: 1 });
    consumer.start();
    try {
      await until('all is settled', async () => {
        const { visible, hidden } = await queue.counts();
        return visible + hidden === 0;
      });
    } finally {
      consumer.stop({ abort: true });
    }
    await expectSettled(Orders.paid);
  });
});
