import { steadyNow } from '../../process/steady-clock.js';
import type { SqsAttribute, SqsMessage } from '../core/sqs-client.js';
import type { SqsOptions } from '../core/sqs-options.js';
import { SqsSettling } from '../core/sqs-settling.js';

/** What is read of a record of an SQS event: the `SQSRecord` of `@types/aws-lambda` has it. */
export interface SqsRecord {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly body: string;
  readonly attributes: {
    readonly ApproximateReceiveCount: string;
    readonly MessageGroupId?: string | undefined;
  };
  readonly messageAttributes: Readonly<Record<string, SqsRecordAttribute>>;
}

/** A message attribute, as Lambda has it. */
export interface SqsRecordAttribute {
  readonly dataType: string;
  readonly stringValue?: string | undefined;
  /** In base64. */
  readonly binaryValue?: string | undefined;
}

/** Handles one record of a batch. */
export type RecordHandler<R extends SqsRecord, C> = (record: R, context: C) => Promise<unknown>;

/**
 * Returns the handler of records for `processPartialResponse` of `@aws-lambda-powertools/batch` 2, for standard and FIFO queues. It settles each
 * record whose handler threw by the advice of the error:
 *
 * - `retry-later`: the message comes back after the error's `retryAfter`, and after twice as long with each receive. SQS spends a receive each
 *   time: it cannot do otherwise. Where the error does not say when, it comes back with the queue's visibility timeout, or after `retryDelay`.
 * - `fix-request`, `fix-code`, `ask-human`, and an error that is recorded as the outcome: once the parking queue has confirmed its copy, the record
 *   counts as done, so that SQS deletes it. A crash in between parks a second copy.
 * - Any other error, or one that cannot be settled: the record is reported as a failure, and the queue's own rules decide.
 *
 * Records are as SQS has sent them: the handler itself reads and checks the body, and not a parser of Powertools. Pass the Lambda context in
 * the options of `processPartialResponse`: nothing is settled into the end of an invocation.
 *
 * @throws {ConfigurationError} for a wrong option, which it names.
 */
export function recordHandler<R extends SqsRecord, C>(
  handle: RecordHandler<R, C>,
  options: SqsOptions,
): RecordHandler<R, C> {
  const settling = new SqsSettling(options, 'recordHandler');
  return async (record, context) => {
    const begunAt = steadyNow();
    try {
      return await handle(record, context);
    } catch (error) {
      const end = await settling.settle(messageOf(record, begunAt), error, remainingMs(context));
      if (end === 'parked') return undefined;
      // Powertools reads the message of what is thrown.
      throw error instanceof Error
        ? error
        : new Error('the handler of the record threw no error', { cause: error });
    }
  };
}

function messageOf(record: SqsRecord, begunAt: number): SqsMessage {
  const { messageId, receiptHandle, body, attributes, messageAttributes } = record;
  return {
    id: messageId,
    receiptHandle,
    body,
    attributes: Object.fromEntries(
      Object.entries(messageAttributes).map(([name, attribute]) => [name, attributeOf(attribute)]),
    ),
    groupId: attributes.MessageGroupId,
    receives: Number(attributes.ApproximateReceiveCount),
    begunAt,
  };
}

function attributeOf({ dataType, stringValue, binaryValue }: SqsRecordAttribute): SqsAttribute {
  return binaryValue === undefined
    ? { DataType: dataType, StringValue: stringValue }
    : { DataType: dataType, BinaryValue: Buffer.from(binaryValue, 'base64') };
}

function remainingMs(context: unknown): number | undefined {
  const lambda = context as { readonly getRemainingTimeInMillis?: () => number } | null | undefined;
  return lambda?.getRemainingTimeInMillis?.();
}
