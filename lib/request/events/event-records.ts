import {
  base64,
  type Decoders,
  decodedWhenRead,
  isObject,
  isText,
  kafkaHeaders,
  type Loose,
  notification,
  queuedText,
} from './lambda-payloads.js';

/** One shape in which AWS hands over an event, or a record of one. `docs/reference/aws-events.md` has the table for users. */
export interface EventShape {
  /** A property without which nothing else is asked. */
  readonly mark: string;
  /** Asks for the source and for fields of its own, so that no payload of a business is taken for an event. */
  readonly is: (value: Loose) => boolean;
  readonly decoders?: Decoders;
  /** A key that is the same with every delivery, as an error proposes it. */
  readonly goodKey: string;
}

const isNumber = (value: unknown) => typeof value === 'number';

function dataOf(mark: string, is: EventShape['is']): EventShape {
  return { mark, is, decoders: { data: base64 }, goodKey: 'data.id' };
}

function undecoded(source: string, goodKey: string): EventShape {
  const is = (record: Loose) => record.eventSource === `aws:${source}` && isObject(record[source]);
  return { mark: source, is, goodKey };
}

/** Records may come in a batch, in the list that EventBridge Pipes hand over, or one by one. */
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
    decoders: { kinesis: (part) => decodedWhenRead(part as Loose, { data: base64 }) },
    goodKey: 'kinesis.data.id',
  },
  // Kinesis, as Pipes spread it.
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
