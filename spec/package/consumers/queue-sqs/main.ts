import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import {
  BatchProcessor,
  EventType,
  processPartialResponse,
  SqsFifoPartialProcessorAsync,
} from '@aws-lambda-powertools/batch';
import { type Message, SQS } from '@aws-sdk/client-sqs';
import type { Context, SQSBatchResponse, SQSEvent, SQSHandler, SQSRecord } from 'aws-lambda';
import { Idempotent, InMemoryStore } from 'retrysafe';
import { queueTiming } from 'retrysafe/queues';
import { recordHandler, type SqsOptions, sqsSettings } from 'retrysafe/sqs';
import { consumerSettings, messageHandler } from 'retrysafe/sqs-consumer';
import { Consumer } from 'sqs-consumer';
import { Consumer as Consumer11 } from 'sqs-consumer-11';

interface Sent {
  readonly MessageBody: string;
  readonly MessageAttributes: Readonly<Record<string, { readonly StringValue: string }>>;
}

const timing = queueTiming({ visibilityTimeout: 180, maxReceives: 5, workTime: 30 });
const { attributes } = sqsSettings(timing, 'arn:aws:sqs:eu-west-1:123456789012:parked');
assert.equal(attributes.VisibilityTimeout, '180');

const poison = '{"cents":100}';
const sent: Sent[] = [];
const deleted: string[] = [];
let isReceived = false;

// As much of SQS as is asked for here.
const server = createServer(async (request, response) => {
  const body = (await json(request)) as Sent & { readonly ReceiptHandle: string };
  const name = String(request.headers['x-amz-target']).split('.')[1];
  let answer: object = {};
  if (name === 'SendMessage') {
    sent.push(body);
    answer = { MessageId: 'm', MD5OfMessageBody: md5(body.MessageBody) };
  }
  if (name === 'DeleteMessage') deleted.push(body.ReceiptHandle);
  if (name === 'ReceiveMessage' && !isReceived) {
    isReceived = true;
    answer = { Messages: [{ MessageId: 'm-1', ReceiptHandle: 'h-1', Body: poison, MD5OfBody: md5(poison) }] };
  }
  if (name === 'ReceiveMessage') await pause(20);
  response.setHeader('content-type', 'application/x-amz-json-1.0').end(JSON.stringify(answer));
});

function md5(text: string): string {
  return createHash('md5').update(text).digest('hex');
}

class Payments {
  readonly paid: string[] = [];

  @Idempotent({ key: 'id', fingerprint: 'cents', store: new InMemoryStore(), ...timing.method })
  async pay(order: { readonly id: string; readonly cents: number }, _context?: Context): Promise<void> {
    this.paid.push(order.id);
  }
}

server.listen(0, '127.0.0.1');
await once(server, 'listening');
const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };
const client = new SQS({ endpoint, region: 'eu-west-1', credentials, maxAttempts: 1 });
const options: SqsOptions = {
  client,
  queueUrl: `${endpoint}/123456789012/orders`,
  parkingUrl: `${endpoint}/123456789012/parked`,
  report: () => {},
};
const payments = new Payments();

const handleRecord = recordHandler(
  (record: SQSRecord, context: Context) => payments.pay(JSON.parse(record.body), context),
  options,
);
const unordered = new BatchProcessor(EventType.SQS);
const ordered = new SqsFifoPartialProcessorAsync();
const handler = (event: SQSEvent, context: Context): Promise<SQSBatchResponse> =>
  processPartialResponse(event, handleRecord, unordered, { context, throwOnFullBatchFailure: false });
const fifo: SQSHandler = async (event, context) =>
  processPartialResponse(event, handleRecord, ordered, { context, skipGroupOnError: true });

function eventOf(...bodies: string[]): SQSEvent {
  const Records = bodies.map((body, index) => ({
    messageId: `m-${index}`,
    receiptHandle: `h-${index}`,
    body,
    attributes: {
      ApproximateReceiveCount: '1',
      SentTimestamp: '0',
      SenderId: 'a',
      ApproximateFirstReceiveTimestamp: '0',
      MessageGroupId: 'g',
    },
    messageAttributes: { tenant: { stringValue: 'acme', dataType: 'String' } },
    md5OfBody: md5(body),
    eventSource: 'aws:sqs',
    eventSourceARN: 'arn:aws:sqs:eu-west-1:123456789012:orders',
    awsRegion: 'eu-west-1',
  }));
  return { Records };
}

const context = { awsRequestId: 'r', getRemainingTimeInMillis: () => 10_000 } as Context;
const batch = eventOf('{"id":"o-1","cents":100}', poison);
assert.deepEqual(await handler(batch, context), { batchItemFailures: [] });
assert.deepEqual(await fifo(batch, context, () => {}), { batchItemFailures: [] });
assert.deepEqual(payments.paid, ['o-1']);
assert.equal(sent.length, 2);
assert.equal(sent[0]?.MessageAttributes.tenant?.StringValue, 'acme');
assert.equal(sent[0]?.MessageAttributes['retrysafe-code']?.StringValue, 'ERR_IDEMPOTENCY_KEY');

for (const create of [Consumer.create, Consumer11.create]) {
  sent.length = 0;
  deleted.length = 0;
  isReceived = false;
  const consumer = create({
    ...consumerSettings(timing),
    queueUrl: `${endpoint}/123456789012/orders`,
    sqs: client,
    handleMessage: messageHandler(async ({ Body = '' }: Message) => payments.pay(JSON.parse(Body)), options),
  });
  const processed = new Promise((resolve) => consumer.on('message_processed', resolve));
  consumer.start();
  await processed;
  consumer.stop();
  assert.deepEqual(deleted, ['h-1']);
  assert.equal(sent[0]?.MessageBody, poison);
}
client.destroy();
server.closeAllConnections();
server.close();
