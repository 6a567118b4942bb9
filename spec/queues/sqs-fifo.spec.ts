import { processPartialResponse, SqsFifoPartialProcessorAsync } from '@aws-lambda-powertools/batch';
import type { SQS } from '@aws-sdk/client-sqs';
import type { SQSRecord } from 'aws-lambda';
import { expect } from 'chai';
import { InMemoryStore, KeyError, makeIdempotent, StoreError } from 'retrysafe';
import { recordHandler, type SqsOptions } from 'retrysafe/sqs';
import { type Invocation, LambdaPoller } from '../support/lambda-poller.js';
import { type SqsQueue, SqsServer } from '../support/sqs-server.js';
import { until } from '../support/until.js';

describe('a Lambda consumer of a FIFO queue of SQS, over Powertools', () => {
  let server: SqsServer;
  let client: SQS;
  let queue: SqsQueue;
  let parking: SqsQueue;
  let handled: string[];
  /** What handling a body throws next, and for how often. */
  let faults: Map<string, { readonly error: Error; times: number }>;
  let number = 0;

  before(async () => {
    server = await SqsServer.start();
  });
  after(() => server?.stop());
  beforeEach(async () => {
    number += 1;
    client = server.client();
    handled = [];
    faults = new Map();
    parking = await server.createQueue(`parking-${number}.fifo`);
    queue = await server.createQueue(`queue-${number}.fifo`, { VisibilityTimeout: '2' });
  });

  async function send(body: string, group: string): Promise<string> {
    return queue.send(body, { MessageGroupId: group, MessageDeduplicationId: body });
  }

  function poller(more: Partial<SqsOptions> = {}): LambdaPoller {
    const options = { client, queueUrl: queue.url, parkingUrl: parking.url, report: () => {}, ...more };
    const handle = recordHandler(async ({ body }: SQSRecord) => {
      const fault = faults.get(body);
      if (fault && fault.times > 0) {
        fault.times -= 1;
        throw fault.error;
      }
      handled.push(body);
    }, options);
    const processor = new SqsFifoPartialProcessorAsync();
    return new LambdaPoller(queue, (event, context) =>
      processPartialResponse(event, handle, processor, { context, throwOnFullBatchFailure: false }),
    );
  }

  function again(lambda: LambdaPoller): Promise<Invocation> {
    return until('it is delivered again', () => lambda.poll());
  }

  it('parks poison, and goes on with its group in the same batch', async () => {
    faults.set('a-1', { error: new KeyError('none'), times: Number.POSITIVE_INFINITY });
    const id = await send('a-1', 'a');
    for (const body of ['a-2', 'a-3']) await send(body, 'a');
    expect(await poller().poll()).to.deep.equal({ bodies: ['a-1', 'a-2', 'a-3'], failed: [] });
    expect(handled).to.deep.equal(['a-2', 'a-3']);
    const [parked] = await parking.receive();
    expect(parked?.Body).to.equal('a-1');
    expect(parked?.Attributes).to.include({ MessageGroupId: 'a', MessageDeduplicationId: id });
  });

  it('lets no later message of a group overtake one that comes back, sooner or later than the others', async () => {
    for (const retryDelay of [1, 3]) {
      const [first, second] = [`${retryDelay}-1`, `${retryDelay}-2`];
      faults.set(first, { error: new StoreError('down'), times: 1 });
      await send(first, 'a');
      await send(second, 'a');
      const lambda = poller({ retryDelay });
      expect(await lambda.poll())
        .to.have.property('failed')
        .with.lengthOf(2);
      await again(lambda);
      await until('all is handled', async () => {
        await lambda.poll();
        return handled.includes(second);
      });
    }
    expect(handled).to.deep.equal(['1-1', '1-2', '3-1', '3-2']);
  });

  it('has one copy in the parking queue of a message that was parked twice', async () => {
    const error = new KeyError('none');
    faults.set('a-1', { error, times: Number.POSITIVE_INFINITY });
    await send('a-1', 'a');
    const lambda = poller();
    const { handler } = lambda;
    // The function parks the message, and dies before its response.
    const dying = new LambdaPoller(queue, async (event, context) => {
      await handler(event, context);
      throw new Error('Runtime exited');
    });
    expect(await dying.poll()).to.have.property('error');
    expect(await again(lambda)).to.deep.include({ failed: [] });
    expect(await parking.counts()).to.deep.equal({ visible: 1, hidden: 0 });
  });

  it('parks two messages that had one deduplication id', async () => {
    const fault = { error: new KeyError('none'), times: Number.POSITIVE_INFINITY };
    faults.set('a-1', fault);
    faults.set('a-2', fault);
    await send('a-1', 'a');
    await send('a-2', 'a');
    const lambda = poller();
    // More than five minutes apart, a sender may use one id for two messages.
    const { handler } = lambda;
    const oneId = new LambdaPoller(queue, (event, context) => {
      for (const record of event.Records)
        Object.assign(record.attributes, { MessageDeduplicationId: 'same' });
      return handler(event, context);
    });
    await oneId.poll();
    expect((await parking.receive()).map(({ Body }) => Body)).to.deep.equal(['a-1', 'a-2']);
  });

  it('parks in a queue without order, too', async () => {
    faults.set('a-1', { error: new KeyError('none'), times: 1 });
    await send('a-1', 'a');
    const unordered = await server.createQueue(`unordered-${number}`);
    expect(await poller({ parkingUrl: unordered.url }).poll()).to.deep.include({ failed: [] });
    expect(await unordered.counts()).to.deep.equal({ visible: 1, hidden: 0 });
  });

  it('runs what is sent twice once', async () => {
    const runs: string[] = [];
    const settle = makeIdempotent(async ({ id }: { readonly id: string }) => runs.push(id), {
      name: 'settle',
      key: 'id',
      store: new InMemoryStore(),
    });
    const handle = recordHandler(({ body }: SQSRecord) => settle({ id: body.slice(0, 3) }), {});
    const processor = new SqsFifoPartialProcessorAsync();
    const lambda = new LambdaPoller(queue, (event, context) =>
      processPartialResponse(event, handle, processor, { context }),
    );
    await send('a-1', 'a');
    await send('a-1 once more', 'a');
    await lambda.poll();
    expect(runs).to.deep.equal(['a-1']);
    expect(await queue.counts()).to.deep.equal({ visible: 0, hidden: 0 });
  });
});
