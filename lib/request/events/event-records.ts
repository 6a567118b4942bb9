import {
  base64,
  type Decoders,
  decodedWhenRead,
  isObject,
  isText,
  kafkaHeaders,
  notification,
  type PayloadObject,
  queuedText,
} from './lambda-payloads.js';

/** One shape in which AWS passes an event, or a record of one. `docs/reference/aws-events.md` has the table for users. */
export interface EventShape {
  /** The property that is tested first. An object without it has another shape. */
  readonly mark: string;
  /** Tests the source and fields that only this shape has, so that an application's payload is not taken for an event. */
  readonly is: (value: PayloadObject) => boolean;
  readonly decoders?: Decoders;
  /** An expression whose value is the same with every delivery. Error messages propose it. */
  readonly goodKey: string;
}

const isNumber = (value: unknown) => typeof value === 'number';

function dataOf(mark: string, is: EventShape['is']): EventShape {
  return { mark, is, decoders: { data: base64 }, goodKey: 'data.id' };
}

function undecoded(source: string, goodKey: string): EventShape {
  const is = (record: PayloadObject) => record.eventSource === `aws:${source}` && isObject(record[source]);
  return { mark: source, is, goodKey };
}

/** The shapes of records. Records come in a batch, in the list of EventBridge Pipes, or one by one. */
export const records: readonly EventShape[] = [
  {
    mark: 'body',
    is: ({ eventSource, body }) => eventSource === 'aws:sqs' && isText(body),
    decoders: { body: queuedText },
    goodKey: 'body.id',
  },
  {
    mark: 'Sns',
    is: ({ EventSource, Sns }) => EventSource === 'aws:sns' && isObject(Sns),
    decoders: { Sns: notification },
    goodKey: 'Sns.Message.id',
  },
  {
    mark: 'kinesis',
    is: ({ eventSource, kinesis }) => eventSource === 'aws:kinesis' && isObject(kinesis),
    decoders: { kinesis: (part) => decodedWhenRead(part as PayloadObject, { data: base64 }) },
    goodKey: 'kinesis.data.id',
  },
  // Kinesis through Pipes, which flatten the record.
  dataOf(
    'sequenceNumber',
    ({ eventSource, sequenceNumber }) => eventSource === 'aws:kinesis' && isText(sequenceNumber),
  ),
  // Kafka.
  {
    mark: 'timestampType',
    is: ({ topic, partition, timestampType }) =>
      isText(topic) && isNumber(partition) && isText(timestampType),
    decoders: { key: base64, value: base64, headers: kafkaHeaders },
    goodKey: 'value.id',
  },
  // ActiveMQ, RabbitMQ, Firehose.
  dataOf('brokerInTime', ({ messageType, brokerInTime }) => isText(messageType) && isNumber(brokerInTime)),
  dataOf(
    'basicProperties',
    ({ basicProperties, redelivered }) => isObject(basicProperties) && typeof redelivered === 'boolean',
  ),
  dataOf('recordId', ({ recordId, approximateArrivalTimestamp: at }) => isText(recordId) && isNumber(at)),
  undecoded('dynamodb', 'eventID'),
  undecoded('s3', 's3.object.[key, sequencer]'),
  undecoded('ses', 'ses.mail.messageId'),
  undecoded('codecommit', 'eventId'),
];
