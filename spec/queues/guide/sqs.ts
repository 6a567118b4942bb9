import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import { SQS } from '@aws-sdk/client-sqs';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { Idempotent, InMemoryStore } from 'retrysafe';
import { queueTiming } from 'retrysafe/queues';
import { recordHandler, sqsSettings } from 'retrysafe/sqs';

// The function may run for 30 seconds, and the queue hides a message for six times as long.
export const timing = queueTiming({ visibilityTimeout: 180, maxReceives: 5, workTime: 30 });
export const settings = sqsSettings(timing, 'arn:aws:sqs:eu-west-1:123456789012:failed-orders');

const store = new InMemoryStore(); // in production a store that all instances of the function share
const { QUEUE_URL = 'http://127.0.0.1/orders', PARKING_URL = 'http://127.0.0.1/parked' } = process.env;

export class OrderConsumer {
  static readonly paid: string[] = [];
  readonly #processor = new BatchProcessor(EventType.SQS);
  readonly #handle = recordHandler((record: SQSRecord, context: Context) => this.pay(record, context), {
    client: new SQS(),
    queueUrl: QUEUE_URL,
    parkingUrl: PARKING_URL,
  });

  @Idempotent({ name: 'OrderConsumer.pay', key: 'body.orderId', store, ...timing.method })
  async pay(record: SQSRecord, _context: Context): Promise<void> {
    OrderConsumer.paid.push(JSON.parse(record.body).orderId); // the work
  }

  handle(event: SQSEvent, context: Context): Promise<SQSBatchResponse> {
    const options = { context, throwOnFullBatchFailure: false };
    return processPartialResponse(event, this.#handle, this.#processor, options);
  }
}

const consumer = new OrderConsumer();
export const handler = (event: SQSEvent, context: Context) => consumer.handle(event, context);
