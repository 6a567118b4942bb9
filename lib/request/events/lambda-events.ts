import { isPlain } from '../../values/class-facts.js';
import { type EventShape, records } from './event-records.js';
import { decodedWhenRead, httpBody, isObject, isText, type Loose, zippedBase64 } from './lambda-payloads.js';

const batch: EventShape = {
  mark: 'Records',
  is: ({ Records }) => isListOfRecords(Records),
  decoders: { Records: decodedRecords },
  goodKey: 'Records',
};

const events: readonly EventShape[] = [
  // API Gateway (REST, HTTP, WebSocket), load balancers, function URLs, VPC Lattice of version 2.
  {
    mark: 'requestContext',
    is: ({ requestContext, isBase64Encoded, httpMethod, path, rawPath }) =>
      isObject(requestContext) &&
      (typeof isBase64Encoded === 'boolean' || isText(rawPath) || (isText(httpMethod) && isText(path))),
    decoders: { body: (body, event) => httpBody(body, event, event.isBase64Encoded) },
    goodKey: 'body.id',
  },
  // VPC Lattice of version 1.
  {
    mark: 'raw_path',
    is: ({ raw_path, method, headers }) => isText(raw_path) && isText(method) && isObject(headers),
    decoders: { body: (body, event) => httpBody(body, event, event.is_base64_encoded) },
    goodKey: 'body.id',
  },
  batch,
  {
    mark: 'records',
    is: ({ eventSource, records: topics }) =>
      (eventSource === 'aws:kafka' || eventSource === 'SelfManagedKafka') && isObject(topics),
    decoders: { records: recordsByName },
    goodKey: 'records.*[].value.id',
  },
  {
    mark: 'messages',
    is: ({ eventSource, messages }) => eventSource === 'aws:amq' && Array.isArray(messages),
    decoders: { messages: decodedRecords },
    goodKey: 'messages[].data.id',
  },
  {
    mark: 'rmqMessagesByQueue',
    is: ({ eventSource, rmqMessagesByQueue: queues }) => eventSource === 'aws:rmq' && isObject(queues),
    decoders: { rmqMessagesByQueue: recordsByName },
    goodKey: 'rmqMessagesByQueue.*[].data.id',
  },
  // Firehose.
  {
    mark: 'deliveryStreamArn',
    is: ({ deliveryStreamArn, records: list }) => isText(deliveryStreamArn) && Array.isArray(list),
    decoders: { records: decodedRecords },
    goodKey: 'records[].data.id',
  },
  // CloudWatch Logs.
  {
    mark: 'awslogs',
    is: ({ awslogs }) => isObject(awslogs) && isText(awslogs.data),
    decoders: { awslogs: (part) => decodedWhenRead(part as Loose, { data: zippedBase64 }) },
    goodKey: 'awslogs.data.logEvents[].id',
  },
  // EventBridge.
  {
    mark: 'detail-type',
    is: ({ 'detail-type': type, source, id, detail }) =>
      isText(type) && isText(source) && isText(id) && isObject(detail),
    goodKey: 'detail.id',
  },
  // AppSync: resolvers, and its Event API.
  {
    mark: 'info',
    is: ({ info, arguments: given }) => isObject(info) && isText(info.parentTypeName) && isObject(given),
    goodKey: 'arguments.id',
  },
  {
    mark: 'info',
    is: ({ info }) => isObject(info) && isObject(info.channelNamespace) && isText(info.operation),
    goodKey: 'events[].payload.id',
  },
  // DocumentDB, and S3 Batch Operations.
  {
    mark: 'events',
    is: ({ eventSource, events: changes }) => eventSource === 'aws:docdb' && Array.isArray(changes),
    goodKey: 'events[].event._id._data',
  },
  {
    mark: 'invocationSchemaVersion',
    is: ({ invocationSchemaVersion, tasks }) => isText(invocationSchemaVersion) && Array.isArray(tasks),
    goodKey: 'tasks[].taskId',
  },
];

/** Shapes by their marks, so that few questions are asked about what is no event. */
type Shapes = ReadonlyMap<string, readonly EventShape[]>;

const recordShapes = byMark(records);
const allShapes = byMark([...records, ...events]);

function byMark(shapes: readonly EventShape[]): Shapes {
  const marked = new Map<string, EventShape[]>();
  for (const shape of shapes) marked.set(shape.mark, [...(marked.get(shape.mark) ?? []), shape]);
  return marked;
}

/** The shapes of the copies that were made here, whose text is decoded and which look like no event any more. */
const copies = new WeakMap<object, EventShape>();

function shapeOf(value: unknown, shapes: Shapes): EventShape | undefined {
  if (!isObject(value)) return undefined;
  const known = copies.get(value);
  // Events come from JSON. Nothing is read of what does not, such as a getter of a service.
  if (known || !isPlain(value)) return known;
  for (const name of Object.keys(value)) {
    const shape = shapes.get(name)?.find(({ is }) => is(value));
    if (shape) return shape;
  }
  return undefined;
}

/** What would be a good key of an event, or of a record of one; nothing where the value is neither. */
export function goodKeyOf(value: unknown): string | undefined {
  const shape = shapeOf(value, allShapes);
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
  const shape = shapeOf(value, allShapes);
  if (!shape) return undefined;
  return Object.keys(shape.decoders ?? {}).flatMap((name) => {
    const part = (value as Loose)[name];
    return Array.isArray(part) ? part : isObject(part) ? Object.values(part).flat() : [];
  });
}

/** The event with the text in it decoded, for expressions to look into. The event itself stays as it is. */
export function decodedEvent(event: unknown): unknown {
  return isListOfRecords(event) ? decodedRecords(event) : decodedBy(event, allShapes);
}

function decodedBy(value: unknown, shapes: Shapes): unknown {
  const shape = shapeOf(value, shapes);
  if (!shape?.decoders) return value;
  const copy = decodedWhenRead(value as Loose, shape.decoders);
  copies.set(copy, shape);
  return copy;
}

function isListOfRecords(value: unknown): value is readonly unknown[] {
  const isRecord = (one: unknown) => shapeOf(one, recordShapes) !== undefined;
  return Array.isArray(value) && isRecord(value[0]) && isFull(value) && value.every(isRecord);
}

// A list of mostly holes would take as long as it says it is.
function isFull(list: readonly unknown[]): boolean {
  return Object.keys(list).length === list.length;
}

/** A list whose members are decoded when they are read. */
function decodedRecords(list: unknown): unknown {
  if (!Array.isArray(list) || !isFull(list)) return list;
  const decoded = new Map<string | symbol, unknown>();
  return new Proxy([...list], {
    get(target, name) {
      const member = Reflect.get(target, name);
      if (!isObject(member)) return member;
      if (!decoded.has(name)) decoded.set(name, decodedBy(member, recordShapes));
      return decoded.get(name);
    },
  });
}

function recordsByName(groups: unknown): unknown {
  return Object.fromEntries(
    Object.entries(groups as Loose).map(([name, group]) => [name, decodedRecords(group)]),
  );
}
