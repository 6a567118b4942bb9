import { isPlain } from '../../values/class-facts.js';
import { type EventShape, records } from './event-records.js';
import {
  decodedWhenRead,
  httpBody,
  isObject,
  isText,
  type PayloadObject,
  zippedBase64,
} from './lambda-payloads.js';

const batch: EventShape = {
  mark: 'Records',
  is: ({ Records }) => isListOfRecords(Records),
  decoders: { Records: decodedRecords },
  goodKey: 'Records',
};

const events: readonly EventShape[] = [
  // API Gateway (REST, HTTP, WebSocket), load balancers, function URLs, VPC Lattice version 2.
  {
    mark: 'requestContext',
    is: ({ requestContext, isBase64Encoded, httpMethod, path, rawPath }) =>
      isObject(requestContext) &&
      (typeof isBase64Encoded === 'boolean' || isText(rawPath) || (isText(httpMethod) && isText(path))),
    decoders: { body: (body, event) => httpBody(body, event, event.isBase64Encoded) },
    goodKey: 'body.id',
  },
  // VPC Lattice version 1.
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
    decoders: { awslogs: (part) => decodedWhenRead(part as PayloadObject, { data: zippedBase64 }) },
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
    is: ({ info, arguments: fields }) => isObject(info) && isText(info.parentTypeName) && isObject(fields),
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

/** Shapes by their marks, so that few tests are made of an object that is no event. */
type Shapes = ReadonlyMap<string, readonly EventShape[]>;

const recordShapes = byMark(records);
const allShapes = byMark([...records, ...events]);

function byMark(shapes: readonly EventShape[]): Shapes {
  const marked = new Map<string, EventShape[]>();
  for (const shape of shapes) marked.set(shape.mark, [...(marked.get(shape.mark) ?? []), shape]);
  return marked;
}

/** The shapes of decoded copies. A copy does not have the shape of its event any more, since its text is decoded. */
const copies = new WeakMap<object, EventShape>();

function shapeOf(value: unknown, shapes: Shapes): EventShape | undefined {
  if (!isObject(value)) return undefined;
  const known = copies.get(value);
  // Events come from JSON. Other objects are not read at all: they may be services with getters.
  if (known || !isPlain(value)) return known;
  for (const name of Object.keys(value)) {
    const shape = shapes.get(name)?.find(({ is }) => is(value));
    if (shape) return shape;
  }
  return undefined;
}

/** Returns an expression that is a good key for an event, or for a record of one; nothing where the value is neither. */
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

/** Returns the records of an event, or an empty list where it is no batch; nothing where the value is no event. */
export function recordsOf(value: unknown): readonly unknown[] | undefined {
  const shape = shapeOf(value, allShapes);
  if (!shape) return undefined;
  return Object.keys(shape.decoders ?? {}).flatMap((name) => {
    const part = (value as PayloadObject)[name];
    return Array.isArray(part) ? part : isObject(part) ? Object.values(part).flat() : [];
  });
}

/** Returns a copy of an event whose text is decoded, for expressions to read. The event itself does not change. */
export function decodedEvent(event: unknown): unknown {
  return isListOfRecords(event) ? decodedRecords(event) : decodedBy(event, allShapes);
}

function decodedBy(value: unknown, shapes: Shapes): unknown {
  const shape = shapeOf(value, shapes);
  if (!shape?.decoders) return value;
  const copy = decodedWhenRead(value as PayloadObject, shape.decoders);
  copies.set(copy, shape);
  return copy;
}

function isListOfRecords(value: unknown): value is readonly unknown[] {
  const isRecord = (one: unknown) => shapeOf(one, recordShapes) !== undefined;
  return Array.isArray(value) && isRecord(value[0]) && isFull(value) && value.every(isRecord);
}

// A list of mostly holes would take as much time as its length says.
function isFull(list: readonly unknown[]): boolean {
  return Object.keys(list).length === list.length;
}

/** Returns a list whose members are decoded when they are read. */
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
    Object.entries(groups as PayloadObject).map(([name, group]) => [name, decodedRecords(group)]),
  );
}
