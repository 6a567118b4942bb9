import {
  DescribeTableCommand,
  type DescribeTableCommandOutput,
  QueryCommand,
  ScanCommand,
  type ScanCommandOutput,
} from '@aws-sdk/client-dynamodb';
import { beginningOf } from '../../record/listing.js';
import type { ListedRecord, ListingPlan, RecordPage, RecordQuery } from '../../record/persistence-store.js';
import type { Lister } from '../shared/listers.js';
import { addTo, cursorOf, type ListedStore, type Listing, listingOf, nothing } from '../shared/listing.js';
import { type Item, type Items, SHARDS } from './items.js';

/** Sends a command. */
export type Send = <Output>(
  command: DescribeTableCommand | QueryCommand | ScanCommand,
  actions: string,
) => Promise<Output>;

/** What is listed of a `DynamoDBStore`. */
export interface DynamoDBAccess {
  readonly items: Items;
  readonly send: Send;
}

/** Lists records by the index where it has what is asked for, and by a scan where it does not. */
export const lister: Lister<DynamoDBAccess> = { records: listItems, planRecords: planItems };

/** How many items a request of a scan reads at least, where what is asked for has to be looked for. */
const LEAST_SHARE = 500;

/** A table is read in so many parts at once. */
const SEGMENTS = 4;

/** Where each part goes on: after a key, from its beginning (`null`), or no more (`0`). */
interface Position {
  readonly isIndexed: boolean;
  readonly parts: readonly (Item | null | 0)[];
}

type DynamoDBListing = Listing<Position>;

function listedTable({ tableName }: Items, { status }: RecordQuery): ListedStore<Position> {
  return {
    store: 'DynamoDBStore',
    // A cursor belongs to its status too: another status may not be in the index.
    place: `${tableName} ${status ?? ''}`,
    isPosition(value): value is Position {
      const { isIndexed, parts } = Object(value) as Partial<Position>;
      return Array.isArray(parts) && parts.length === (isIndexed ? SHARDS : SEGMENTS);
    },
  };
}

/** Returns the status under which the index has what is asked for, if it has that. */
function indexedStatus({ indexInProgress }: Items, { status }: RecordQuery): string | undefined {
  if (status === 'unknown') return status;
  return indexInProgress && (status === 'in-progress' || status === 'abandoned') ? 'in-progress' : undefined;
}

async function listItems({ items, send }: DynamoDBAccess, query: RecordQuery): Promise<RecordPage> {
  const kept = listedTable(items, Object(query));
  const listing = listingOf(kept, query);
  if (listing.start === undefined) return nothing;
  const { position } = listing;
  const status = indexedStatus(items, listing);
  if (status !== undefined && position?.isIndexed !== false) {
    const from = position ?? { isIndexed: true, parts: Array(SHARDS).fill(null) };
    try {
      return await readPage(items, listing, kept, from, (part, start, limit) =>
        send(queryOf(items, listing, `${status}.${part}`, start, limit), INDEX_ACTIONS),
      );
    } catch (fault) {
      if (!isMissingIndex(fault)) throw fault;
    }
  }
  const from =
    position?.isIndexed === false ? position : { isIndexed: false, parts: Array(SEGMENTS).fill(null) };
  return readPage(items, listing, kept, from, (part, start, limit) =>
    send(scanOf(items, listing, part, start, limit), SCAN_ACTIONS),
  );
}

const INDEX_ACTIONS = 'dynamodb:Query on its indexes';
const SCAN_ACTIONS = 'dynamodb:Scan on it';
const PLAN_ACTIONS = 'dynamodb:DescribeTable on it';

/** Whether the table has no such index, or DynamoDB is still filling it. */
function isMissingIndex(fault: unknown): boolean {
  const { name, message } = fault as Partial<Error>;
  return name === 'ValidationException' && /(specified|secondary) index/i.test(String(message));
}

type Part = Pick<ScanCommandOutput, 'Items' | 'LastEvaluatedKey' | 'ScannedCount'>;

/** Reads a piece of each part that is not at its end, and returns the records among them. */
async function readPage(
  items: Items,
  listing: DynamoDBListing,
  kept: ListedStore<Position>,
  { isIndexed, parts }: Position,
  read: (part: number, start: Item | null, limit: number | undefined) => Promise<Part>,
): Promise<RecordPage> {
  const { status, limit } = listing;
  // Where few of the items are asked for, each request reads as much as it can: a megabyte.
  const isSparse = isIndexed ? status === 'abandoned' : status !== undefined && status !== 'completed';
  // Where a key has to begin so, any share of them may: a request reads so many at least.
  const least = listing.start === '' || isIndexed ? 1 : LEAST_SHARE;
  const fair = Math.ceil(limit / parts.filter((start) => start !== 0).length);
  const share = isSparse ? undefined : Math.max(fair, least);
  const answers = await Promise.all(
    parts.map((start, part) => (start === 0 ? undefined : read(part, start, share))),
  );
  const records: ListedRecord[] = [];
  let examined = 0;
  const next = answers.map((answer, part) => {
    if (!answer) return 0;
    examined += answer.ScannedCount ?? 0;
    let start = parts[part] as Item | null;
    for (const item of answer.Items ?? []) {
      // What is left over is read again for the next page.
      if (records.length === limit) return start;
      const entry = items.entryOf(item);
      if (entry) addTo(records, entry, listing);
      start = items.startAfter(item, isIndexed);
    }
    return answer.LastEvaluatedKey ?? 0;
  });
  if (next.every((start) => start === 0)) return { records, examined };
  return { records, cursor: cursorOf(kept, { isIndexed, parts: next }), examined };
}

