import type { Message } from '@aws-sdk/client-sqs';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { invocation } from './invocation.js';
import type { SqsQueue } from './sqs-server.js';

export type SqsHandler = (event: SQSEvent, context: Context) => Promise<SQSBatchResponse>;

/** What became of a batch. */
export interface Invocation {
  readonly bodies: string[];
  /** Bodies of the messages that the function reported as failed. */
  readonly failed: string[];
  /** What the function threw. */
  readonly error?: unknown;
}

/**
 * Does what an event source mapping of Lambda does, which has `ReportBatchItemFailures`: it receives a batch, invokes a function, and deletes what the function has not
 * reported as failed. Where the function throws, it deletes nothing.
 */
export class LambdaPoller {
  constructor(
    readonly queue: SqsQueue,
    readonly handler: SqsHandler,
    /** Milliseconds that an invocation has. */
    readonly timeout = 30_000,
  ) {}

  /** Invokes the function once with what is visible, unless that is nothing. */
  async poll(): Promise<Invocation | undefined> {
    const messages = await this.queue.receive();
    return messages.length === 0 ? undefined : this.#invoke(messages);
  }

  async #invoke(messages: readonly Message[]): Promise<Invocation> {
    const bodies = messages.map(({ Body = '' }) => Body);
    const Records = messages.map((message) => recordOf(message, this.queue.arn));
    try {
      const { batchItemFailures } = await this.handler({ Records }, invocation(this.timeout) as Context);
      const failures = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
      const isFailed = ({ MessageId = '' }: Message) => failures.has(MessageId);
      const done = messages.filter((message) => !isFailed(message));
      for (const { ReceiptHandle } of done)
        await this.queue.client.deleteMessage({ QueueUrl: this.queue.url, ReceiptHandle });
      return { bodies, failed: messages.filter(isFailed).map(({ Body = '' }) => Body) };
    } catch (error) {
      return { bodies, failed: bodies, error };
    }
  }
}

/** A message as Lambda hands it on. */
function recordOf(message: Message, eventSourceARN: string): SQSRecord {
  const { MessageId = '', ReceiptHandle = '', Body = '', MD5OfBody = '', Attributes } = message;
  const attributes = Object.entries(message.MessageAttributes ?? {}).map(([name, attribute]) => {
    const { DataType = '', StringValue, BinaryValue } = attribute;
    const binaryValue = BinaryValue && Buffer.from(BinaryValue).toString('base64');
    const lists = { stringListValues: [], binaryListValues: [] };
    const value = binaryValue === undefined ? { stringValue: StringValue } : { binaryValue };
    return [name, { ...value, ...lists, dataType: DataType }];
  });
  return {
    messageId: MessageId,
    receiptHandle: ReceiptHandle,
    body: Body,
    attributes: Attributes as unknown as SQSRecord['attributes'],
    messageAttributes: Object.fromEntries(attributes),
    md5OfBody: MD5OfBody,
    eventSource: 'aws:sqs',
    eventSourceARN,
    awsRegion: 'eu-west-1',
  };
}
