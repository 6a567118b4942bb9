import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { ConfigurationError } from '../../errors.js';
import { isLate } from '../../options/synchronous.js';
import { kindOfData } from '../../options/wrong-option.js';
import type { IdempotencyRecord } from '../../record/persistence-store.js';
import { GRACE_MS, readRecord, stateText } from '../shared/stored-record.js';
import { createOther, itemTooLarge } from './dynamodb-faults.js';
import type { DynamoDBStoreOptions } from './dynamodb-options.js';

export type Item = Record<string, AttributeValue>;

/** DynamoDB takes no larger item, names of attributes included (Service, account, and table quotas: item size). */
const LARGEST_ITEM_BYTES = 409_600;

/** A larger state is not compressed: that would block the event loop, here and at every replay. */
const LARGEST_STATE_BYTES = 32 * 1_024 * 1_024;

/** What translates records to items of a table and back. */
export type Items = ReturnType<typeof itemsOf>;

export function itemsOf(options: DynamoDBStoreOptions) {
  const { tableName, keyAttribute = 'id', ttlAttribute = 'expiration', sortKeyAttribute } = options;
  const { partitionKey = (key: string) => key, compressAbove = 4_096 } = options;
  const items = {
    tableName,
    keyAttribute,

    /** @throws {ConfigurationError} if `partitionKey` returns no string. */
    keyOf(key: string): Item {
      if (sortKeyAttribute === undefined) return { [keyAttribute]: { S: key } };
      return { [keyAttribute]: { S: partitionOf(key, partitionKey) }, [sortKeyAttribute]: { S: key } };
    },

    /** @throws {StoreError} with `tooLarge` if no item can hold the record. */
    itemOf(record: IdempotencyRecord): Item {
      const { key, token, expiresAt } = record;
      const text = stateText(record, LARGEST_STATE_BYTES, () => itemTooLarge(tableName));
      const bytes = Buffer.byteLength(text);
      // Synchronous, so that a completion can become an item in the middle of a transaction's list.
      const compressed = bytes > compressAbove ? zlib().gzipSync(text) : undefined;
      // DynamoDB counts the other attributes too, and refuses what this check lets pass.
      if ((compressed?.byteLength ?? bytes) > LARGEST_ITEM_BYTES) throw itemTooLarge(tableName);
      return {
        ...items.keyOf(key),
        token: { S: token },
        expiresAt: { N: String(expiresAt) },
        state: compressed ? { B: compressed } : { S: text },
        // DynamoDB's TTL is in seconds.
        [ttlAttribute]: { N: String(Math.ceil((expiresAt + GRACE_MS) / 1_000)) },
      };
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
      const fields = { token: token?.S, expiresAt: expiresAt?.N, state: state && textOf(state) };
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

/** Returns the text of an attribute, and an empty one where it cannot be read: then the engine says so. */
function textOf({ B, S }: AttributeValue): string {
  if (!B) return S ?? '';
  try {
    return zlib()
      .gunzipSync(B, { maxOutputLength: 4 * LARGEST_STATE_BYTES })
      .toString();
  } catch {
    return '';
  }
}