function queryOf(
  { tableName, unresolvedAttribute, nameAttribute }: Items,
  { start, now }: DynamoDBListing,
  value: string,
  from: Item | null,
  limit: number | undefined,
): QueryCommand {
  return new QueryCommand({
    TableName: tableName,
    IndexName: unresolvedAttribute,
    KeyConditionExpression: `#u = :u${start ? ' AND begins_with(#k, :k)' : ''}`,
    FilterExpression: 'expiresAt > :n',
    ExpressionAttributeNames: { '#u': unresolvedAttribute, ...(start && { '#k': nameAttribute }) },
    ExpressionAttributeValues: {
      ':u': { S: value },
      ':n': { N: String(now) },
      ...(start && { ':k': { S: start } }),
    },
    ...(from && { ExclusiveStartKey: from }),
    ...(limit && { Limit: limit }),
  });
}

function scanOf(
  { tableName, keyAttribute, nameAttribute }: Items,
  { status, start, now }: DynamoDBListing,
  segment: number,
  from: Item | null,
  limit: number | undefined,
): ScanCommand {
  const conditions = [
    'expiresAt > :n AND contains(#t, :d) AND attribute_exists(#s)',
    ...(start ? ['begins_with(#k, :k)'] : []),
    // A state that is compressed cannot be asked.
    ...(status ? ['(begins_with(#s, :s) OR NOT attribute_type(#s, :S))'] : []),
  ];
  return new ScanCommand({
    TableName: tableName,
    Segment: segment,
    TotalSegments: SEGMENTS,
    ProjectionExpression: `#k, #t, expiresAt, #s${nameAttribute === keyAttribute ? '' : ', #p'}`,
    FilterExpression: conditions.join(' AND '),
    ExpressionAttributeNames: {
      '#k': nameAttribute,
      '#t': 'token',
      '#s': 'state',
      ...(nameAttribute !== keyAttribute && { '#p': keyAttribute }),
    },
    ExpressionAttributeValues: {
      ':n': { N: String(now) },
      ':d': { S: '.' },
      ...(start && { ':k': { S: start } }),
      ...(status && { ':s': { S: beginningOf(status) }, ':S': { S: 'S' } }),
    },
    ...(from && { ExclusiveStartKey: from }),
    ...(limit && { Limit: limit }),
  });
}

/** Tells how a table is read, by what DynamoDB says of its size. */
async function planItems({ items, send }: DynamoDBAccess, query: RecordQuery): Promise<ListingPlan> {
  const listing = listingOf(listedTable(items, Object(query)), query, 'planRecords');
  const { tableName, unresolvedAttribute } = items;
  const { Table } = await send<DescribeTableCommandOutput>(
    new DescribeTableCommand({ TableName: tableName }),
    PLAN_ACTIONS,
  );
  const index = Table?.GlobalSecondaryIndexes?.find(({ IndexName }) => IndexName === unresolvedAttribute);
  const isIndexed = indexedStatus(items, listing) !== undefined && index?.IndexStatus === 'ACTIVE';
  const { ItemCount: records, ...size } = (isIndexed ? index : Table) ?? {};
  const bytes = 'IndexSizeBytes' in size ? size.IndexSizeBytes : Table?.TableSizeBytes;
  const units = Math.ceil((bytes ?? 0) / 8_192);
  const cost = `about ${units} read units, as DynamoDB counted within the last hours`;
  return {
    by: isIndexed ? 'index' : 'scan',
    cost: isIndexed
      ? `It reads the index "${unresolvedAttribute}" alone: ${cost}.`
      : `It reads the whole table, whatever is asked for: ${cost}.${adviceFor(listing, index !== undefined)}`,
    ...(records !== undefined && { records }),
  };
}

function adviceFor({ status }: DynamoDBListing, hasIndex: boolean): string {
  if (status === 'unknown' && !hasIndex)
    return ' With the index that tableDefinition() has, it would read unknown records alone.';
  return status === 'in-progress' || status === 'abandoned'
    ? ' With the option `indexInProgress` of each store, and the index that tableDefinition() has, it would read records in progress alone.'
    : '';
}
