import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { ConfigurationError } from '../../errors.js';
import { isLate } from '../../options/synchronous.js';
import { kindOfData } from '../../options/wrong-option.js';
import type { IdempotencyRecord } from '../../record/persistence-store.js';
import { isToken } from '../shared/stored-record.js';
import { tooLarge } from './dynamodb-faults.js';
import type { DynamoDBStoreOptions } from './dynamodb-options.js';

export type Item = Record<string, AttributeValue>;

/** DynamoDB takes no larger item, names of attributes included (Service, account, and table quotas: item size). */
const LARGEST_ITEM = 409_600;

/** No more than this is compressed, in bytes: it takes the event loop's time, here and at every replay. */
const LARGEST_STATE = 32 * 1_024 * 1_024;

/** DynamoDB's TTL comes this much later than a record expires, in seconds: it bounds how late a claim can arrive. */
const GRACE = 900;

/** Records as a table keeps them. */
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

  /** @throws {ConfigurationError} where `partitionKey` gives no string. */
  keyOf(key: string): Item {
    if (this.#sortKeyAttribute === undefined) return { [this.keyAttribute]: { S: key } };
    return { [this.keyAttribute]: { S: this.#partitionOf(key) }, [this.#sortKeyAttribute]: { S: key } };
  }

  /** @throws {StoreError} with `tooLarge` where no item can hold the record. */
  itemOf({ key, token, expiresAt, state }: IdempotencyRecord): Item {
    const text = textOf(state);
    if (text === undefined || text.length > LARGEST_STATE) throw tooLarge(this.tableName);
    const bytes = Buffer.byteLength(text);
    // Synchronous, so that a completion can be made into an item in the middle of a transaction's list.
    const compressed = bytes > this.#compressAbove ? zlib().gzipSync(text) : undefined;
    // The engine's own limit also counts the other attributes, and it is the engine that counts them.
    if ((compressed?.byteLength ?? bytes) > LARGEST_ITEM) throw tooLarge(this.tableName);
    return {
      ...this.keyOf(key),
      token: { S: token },
      expiresAt: { N: String(expiresAt) },
      state: compressed ? { B: compressed } : { S: text },
      [this.#ttlAttribute]: { N: String(Math.ceil(expiresAt / 1_000) + GRACE) },
    };
  }

  /** @throws {ConfigurationError} where the item is no record, or that of another key. */
  recordOf(key: string, item: Item): IdempotencyRecord {
    const { token, expiresAt, state } = item;
    // In a table without that sort key, all keys of one partition are one item: nobody may get another's outcome.
    if (this.#sortKeyAttribute !== undefined && item[this.#sortKeyAttribute]?.S !== key) {
      throw new ConfigurationError(
        `DynamoDBStore: the table "${this.tableName}" has no sort key "${this.#sortKeyAttribute}", so that all keys of a partition are one item; correct "sortKeyAttribute", or create a table that fits (tableDefinition() says how)`,
      );
    }
    if (!isToken(token?.S) || token?.S === undefined || expiresAt?.N === undefined || state === undefined) {
      throw new ConfigurationError(
        `DynamoDBStore: the item ${key} of table "${this.tableName}" is no record of retrysafe; use a table, or a name for the operation, that nothing else uses`,
      );
    }
    return { key, token: token.S, expiresAt: Number(expiresAt.N), state: stateOf(state) };
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

function wrongPartition(what: string, key: string, cause?: unknown): ConfigurationError {
  return new ConfigurationError(
    `DynamoDBStore: option "partitionKey" ${what} for ${key}; expected a synchronous function (key) => string`,
    cause === undefined ? {} : { cause },
  );
}

// Loaded by the first record that is compressed: most are small.
function zlib(): typeof import('node:zlib') {
  return process.getBuiltinModule('node:zlib');
}

// No string holds more than 512 MB. A result that fits just so may pass that inside of its record.
function textOf(state: IdempotencyRecord['state']): string | undefined {
  try {
    return JSON.stringify(state);
  } catch {
    return undefined;
  }
}

// What cannot be read goes on as it is: the engine tells it from a free key, and knows how to say so.
function stateOf(kept: AttributeValue | undefined): IdempotencyRecord['state'] {
  try {
    return JSON.parse(
      kept?.B
        ? zlib()
            .gunzipSync(kept.B, { maxOutputLength: 4 * LARGEST_STATE })
            .toString()
        : (kept?.S ?? ''),
    );
  } catch {
    return undefined as never;
  }
}
