import {
  GetItemCommand,
  PutItemCommand,
  type PutItemCommandInput,
  type TransactWriteItem,
} from '@aws-sdk/client-dynamodb';
import { StoreError } from '../../errors.js';
import type { Completion, IdempotencyRecord, PersistenceStore } from '../../record/persistence-store.js';
import { checkedCompletion } from '../shared/stored-record.js';
import { explained } from './dynamodb-faults.js';
import { checkDynamoDBOptions, type DynamoDBStoreOptions } from './dynamodb-options.js';
import { type Item, Items } from './items.js';

type Condition = Pick<
  PutItemCommandInput,
  'ConditionExpression' | 'ExpressionAttributeNames' | 'ExpressionAttributeValues'
>;

/** How often a write is sent that meets a transaction of somebody else's, about a second in all. */
const CONFLICTS = 8;

/** How often a claim is sent that is refused without anybody holding the key: somebody removes items by hand. */
const VANISHED_HOLDERS = 3;

/** Nobody listens to an answer after this, in milliseconds; without an end a request would keep its socket for ever. */
const LONGEST_REQUEST = 10_000;

/**
 * Keeps records in a DynamoDB table, one item each. A claim and a replace are one conditional write, whose loser gets
 * the holder in the same answer; a find is one read.
 */
export class DynamoDBStore implements PersistenceStore {
  readonly #client: DynamoDBStoreOptions['client'];
  readonly #items: Items;
  /** Whether the engine is known to tell the loser of a write who holds the key. */
  #tellsHolder = false;

  /** @throws {ConfigurationError} for a wrong option. */
  constructor(options: DynamoDBStoreOptions) {
    checkDynamoDBOptions(options);
    this.#client = options.client;
    this.#items = new Items(options);
  }

  async claim(record: IdempotencyRecord, now: number): Promise<IdempotencyRecord> {
    const { tableName, keyAttribute } = this.#items;
    const isFree = {
      // Other people's items may have an `expiresAt` of their own, and a token too; ours is `owner.n`.
      ConditionExpression:
        'attribute_not_exists(#k) OR (contains(#t, :d) AND attribute_exists(#s) AND expiresAt <= :n)',
      ExpressionAttributeNames: { '#k': keyAttribute, '#t': 'token', '#s': 'state' },
      ExpressionAttributeValues: { ':n': { N: String(now) }, ':d': { S: '.' } },
    };
    for (let tries = 1; tries <= VANISHED_HOLDERS; tries += 1) {
      const holder = await this.#put(record, isFree);
      // Another answer was looked up after the write, and is no reason for its refusal any more.
      if (holder && (holder.token === record.token || holder.expiresAt > now)) return holder;
    }
    throw new StoreError(
      `DynamoDBStore: the table "${tableName}" refuses to write ${record.key} and shows no holder of it`,
    );
  }

  replace(record: IdempotencyRecord, token: string): Promise<IdempotencyRecord | undefined> {
    return this.#put(record, bears(token));
  }

  async find(
    key: string,
    { consistent = false }: { readonly consistent?: boolean } = {},
  ): Promise<IdempotencyRecord | undefined> {
    const { tableName: TableName } = this.#items;
    const Key = this.#items.keyOf(key);
    try {
      const read = new GetItemCommand({ TableName, Key, ConsistentRead: consistent });
      const { Item } = await withinLimit((options) => this.#client.send(read, options));
      return Item && this.#items.recordOf(key, Item);
    } catch (fault) {
      throw explained(fault, TableName);
    }
  }

  /**
   * The completion of a call as an item of the application's own `TransactWriteItemsCommand`, which it cancels where
   * the claim is lost.
   *
   * @throws {StoreError} with `tooLarge` where the record passes 400 KB.
   * @throws {ConfigurationError} where it gets something else than a completion.
   */
  transactItem(completion: Completion): TransactWriteItem {
    const { record, token } = checkedCompletion('DynamoDBStore: transactItem()', completion);
    return { Put: this.#write(record, bears(token)) };
  }

  /** Writes the record where the condition holds. Resolves to the holder afterwards, if any. */
  async #put(record: IdempotencyRecord, condition: Condition): Promise<IdempotencyRecord | undefined> {
    try {
      await this.#send(this.#write(record, condition));
      // A state is JSON, and copied faster as such.
      return { ...record, state: JSON.parse(JSON.stringify(record.state)) };
    } catch (fault) {
      if (nameOf(fault) !== 'ConditionalCheckFailedException') throw explained(fault, this.#items.tableName);
      const { Item } = fault as { readonly Item?: Item };
      this.#tellsHolder ||= Item !== undefined;
      if (Item) return this.#items.recordOf(record.key, Item);
      return this.#tellsHolder ? undefined : this.find(record.key, { consistent: true });
    }
  }

  #write(record: IdempotencyRecord, condition: Condition) {
    return {
      TableName: this.#items.tableName,
      Item: this.#items.itemOf(record),
      ...condition,
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const,
    };
  }

  /** Sends a write, again where a transaction is writing the item: the client itself does not repeat that. */
  async #send(write: PutItemCommandInput): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      try {
        await withinLimit((options) => this.#client.send(new PutItemCommand(write), options));
        return;
      } catch (fault) {
        if (nameOf(fault) !== 'TransactionConflictException' || tries === CONFLICTS) throw fault;
        await pauseAfter(tries);
      }
    }
  }
}

// Names are sent with every write, so they are short; `token` is a reserved word.
function bears(token: string): Condition {
  return {
    ConditionExpression: '#t = :t',
    ExpressionAttributeNames: { '#t': 'token' },
    ExpressionAttributeValues: { ':t': { S: token } },
  };
}

/** Gives a request up after a time. A signal of `AbortSignal.timeout` would keep its timer when the answer is there. */
async function withinLimit<T>(
  send: (options: { readonly abortSignal: AbortSignal }) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const timer: NodeJS.Timeout | number = setTimeout(() => controller.abort(), LONGEST_REQUEST);
  // Whoever awaits this is kept alive by the engine's own timer.
  if (typeof timer === 'object') timer.unref();
  try {
    return await send({ abortSignal: controller.signal });
  } finally {
    clearTimeout(timer);
  }
}

function nameOf(fault: unknown): unknown {
  return (fault as { readonly name?: unknown } | null | undefined)?.name;
}

function pauseAfter(tries: number): Promise<void> {
  const longest = Math.min(200, 25 * 2 ** tries);
  return new Promise((resolve) => {
    const timer: NodeJS.Timeout | number = setTimeout(resolve, longest * (0.5 + Math.random() / 2));
    // Whoever awaits this is kept alive by the engine's own timer; a renewal behind the caller's back is not awaited.
    if (typeof timer === 'object') timer.unref();
  });
}
