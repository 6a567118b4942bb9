import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { ConfigurationError } from '../../errors.js';
import { isLate } from '../../options/synchronous.js';
import { kindOfData } from '../../options/wrong-option.js';
import type { IdempotencyRecord } from '../../record/persistence-store.js';
import { GRACE_MS, recordOf, stateText } from '../shared/stored-record.js';
import { itemTooLarge } from './dynamodb-faults.js';
import type { DynamoDBStoreOptions } from './dynamodb-options.js';

export type Item = Record<string, AttributeValue>;

/** DynamoDB takes no larger item, names of attributes included (Service, account, and table quotas: item size). */
const LARGEST_ITEM_BYTES = 409_600;

/** A larger state is not compressed: that would block the event loop, here and at every replay. */
const LARGEST_STATE_BYTES = 32 * 1_024 * 1_024;

/** Translates records to items of a table and back. */
export class Items {
  readonly tableName: string;
  readonly keyAttribute: string;
  readonly #ttlAttribute: string;
  readonly #sortKeyAttribute: string | undefined;
  readonly #partitionKey: string | ((key: string) => string);
  readonly #compressAbove: number;

  constructor(options: DynamoDBStoreOptions) {
    this.tableName = options.tableName;
    this.keyAttribute = options.keyAttribute ?? 'id';
    this.#ttlAttribute = options.ttlAttribute ?? 'expiration';
    this.#sortKeyAttribute = options.sortKeyAttribute;
    this.#partitionKey = options.partitionKey ?? ((key) => key);
    this.#compressAbove = options.compressAbove ?? 4_096;
  }

  /** @throws {ConfigurationError} if `partitionKey` returns no string. */
  keyOf(key: string): Item {
    if (this.#sortKeyAttribute === undefined) return { [this.keyAttribute]: { S: key } };
    return { [this.keyAttribute]: { S: this.#partitionOf(key) }, [this.#sortKeyAttribute]: { S: key } };
  }

  /** @throws {StoreError} with `tooLarge` if no item can hold the record. */
  itemOf(record: IdempotencyRecord): Item {
    const { key, token, expiresAt } = record;
    const refuse = () => itemTooLarge(this.tableName);
    const text = stateText(record, LARGEST_STATE_BYTES, refuse);
    const bytes = Buffer.byteLength(text);
    // Synchronous, so that a completion can become an item in the middle of a transaction's list.
    const compressed = bytes > this.#compressAbove ? zlib().gzipSync(text) : undefined;
    // DynamoDB counts the other attributes too, and refuses what this check lets pass.
    if ((compressed?.byteLength ?? bytes) > LARGEST_ITEM_BYTES) throw refuse();
    return {
      ...this.keyOf(key),
      token: { S: token },
      expiresAt: { N: String(expiresAt) },
      state: compressed ? { B: compressed } : { S: text },
      // DynamoDB's TTL is in seconds.
      [this.#ttlAttribute]: { N: String(Math.ceil((expiresAt + GRACE_MS) / 1_000)) },
    };
  }

  /** @throws {ConfigurationError} if the item is no record, or the record of another key. */
  recordOf(key: string, item: Item): IdempotencyRecord {
    const { token, expiresAt, state } = item;
    // In a table without that sort key, all keys of a partition share one item, and one key would get another's outcome.
    if (this.#sortKeyAttribute !== undefined && item[this.#sortKeyAttribute]?.S !== key) {
      throw new ConfigurationError(
        `DynamoDBStore: the table "${this.tableName}" has no sort key "${this.#sortKeyAttribute}", so that all keys of a partition share one item; correct "sortKeyAttribute", or create a table that fits (tableDefinition() says how)`,
      );
    }
    const fields = { token: token?.S, expiresAt: expiresAt?.N, state: state && textOf(state) };
    return recordOf('DynamoDBStore', key, fields, {
      what: `the item ${key} of table "${this.tableName}"`,
      advice: 'use a table, or a name for the operation, that nothing else uses',
    });
  }

  #partitionOf(key: string): string {
    if (typeof this.#partitionKey === 'string') return this.#partitionKey;
    let answer: unknown;
    try {
      answer = this.#partitionKey(key);
    } catch (cause) {
      throw wrongPartition('threw', key, cause);
    }
    if (typeof answer === 'string' && answer !== '') return answer;
    throw wrongPartition(`returned ${isLate(answer) ? 'a promise' : kindOfData(answer)}`, key);
  }
}

function wrongPartition(did: string, key: string, cause?: unknown): ConfigurationError {
  return new ConfigurationError(
    `DynamoDBStore: option "partitionKey" ${did} for ${key}; expected a synchronous function (key) => string`,
    cause === undefined ? {} : { cause },
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
