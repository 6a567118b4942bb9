import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { ConfigurationError, type StoreError } from '../../errors.js';
import { isLate } from '../../options/synchronous.js';
import { kindOfData } from '../../options/wrong-option.js';
import type { IdempotencyRecord } from '../../record/persistence-store.js';
import { type ReadEntry, withoutContent } from '../shared/listing.js';
import { withoutBytes } from '../shared/outcome-bytes.js';
import { GRACE_MS, readRecord, type StoredFields, stateText } from '../shared/stored-record.js';
import { createOther, itemTooLarge } from './dynamodb-faults.js';
import { type DynamoDBStoreOptions, UNRESOLVED } from './dynamodb-options.js';

export type Item = Record<string, AttributeValue>;

/** DynamoDB takes no larger item, names of attributes included (Service, account, and table quotas: item size). */
const LARGEST_ITEM_BYTES = 409_600;

/** A larger state is not compressed: that would block the event loop, here and at every replay. */
const LARGEST_STATE_BYTES = 32 * 1_024 * 1_024;

/** What translates records to items of a table and back. */
export type Items = ReturnType<typeof itemsOf>;

/**
 * Over so many values of its key the index of unresolved records is spread. A value takes 1,000 writes a second, and where the index takes
 * no more, the table takes no more.
 */
export const SHARDS = 10;

export function itemsOf(options: DynamoDBStoreOptions) {
  const { tableName, keyAttribute = 'id', ttlAttribute = 'expiration', sortKeyAttribute } = options;
  const { partitionKey = (key: string) => key, compressAbove = 4_096 } = options;
  const { unresolvedAttribute = UNRESOLVED, indexInProgress = false } = options;
  const nameAttribute = sortKeyAttribute ?? keyAttribute;
  const items = {
    options,
    tableName,
    keyAttribute,
    /** The attribute that has the idempotency key. */
    nameAttribute,
    unresolvedAttribute,
    indexInProgress,

    /** @throws {ConfigurationError} if `partitionKey` returns no string. */
    keyOf(key: string): Item {
      if (sortKeyAttribute === undefined) return { [keyAttribute]: { S: key } };
      return { [keyAttribute]: { S: partitionOf(key, partitionKey) }, [sortKeyAttribute]: { S: key } };
    },

    /** @throws {StoreError} with `tooLarge` if no item can hold the record. */
    itemOf(record: IdempotencyRecord): Item {
      const { key, token, expiresAt } = record;
      return {
        ...items.keyOf(key),
        token: { S: token },
        expiresAt: { N: String(expiresAt) },
        state: stateAttribute(record, compressAbove, () => itemTooLarge(tableName)),
        // DynamoDB's TTL is in seconds.
        [ttlAttribute]: { N: String(Math.ceil((expiresAt + GRACE_MS) / 1_000)) },
        ...items.unresolvedOf(record),
      };
    },

    /** The attribute by which the index has a record. Any other record is not in the index, and costs nothing there. */
    unresolvedOf({ key, state }: IdempotencyRecord): Item | undefined {
      const status = state?.status;
      if (status !== 'unknown' && !(status === 'in-progress' && indexInProgress)) return undefined;
      // Keys end in a digest.
      const shard = key.charCodeAt(key.length - 1) % SHARDS || 0;
      return { [unresolvedAttribute]: { S: `${status}.${shard}` } };
    },

    /** Returns what an item has of a record, without the content of its outcome. `undefined` where it cannot be one. */
    entryOf(item: Item): ReadEntry | undefined {
      const { token, expiresAt, state } = item;
      const key = item[nameAttribute]?.S;
      if (key === undefined || !state) return undefined;
      const text = withoutContent(readState(state).state as string);
      return { key, token: token?.S, expiresAt: expiresAt?.N, state: text };
    },

    /** Returns the key after which the table, or the index, is read on. */
    startAfter(item: Item, isIndexed: boolean): Item {
      const names = [keyAttribute, nameAttribute, ...(isIndexed ? [unresolvedAttribute] : [])];
      return Object.fromEntries(names.map((name) => [name, item[name] as AttributeValue]));
    },

    /** @throws {ConfigurationError} if the item is no record, or the record of another key. */
    recordOf(key: string, item: Item): IdempotencyRecord {
      const { token, expiresAt, state } = item;
      // In a table without that sort key, all keys of a partition share one item, and one key would get another's outcome.
      if (sortKeyAttribute !== undefined && item[sortKeyAttribute]?.S !== key) {
        throw new ConfigurationError(
          `DynamoDBStore: the table "${tableName}" has no sort key "${sortKeyAttribute}", so that all keys of a partition share one item; correct "sortKeyAttribute", or ${createOther}`,
        );
      }
      const fields = { token: token?.S, expiresAt: expiresAt?.N, ...readState(state) };
      return readRecord('DynamoDBStore', key, fields, {
        what: `the item ${key} of table "${tableName}"`,
        advice: 'use a table, or a name for the operation, that nothing else uses',
      });
    },
  };
  return items;
}

