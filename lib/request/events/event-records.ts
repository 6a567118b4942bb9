import {
  base64,
  type Decoders,
  decodedText,
  isObject,
  isText,
  kafkaHeaders,
  queuedText,
} from './lambda-payloads.js';

/** What a part of an event is: this text, an object with such parts, or what a function accepts. */
type Pattern = string | Parts | ((part: unknown) => boolean);
interface Parts {
  readonly [name: string]: Pattern;
}

/** One shape in which AWS passes an event, or a record of one. `docs/reference/aws-events.md` has the table for users. */
export interface EventShape {
  /**
   * The source and the fields that only this shape has, so that an application's payload is not taken for an event. The first
   * one is tested first: an object without it has another shape.
   */
  readonly parts: Parts;
  /** An expression whose value is the same with every delivery. Error messages propose it. */
  readonly goodKey: string;
  readonly decoders?: Decoders | undefined;
}

export function shape(parts: Parts, goodKey: string, decoders?: Decoders): EventShape {
  return { parts, goodKey, decoders };
}

/** Whether a value is what the pattern says. */
export function fits(value: unknown, pattern: Pattern): boolean {
  if (typeof pattern === 'string') return value === pattern;
  if (typeof pattern === 'function') return pattern(value);
  if (!isObject(value)) return false;
  // Without a list of the parts: an application's objects are compared in each call.
  for (const name in pattern)
    if (Object.hasOwn(pattern, name) && !fits(value[name], pattern[name] as Pattern)) return false;
  return true;
}

const data = { data: base64 };
const isNumber = Number.isFinite;

export function isBoolean(value: unknown): boolean {
  return typeof value === 'boolean';
}

/** The shapes of records. Records come in a batch, in the list of EventBridge Pipes, or one by one. */
export function recordShapes(): readonly EventShape[] {
  return [
    shape({ body: isText, eventSource: 'aws:sqs' }, 'body.id', { body: queuedText }),
    shape({ Sns: {}, EventSource: 'aws:sns' }, 'Sns.Message.id', { Sns: { Message: decodedText } }),
    shape({ kinesis: {}, eventSource: 'aws:kinesis' }, 'kinesis.data.id', { kinesis: data }),
    // Kinesis through Pipes, which flatten the record.
    shape({ sequenceNumber: isText, eventSource: 'aws:kinesis' }, 'data.id', data),
    // Kafka.
    shape({ timestampType: isText, topic: isText, partition: isNumber }, 'value.id', {
      key: base64,
      value: base64,
      headers: kafkaHeaders,
    }),
    // ActiveMQ, RabbitMQ, Firehose.
    shape({ brokerInTime: isNumber, messageType: isText }, 'data.id', data),
    shape({ basicProperties: {}, redelivered: isBoolean }, 'data.id', data),
    shape({ recordId: isText, approximateArrivalTimestamp: isNumber }, 'data.id', data),
    shape({ dynamodb: {}, eventSource: 'aws:dynamodb' }, 'eventID'),
    shape({ s3: {}, eventSource: 'aws:s3' }, 's3.object.[key, sequencer]'),
    shape({ ses: {}, eventSource: 'aws:ses' }, 'ses.mail.messageId'),
    shape({ codecommit: {}, eventSource: 'aws:codecommit' }, 'eventId'),
  ];
}
