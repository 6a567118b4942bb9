import { expect } from 'chai';
import { LambdaPoller } from '../support/lambda-poller.js';
import { SqsServer } from '../support/sqs-server.js';

describe('the function of docs/guide/queues/sqs.md', () => {
  const environment = { ...process.env };
  let server: SqsServer;

  before(async () => {
    server = await SqsServer.start();
  });
  after(async () => {
    process.env = environment;
    await server?.stop();
  });

  it('pays each order once, and parks what is none', async () => {
    const queue = await server.createQueue('orders');
    const parking = await server.createQueue('parked');
    Object.assign(process.env, {
      QUEUE_URL: queue.url,
      PARKING_URL: parking.url,
      AWS_ENDPOINT_URL_SQS: `http://${server.host}:${server.port}`,
      AWS_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: 'a',
      AWS_SECRET_ACCESS_KEY: 'b',
    });
    const { handler, OrderConsumer, settings } = await import('./guide/sqs.js');
    await server.createQueue('with-settings', settings.attributes);
    for (const body of [{ orderId: 'o-1' }, { orderId: 'o-1' }, { order: 'o-2' }]) await queue.send(body);
    await new LambdaPoller(queue, handler).poll();
    expect(OrderConsumer.paid).to.deep.equal(['o-1']);
    expect(await queue.counts()).to.deep.equal({ visible: 0, hidden: 0 });
    expect((await parking.receive()).map(({ Body }) => Body)).to.deep.equal(['{"order":"o-2"}']);
  });
});
