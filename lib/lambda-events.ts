import { isPlain } from './class-facts.js';
import { type EventShape, records } from './event-records.js';
import { decodedWhenRead, httpBody, isObject, isText, type Loose, zippedBase64 } from './lambda-payloads.js';

const batch: EventShape = {
  is: ({ Records }) => isListOfRecords(Records),
  decoders: { Records: decodedRecords },
  goodKey: 'Records',
};

const events: readonly EventShape[] = [
  // API Gateway (REST, HTTP, WebSocket), load balancers, function URLs, VPC Lattice of version 2.
  {
    is: ({ requestContext, isBase64Encoded, httpMethod, path, rawPath }) =>
      isObject(requestContext) &&
      (typeof isBase64Encoded === 'boolean' || isText(rawPath) || (isText(httpMethod) && isText(path))),
    decoders: { body: (body, event) => httpBody(body, event, event.isBase64Encoded) },
    goodKey: 'body.id',
  },
  // VPC Lattice of version 1.
  {
    is: ({ raw_path, method, headers }) => isText(raw_path) && isText(method) && isObject(headers),
    decoders: { body: (body, event) => httpBody(body, event, event.is_base64_encoded) },
    goodKey: 'body.id',
  },
  batch,
  {
    is: ({ eventSource, records: topics }) =>
      (eventSource === 'aws:kafka' || eventSource === 'SelfManagedKafka') && isObject(topics),
    decoders: { records: recordsByName },
    goodKey: 'records.*[].value.id',
  },
  {
    is: ({ eventSource, messages }) => eventSource === 'aws:amq' && Array.isArray(messages),
    decoders: { messages: decodedRecords },
    goodKey: 'messages[].data.id',
  },
  {
    is: ({ eventSource, rmqMessagesByQueue: queues }) => eventSource === 'aws:rmq' && isObject(queues),
    decoders: { rmqMessagesByQueue: recordsByName },
    goodKey: 'rmqMessagesByQueue.*[].data.id',
  },
  // Firehose.
  {
    is: ({ deliveryStreamArn, records: list }) => isText(deliveryStreamArn) && Array.isArray(list),
    decoders: { records: decodedRecords },
    goodKey: 'records[].data.id',
  },
  // CloudWatch Logs.
  {
    is: ({ awslogs }) => isObject(awslogs) && isText(awslogs.data),
    decoders: { awslogs: (part) => decodedWhenRead(part as Loose, { data: zippedBase64 }) },
    goodKey: 'awslogs.data.logEvents[].id',
  },
  // EventBridge.
  {
    is: ({ 'detail-type': type, source, id, detail }) =>
      isText(type) && isText(source) && isText(id) && isObject(detail),
    goodKey: 'detail.id',
  },
  // AppSync: resolvers, and its Event API.
  {
    is: ({ info, arguments: given }) => isObject(info) && isText(info.parentTypeName) && isObject(given),
    goodKey: 'arguments.id',
  },
  {
    is: ({ info }) => isObject(info) && isObject(info.channelNamespace) && isText(info.operation),
    goodKey: 'events[].payload.id',
  },
  // DocumentDB, and S3 Batch Operations.
  {
    is: ({ eventSource, events: changes }) => eventSource === 'aws:docdb' && Array.isArray(changes),
    goodKey: 'events[].event._id._data',
  },
  {
    is: ({ invocationSchemaVersion, tasks }) => isText(invocationSchemaVersion) && Array.isArray(tasks),
    goodKey: 'tasks[].taskId',
  },
];

/** The shapes of the copies that were made here, whose text is decoded and which look like no event any more. */
const copies = new WeakMap<object, EventShape>();

function shapeOf(value: unknown, shapes: readonly EventShape[]): EventShape | undefined {
  // Events come from JSON. Nothing is read of what does not, such as a getter of a service.
  if (!isObject(value)) return undefined;
  return copies.get(value) ?? (isPlain(value) ? shapes.find(({ is }) => is(value)) : undefined);
}

const all = [...records, ...events];

/** What would be a good key of an event, or of a record of one; nothing where the value is neither. */
export function goodKeyOf(value: unknown): string | undefined {
  const shape = shapeOf(value, all);
  if (shape !== batch) return shape?.goodKey;
  const [first] = (value as { Records: readonly unknown[] }).Records;
  return `Records[].${goodKeyOf(first)}`;
}

/** Whether a value is a decoded copy of an event, or of a record of one. */
export function isDecodedCopy(value: object): boolean {
  return copies.has(value);
}

/** The records of an event, which has none where it is no batch; nothing where the value is no event. */
export function recordsOf(value: unknown): readonly unknown[] | undefined {
  const shape = shapeOf(value, all);
  if (!shape) return undefined;
  return Object.keys(shape.decoders ?? {}).flatMap((name) => {
    const part = (value as Loose)[name];
    return Array.isArray(part) ? part : isObject(part) ? Object.values(part).flat() : [];
  });
}

/** The event with the text in it decoded, for expressions to look into. The event itself stays as it is. */
export function decodedEvent(event: unknown): unknown {
  return isListOfRecords(event) ? decodedRecords(event) : decodedBy(event, all);
}

function decodedBy(value: unknown, shapes: readonly EventShape[]): unknown {
  const shape = shapeOf(value, shapes);
  if (!shape?.decoders) return value;
  const copy = decodedWhenRead(value as Loose, shape.decoders);
  copies.set(copy, shape);
  return copy;
}

function isListOfRecords(value: unknown): value is readonly unknown[] {
  const isRecord = (one: unknown) => shapeOf(one, records) !== undefined;
  if (!Array.isArray(value) || !isRecord(value[0])) return false;
  // A list of mostly holes would take as long as it says it is.
  return Object.keys(value).length === value.length && value.every(isRecord);
}

function decodedRecords(list: unknown): unknown {
  return Object.values(list as readonly unknown[]).map((record) => decodedBy(record, records));
}

function recordsByName(groups: unknown): unknown {
  const decode = (group: unknown) => (Array.isArray(group) ? decodedRecords(group) : group);
  return Object.fromEntries(Object.entries(groups as Loose).map(([name, group]) => [name, decode(group)]));
}
