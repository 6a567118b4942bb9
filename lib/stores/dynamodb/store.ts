import {
  GetItemCommand,
  PutItemCommand,
  type PutItemCommandInput,
  type TransactWriteItem,
} from '@aws-sdk/client-dynamodb';
import { ConfigurationError, StoreError } from '../../errors.js';
import type { Completion, IdempotencyRecord, PersistenceStore } from '../../persistence-store.js';
import { explained } from './faults.js';
import { type Item, Items } from './items.js';
import { checkStoreOptions, type DynamoDBStoreOptions } from './options.js';

type Condition = Pick<
  PutItemCommandInput,
  'ConditionExpression' | 'ExpressionAttributeNames' | 'ExpressionAttributeValues'
>;

/** How often a write is sent that meets a transaction of somebody else's, about two seconds in all. */
const CONFLICTS = 8;

/**
 * Keeps records in a DynamoDB table, one item each. A claim and a replace are one conditional write, whose loser gets
 * the holder in the same answer; a find is one read.
 */
export class DynamoDBStore implements PersistenceStore {
  readonly #client: DynamoDBStoreOptions['client'];
  readonly #items: Items;
  /** Whether the engine tells the loser of a write who holds the key. */
  #tellsHolder = false;

  /** @throws {ConfigurationError} for a wrong option. */
  constructor(options: DynamoDBStoreOptions) {
    checkStoreOptions(options);
    this.#client = options.client;
    this.#items = new Items(options);
  }

  async claim(record: IdempotencyRecord, now: number): Promise<IdempotencyRecord> {
    const isFree = {
      ConditionExpression: 'attribute_not_exists(#key) OR #expiresAt <= :now',
      ExpressionAttributeNames: { '#key': this.#items.keyAttribute, '#expiresAt': 'expiresAt' },
      ExpressionAttributeValues: { ':now': { N: String(now) } },
    };
    for (let tries = 1; tries <= 3; tries += 1) {
      const holder = await this.#put(record, isFree);
      // Without either, the holder was looked up after the write, and somebody removed it in between.
      if (holder && (holder.token === record.token || holder.expiresAt > now)) return holder;
    }
    throw new StoreError(
      `DynamoDBStore: the table "${this.#items.tableName}" refuses to write ${record.key} and shows no holder of it`,
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
    const { Item } = await this.#sent(() =>
      this.#client.send(new GetItemCommand({ TableName, Key, ConsistentRead: consistent })),
    );
    return Item && this.#items.recordOf(key, Item);
  }

  /**
   * The completion of a call as an item of the application's own `TransactWriteItemsCommand`, which it cancels where
   * the claim is lost.
   *
   * @throws {StoreError} with `tooLarge` where the record passes 400 KB.
   * @throws {ConfigurationError} where it gets something else than a completion.
   */
  transactItem(completion: Completion): TransactWriteItem {
    const { record, token } = (completion ?? {}) as Partial<Completion>;
    if (typeof token !== 'string' || typeof record?.token !== 'string') {
      throw new ConfigurationError(
        'DynamoDBStore: transactItem() got no completion; hand over `await currentExecution().completion(result)`',
      );
    }
    return { Put: this.#write(this.#items.itemOf(record), bears(token)) };
  }

  /** Writes the record where the condition holds. Resolves to the holder afterwards, if any. */
  async #put(record: IdempotencyRecord, condition: Condition): Promise<IdempotencyRecord | undefined> {
    const { key } = record;
    const item = this.#items.itemOf(record);
    try {
      await this.#sent(() => this.#client.send(new PutItemCommand(this.#write(item, condition))));
      return this.#items.recordOf(key, item);
    } catch (fault) {
      if (nameOf(fault) !== 'ConditionalCheckFailedException') throw fault;
      const { Item } = fault as { readonly Item?: Item };
      this.#tellsHolder ||= Item !== undefined;
      if (Item) return this.#items.recordOf(key, Item);
      return this.#tellsHolder ? undefined : this.find(key, { consistent: true });
    }
  }

  #write(Item: Item, condition: Condition) {
    const { tableName: TableName } = this.#items;
    return { TableName, Item, ...condition, ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const };
  }

  /** Sends a command, again where a transaction is writing the item: the client itself does not repeat that. */
  async #sent<Output>(send: () => Promise<Output>): Promise<Output> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await send();
      } catch (fault) {
        if (nameOf(fault) !== 'TransactionConflictException' || tries === CONFLICTS) {
          throw explained(fault, this.#items.tableName);
        }
        await pauseAfter(tries);
      }
    }
  }
}

function bears(token: string): Condition {
  return {
    ConditionExpression: '#token = :token',
    ExpressionAttributeNames: { '#token': 'token' },
    ExpressionAttributeValues: { ':token': { S: token } },
  };
}

function nameOf(fault: unknown): unknown {
  return (fault as { readonly name?: unknown } | null | undefined)?.name;
}

function pauseAfter(tries: number): Promise<void> {
  const longest = Math.min(500, 25 * 2 ** tries);
  return new Promise((resolve) => {
    setTimeout(resolve, longest * (0.5 + Math.random() / 2));
  });
}
