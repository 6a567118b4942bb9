import { steadyNow } from '../../process/steady-clock.js';
import type { SqsAttribute, SqsMessage } from '../core/sqs-client.js';
import type { SqsOptions } from '../core/sqs-options.js';
import { SqsSettling } from '../core/sqs-settling.js';

/** What is read of a message: the `Message` of `@aws-sdk/client-sqs` has it. */
export interface SqsConsumerMessage {
  readonly MessageId?: string | undefined;
  readonly ReceiptHandle?: string | undefined;
  readonly Body?: string | undefined;
  readonly Attributes?: Partial<Record<string, string>> | undefined;
  readonly MessageAttributes?: Record<string, SqsAttribute> | undefined;
}

/**
 * Returns the `handleMessage` of a `Consumer` of sqs-consumer, of the versions 11 to 15. A message whose handler resolves is deleted, whatever that
 * resolves to. One whose handler throws is settled by the advice of the error:
 *
 * - `retry-later`: it comes back after the error's `retryAfter`, and after twice as long with each receive. SQS spends a receive each time: it
 *   cannot do otherwise. Where the error does not say when, it comes back with the visibility timeout, or after `retryDelay`.
 * - `fix-request`, `fix-code`, `ask-human`, and an error that is recorded as the outcome: it is deleted once the parking queue has confirmed its copy.
 *   A crash in between parks a second copy.
 * - Any other error: it is thrown on, for the consumer's event `processing_error` and its `terminateVisibilityTimeout`.
 *
 * The consumer has to be made with the `consumerSettings`, and without `alwaysAcknowledge`.
 *
 * @throws {ConfigurationError} for a wrong option, which it names.
 */
export function messageHandler<M extends SqsConsumerMessage>(
  handle: (message: M) => Promise<unknown>,
  options: SqsOptions,
): (message: M) => Promise<M> {
  const settling = new SqsSettling(options, 'messageHandler');
  return async (message) => {
    const begunAt = steadyNow();
    try {
      await handle(message);
    } catch (error) {
      const end = await settling.settle(messageOf(message, begunAt), error);
      if (end === 'failed') throw error;
      // Another message's id acknowledges nothing. Where nothing is returned, version 11 acknowledges the message.
      if (end === 'kept') return {} as M;
    }
    return message;
  };
}

function messageOf(message: SqsConsumerMessage, begunAt: number): SqsMessage {
  const { MessageId = '', ReceiptHandle = '', Body = '', Attributes = {}, MessageAttributes = {} } = message;
  return {
    id: MessageId,
    receiptHandle: ReceiptHandle,
    body: Body,
    attributes: MessageAttributes,
    groupId: Attributes.MessageGroupId,
    receives: Number(Attributes.ApproximateReceiveCount ?? 1),
    begunAt,
  };
}
