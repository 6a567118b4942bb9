import { codeOf } from './dead-letter-facts.js';
import type { SqsAttribute, SqsClient, SqsMessage } from './sqs-client.js';

/** So many has a message of SQS at most. */
const MOST_ATTRIBUTES = 10;
const LONGEST_TEXT = 1_000;

/**
 * Returns what is sent to park a message: its body and attributes, and why it is parked, as far as there is room for more attributes. In a
 * FIFO queue it keeps its group. A second copy of one message within 5 minutes is dropped there: its deduplication id is the message's own id,
 * since two messages may have one deduplication id.
 */
export function parkedMessage(
  parkingUrl: string,
  { id, body, attributes, groupId }: SqsMessage,
  reason: string,
  error: unknown,
): Parameters<SqsClient['sendMessage']>[0] {
  const reasons = {
    'retrysafe-code': text(codeOf(error) ?? nameOf(error)),
    'retrysafe-reason': text(reason),
  };
  return {
    QueueUrl: parkingUrl,
    MessageBody: body,
    MessageAttributes: Object.fromEntries(
      Object.entries({ ...attributes, ...reasons }).slice(0, MOST_ATTRIBUTES),
    ),
    ...(parkingUrl.endsWith('.fifo') && { MessageGroupId: groupId ?? id, MessageDeduplicationId: id }),
  };
}

function nameOf(error: unknown): string {
  const { name = typeof error } = Object(error) as { readonly name?: string };
  return name;
}

/** SQS takes no empty text, and only characters that XML has. */
function text(value: string): SqsAttribute {
  const characters = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;
  return {
    DataType: 'String',
    StringValue: value.slice(0, LONGEST_TEXT).replace(characters, '\ufffd') || 'unknown',
  };
}
