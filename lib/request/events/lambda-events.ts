import { isPlain } from '../../values/class-facts.js';
import { type EventShape, fits, isBoolean, recordShapes, shape } from './event-records.js';
import {
  decodedWhenRead,
  httpBody,
  isObject,
  isText,
  type PayloadObject,
  zippedBase64,
} from './lambda-payloads.js';

/** Shapes by their first parts, so that few tests are made of an object that is no event. */
type Shapes = ReadonlyMap<string, readonly EventShape[]>;

/** The shapes of records, and all shapes. */
interface Tables {
  readonly ofRecords: Shapes;
  readonly all: Shapes;
}

let tables: Tables | undefined;

/** The tables are made for the first request that may be an event: an import need not wait for them. */
function shapes(): Tables {
  if (tables) return tables;
  const records = recordShapes();
  tables = { ofRecords: byFirstPart(records), all: byFirstPart([...records, ...eventShapes()]) };
  return tables;
}

function byFirstPart(list: readonly EventShape[]): Shapes {
  const found = new Map<string, EventShape[]>();
  for (const one of list) {
    const [first = ''] = Object.keys(one.parts);
    found.set(first, [...(found.get(first) ?? []), one]);
  }
  return found;
}

function eventShapes(): readonly EventShape[] {
  return [
    // API Gateway (REST, HTTP, WebSocket), load balancers, function URLs, VPC Lattice version 2.
    ...[{ isBase64Encoded: isBoolean }, { rawPath: isText }, { httpMethod: isText, path: isText }].map(
      (parts) => shape({ requestContext: {}, ...parts }, 'body.id', { body: httpBody }),
    ),
    // VPC Lattice version 1.
    shape({ raw_path: isText, method: isText, headers: {} }, 'body.id', { body: httpBody }),
    shape({ Records: isListOfRecords }, 'Records', { Records: decodedRecords }),
    ...['aws:kafka', 'SelfManagedKafka'].map((eventSource) =>
      shape({ records: {}, eventSource }, 'records.*[].value.id', { records: recordsByName }),
    ),
    shape({ messages: Array.isArray, eventSource: 'aws:amq' }, 'messages[].data.id', {
      messages: decodedRecords,
    }),
    shape({ rmqMessagesByQueue: {}, eventSource: 'aws:rmq' }, 'rmqMessagesByQueue.*[].data.id', {
      rmqMessagesByQueue: recordsByName,
    }),
    // Firehose.
    shape({ deliveryStreamArn: isText, records: Array.isArray }, 'records[].data.id', {
      records: decodedRecords,
    }),
    // CloudWatch Logs.
    shape({ awslogs: { data: isText } }, 'awslogs.data.logEvents[].id', { awslogs: { data: zippedBase64 } }),
    // EventBridge.
    shape({ 'detail-type': isText, source: isText, id: isText, detail: {} }, 'detail.id'),
    // AppSync: resolvers, and its Event API.
    shape({ info: { parentTypeName: isText }, arguments: {} }, 'arguments.id'),
    shape({ info: { channelNamespace: {}, operation: isText } }, 'events[].payload.id'),
    // DocumentDB, and S3 Batch Operations.
    shape({ events: Array.isArray, eventSource: 'aws:docdb' }, 'events[].event._id._data'),
    shape({ invocationSchemaVersion: isText, tasks: Array.isArray }, 'tasks[].taskId'),
  ];
}

/** The shapes of decoded copies. A copy does not have the shape of its event any more, since its text is decoded. */
const copies = new WeakMap<object, EventShape>();

function shapeOf(value: unknown, among: Shapes): EventShape | undefined {
  if (!isObject(value)) return undefined;
  const known = copies.get(value);
  // Events come from JSON. Other objects are not read at all: they may be services with getters.
  if (known || !isPlain(value)) return known;
  // Without a list of the names, as in `fits`.
  for (const name in value) {
    const shapes = among.get(name);
    if (!shapes || !Object.hasOwn(value, name)) continue;
    for (const one of shapes) if (fits(value, one.parts)) return one;
  }
  return undefined;
}

/** Returns an expression that is a good key for an event, or for a record of one; nothing where the value is neither. */
export function goodKeyOf(value: unknown): string | undefined {
  const goodKey = shapeOf(value, shapes().all)?.goodKey;
  if (goodKey !== 'Records') return goodKey;
  const [first] = (value as { Records: readonly unknown[] }).Records;
  return `Records[].${goodKeyOf(first)}`;
}

/** Whether a value is a decoded copy of an event, or of a record of one. */
export function isDecodedCopy(value: object): boolean {
  return copies.has(value);
}

/** Returns the records of an event, or an empty list where it is no batch; nothing where the value is no event. */
export function recordsOf(value: unknown): readonly unknown[] | undefined {
  const found = shapeOf(value, shapes().all);
  return (
    found &&
    Object.keys(found.decoders ?? {}).flatMap((name) => {
      const part = (value as PayloadObject)[name];
      return Array.isArray(part) ? part : isObject(part) ? Object.values(part).flat() : [];
    })
  );
}

/** Returns a copy of an event whose text is decoded, for expressions to read. The event itself does not change. */
export function decodedEvent(event: unknown): unknown {
  return isListOfRecords(event) ? decodedRecords(event) : decodedBy(event, shapes().all);
}

function decodedBy(value: unknown, among: Shapes): unknown {
  const found = shapeOf(value, among);
  if (!found?.decoders) return value;
  const copy = decodedWhenRead(value as PayloadObject, found.decoders);
  copies.set(copy, found);
  return copy;
}

function isListOfRecords(value: unknown): value is readonly unknown[] {
  return Array.isArray(value) && isRecord(value[0]) && isFull(value) && value.every(isRecord);
}

function isRecord(value: unknown): boolean {
  return shapeOf(value, shapes().ofRecords) !== undefined;
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
      if (!decoded.has(name)) decoded.set(name, decodedBy(member, shapes().ofRecords));
      return decoded.get(name);
    },
  });
}

function recordsByName(groups: unknown): unknown {
  return Object.fromEntries(
    Object.entries(groups as PayloadObject).map(([name, group]) => [name, decodedRecords(group)]),
  );
}