function partitionOf(key: string, partitionKey: string | ((key: string) => string)): string {
  if (typeof partitionKey === 'string') return partitionKey;
  let did = 'threw';
  let details = {};
  try {
    const answer: unknown = partitionKey(key);
    if (typeof answer === 'string' && answer !== '') return answer;
    did = `returned ${isLate(answer) ? 'a promise' : kindOfData(answer)}`;
  } catch (cause) {
    details = { cause };
  }
  throw new ConfigurationError(
    `DynamoDBStore: option "partitionKey" ${did} for ${key}; expected a synchronous function (key) => string`,
    details,
  );
}

// Loaded for the first record that is compressed: most are small.
function zlib(): typeof import('node:zlib') {
  return process.getBuiltinModule('node:zlib');
}

/**
 * Returns the attribute of a record's state: text, or compressed text. Where the outcome has bytes it is a map of the text and the bytes.
 * An attribute of their own would need a name, which the table may have for its keys, and permissions may name all attributes.
 */
function stateAttribute(
  { state }: IdempotencyRecord,
  compressAbove: number,
  refuse: () => StoreError,
): AttributeValue {
  const parts = withoutBytes(state);
  const text = stateText(parts, LARGEST_STATE_BYTES, refuse);
  if ((parts.bytes?.byteLength ?? 0) > LARGEST_STATE_BYTES) throw refuse();
  // Synchronous, so that a completion can become an item in the middle of a transaction's list.
  const length = Buffer.byteLength(text);
  const compressed = length > compressAbove ? zlib().gzipSync(text) : undefined;
  const bytes = parts.bytes && bytesElement(parts.bytes, compressAbove);
  // DynamoDB counts the other attributes too, and refuses what this check lets pass.
  if ((compressed?.byteLength ?? length) + (bytes?.content.byteLength ?? 0) > LARGEST_ITEM_BYTES)
    throw refuse();
  const attribute = compressed ? { B: compressed } : { S: text };
  return bytes ? { M: { text: attribute, [bytes.name]: { B: bytes.content } } } : attribute;
}

/** Compresses bytes only where that helps: most have been compressed already, such as those of images. */
function bytesElement(
  bytes: Buffer,
  compressAbove: number,
): { readonly name: 'bytes' | 'gzip'; readonly content: Buffer } {
  const compressed = bytes.byteLength > compressAbove ? zlib().gzipSync(bytes) : bytes;
  return compressed.byteLength < bytes.byteLength
    ? { name: 'gzip', content: compressed }
    : { name: 'bytes', content: bytes };
}

function readState(attribute: AttributeValue | undefined): Pick<StoredFields, 'state' | 'bytes'> {
  if (!attribute?.M) return { state: attribute && textOf(attribute) };
  const { text, bytes, gzip } = attribute.M;
  return { state: text ? textOf(text) : '', bytes: gzip?.B ? unzipped(gzip.B) : bytes?.B };
}

/** Returns the text of an attribute, and an empty one where it cannot be read: then the engine says so, as where a map has none. */
function textOf({ B, S }: AttributeValue): string {
  return B ? (unzipped(B)?.toString() ?? '') : (S ?? '');
}

function unzipped(compressed: Uint8Array): Buffer | undefined {
  try {
    return zlib().gunzipSync(compressed, { maxOutputLength: 4 * LARGEST_STATE_BYTES });
  } catch {
    return undefined;
  }
}
