import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { type Check, checkedOptions, type PassedOptions } from '../../options/checked-options.js';
import { describeLateness } from '../../options/synchronous.js';
import { wrongOption } from '../../options/wrong-option.js';

/** A table, and the attributes of it that DynamoDB itself reads. */
export interface DynamoDBTableOptions {
  /** The table's name, or its ARN if it belongs to another account. */
  readonly tableName: string;
  /** The partition key, a string. Default: `id`. */
  readonly keyAttribute?: string;
  /** The attribute of DynamoDB's TTL, in epoch seconds. Default: `expiration`. */
  readonly ttlAttribute?: string;
  /** The sort key, a string. In a table that has one, it holds the idempotency key. Default: none. */
  readonly sortKeyAttribute?: string;
  /**
   * The attribute by which an index finds records whose outcome is unknown, and the name of that index. No other record has the
   * attribute. Default: `unresolved`.
   */
  readonly unresolvedAttribute?: string;
}

/** The name of the attribute and index, unless the options name another. */
export const UNRESOLVED = 'unresolved';

/** Where and how a `DynamoDBStore` keeps records. */
export interface DynamoDBStoreOptions extends DynamoDBTableOptions {
  /** The application's own client. The store neither configures nor destroys it. */
  readonly client: Pick<DynamoDBClient, 'send'>;
  /**
   * The value of the partition key in a table with a sort key. One string for all records makes a hot partition.
   * Default: the idempotency key, which spreads records over all partitions.
   */
  readonly partitionKey?: string | ((key: string) => string);
  /** A state of more bytes than this is compressed with gzip: 0 for always, `Infinity` for never. Default: 4,096. */
  readonly compressAbove?: number;
  /**
   * Whether the index also finds the records in progress, so that abandoned ones are listed without a scan of the table. Each call then
   * takes two write units more. Every store of the table needs the option. Default: `false`.
   */
  readonly indexInProgress?: boolean;
}

/** The attributes of every item, besides its key and the one for TTL. */
const recordAttributes = ['token', 'expiresAt', 'state'];

function attribute(value: unknown): string | undefined {
  if (typeof value !== 'string' || value === '') return 'the name of an attribute';
  return recordAttributes.includes(value)
    ? `another name than ${recordAttributes.join(', ')}, which the store itself uses`
    : undefined;
}

const tableChecks: Record<keyof DynamoDBTableOptions, Check> = {
  // DynamoDB's naming rules; an ARN is left to DynamoDB.
  tableName(value) {
    return typeof value === 'string' && /^([\w.-]{3,255}|arn:.+)$/.test(value)
      ? undefined
      : 'the name of a table (3 to 255 letters, digits, _, - and .), or its ARN';
  },
  keyAttribute: attribute,
  ttlAttribute: attribute,
  sortKeyAttribute: attribute,
  unresolvedAttribute(value) {
    return typeof value === 'string' && /^[\w.-]{3,255}$/.test(value)
      ? attribute(value)
      : 'the name of an attribute and an index (3 to 255 letters, digits, _, - and .)';
  },
};

/** Clients of other services have a method `send` too. Their configuration says of which service they are. */
function wrongClient(value: unknown): string | undefined {
  const { send, config } = Object(value) as { send?: unknown; config?: { serviceId?: unknown } };
  return typeof send === 'function' && [undefined, 'DynamoDB'].includes(config?.serviceId as undefined)
    ? undefined
    : 'a DynamoDBClient of @aws-sdk/client-dynamodb, which has a method send()';
}

const storeChecks: Record<keyof DynamoDBStoreOptions, Check> = {
  client: wrongClient,
  ...tableChecks,
  partitionKey(value, { sortKeyAttribute }) {
    if (sortKeyAttribute === undefined) return 'left out: it needs the option "sortKeyAttribute"';
    if (typeof value === 'function') return describeLateness(value);
    return typeof value === 'string' && value !== '' ? undefined : 'a string, or a function (key) => string';
  },
  compressAbove(value) {
    return typeof value === 'number' && value >= 0 ? undefined : 'a number of bytes, 0 or more, or Infinity';
  },
  indexInProgress(value) {
    return typeof value === 'boolean' ? undefined : 'true or false';
  },
};

/** @throws {ConfigurationError} that names the wrong option, the kind of its value, and what is expected. */
export function checkDynamoDBOptions(options: unknown): void {
  const required = ['client', 'tableName'];
  checkNames('DynamoDBStore', checkedOptions('DynamoDBStore', options, { checks: storeChecks, required }));
}

/** The same for the options of a table. It ignores the other options of a store. */
export function checkTableOptions(options: unknown): void {
  const ignored = Object.fromEntries(Object.keys(storeChecks).map((name) => [name, () => undefined]));
  const rules = { checks: { ...ignored, ...tableChecks }, required: ['tableName'] };
  checkNames('tableDefinition', checkedOptions('tableDefinition', options, rules));
}

// Two options with one name would share one attribute.
function checkNames(where: string, options: PassedOptions): void {
  const { keyAttribute = 'id', ttlAttribute = 'expiration', sortKeyAttribute } = options;
  const { unresolvedAttribute = UNRESOLVED } = options;
  const names: Record<string, unknown> = {
    keyAttribute,
    ttlAttribute,
    sortKeyAttribute,
    unresolvedAttribute,
  };
  for (const [option, name] of Object.entries(names)) {
    const twin = Object.keys(names).find((other) => other !== option && names[other] === name);
    if (twin && options[option] !== undefined)
      throw wrongOption(where, option, name, `another name than that of ${twin}`);
  }
}
