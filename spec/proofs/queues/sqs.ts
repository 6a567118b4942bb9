import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import { type Message as Received, SQS } from '@aws-sdk/client-sqs';
import type { SQSRecord } from 'aws-lambda';
import { queueTiming } from 'retrysafe/queues';
import { recordHandler, type SqsOptions, sqsSettings } from 'retrysafe/sqs';
import { consumerSettings, messageHandler } from 'retrysafe/sqs-consumer';
import { loaded } from '../../queues/load-client.js';
import { LambdaPoller } from '../../support/lambda-poller.js';
import { connectionTo, SqsQueue, SqsServer } from '../../support/sqs-server.js';
import { until } from '../../support/until.js';
import type { Message, QueueState, QueueUnderTest, RunningQueue } from './queue-under-test.js';

const NAME = 'orders';
const PARKED = 'orders-to-look-at';
const timing = queueTiming({ visibilityTimeout: 6, maxReceives: 8, workTime: 2, retention: '1h' });
/** A message that comes back spends one. So there are many, for the attempts of a method to end before them. */
const MOST_RECEIVES = 100;

/** What the torture calls of sqs-consumer. */
interface Consumer {
  readonly status: { readonly isPolling: boolean };
  on(event: string, listener: () => void): void;
  start(): void;
  stop(options: { readonly abort: boolean }): void;
}

type Handle = (message: Message) => Promise<void>;

export const queue: QueueUnderTest = { name: 'SQS', node: 20, timing, start, consume };

async function start(): Promise<RunningQueue> {
  const server = await SqsServer.start();
  const parked = await server.createQueue(PARKED);
  const { attributes } = sqsSettings(timing, parked.arn);
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: parked.arn, maxReceiveCount: MOST_RECEIVES });
  const orders = await server.createQueue(NAME, { ...attributes, RedrivePolicy });
  const endpoint = `http://${server.host}:${server.port}`;
  return {
    connection: { endpoint, queueUrl: orders.url, parkingUrl: parked.url },
    async send(messages) {
      for (let first = 0; first < messages.length; first += 10) {
        const batch = messages.slice(first, first + 10);
        const Entries = batch.map((message, index) => ({
          Id: String(index),
          MessageBody: JSON.stringify(message),
        }));
        await orders.client.sendMessageBatch({ QueueUrl: orders.url, Entries });
      }
    },
    state: async () => stateOf(await server.all()),
    async restart() {
      await server.kill();
      await server.restart();
    },
    stop: () => server.stop(),
  };
}

function stateOf(all: Awaited<ReturnType<SqsServer['all']>>): QueueState {
  return {
    open: all.filter((message) => message.queue === NAME).length,
    parked: all
      .filter((message) => message.queue === PARKED)
      .map(({ body, attributes }) => ({
        id: (JSON.parse(body) as Message).id,
        reason: attributes['retrysafe-reason']?.StringValue ?? `it was received ${MOST_RECEIVES} times`,
      })),
  };
}

/** Each process is a service with sqs-consumer and a Lambda function at once. */
async function consume(
  connection: RunningQueue['connection'],
  handle: Handle,
): Promise<{ stop(): Promise<void> }> {
  const { endpoint, queueUrl, parkingUrl } = connection as Record<string, string>;
  const client = new SQS(connectionTo(endpoint as string));
  const options = { client, queueUrl: queueUrl as string, parkingUrl: parkingUrl as string };
  const [service, lambda] = [await startService(options, handle), startLambda(options, handle)];
  return {
    async stop() {
      await Promise.all([service.stop(), lambda.stop()]);
      client.destroy();
    },
  };
}

async function startService(options: Required<Pick<SqsOptions, 'queueUrl'>> & SqsOptions, handle: Handle) {
  const isNew = Number.parseInt(process.versions.node, 10) >= 22;
  const { Consumer } = (await loaded(isNew ? 'sqs-consumer' : 'sqs-consumer-11')) as {
    readonly Consumer: { create(options: object): Consumer };
  };
  const consumer = Consumer.create({
    ...consumerSettings(timing),
    queueUrl: options.queueUrl,
    sqs: options.client,
    batchSize: 4,
    waitTimeSeconds: 1,
    authenticationErrorTimeout: 200,
    // A failure of the method is tried again soon, so that poison does not take long.
    terminateVisibilityTimeout: 1,
    handleMessage: messageHandler(({ Body = '' }: Received) => handle(JSON.parse(Body)), options),
  });
  for (const event of ['error', 'processing_error']) consumer.on(event, () => {});
  consumer.start();
  return {
    async stop() {
      consumer.stop({ abort: true });
      await until('the service has stopped', () => !consumer.status.isPolling);
    },
  };
}

function startLambda(options: Required<Pick<SqsOptions, 'queueUrl'>> & SqsOptions, handle: Handle) {
  const processor = new BatchProcessor(EventType.SQS);
  const record = recordHandler(({ body }: SQSRecord) => handle(JSON.parse(body)), options);
  const queue = new SqsQueue(options.client as SQS, options.queueUrl);
  const poller = new LambdaPoller(queue, (event, context) =>
    processPartialResponse(event, record, processor, { context, throwOnFullBatchFailure: false }),
  );
  let isStopped = false;
  const polling = (async () => {
    while (!isStopped) {
      // The broker may be away.
      const invoked = await poller.poll().catch(() => undefined);
      if (!invoked) await new Promise((resolve) => setTimeout(resolve, 200));
    }
  })();
  return {
    async stop() {
      isStopped = true;
      await polling;
    },
  };
}
