import {
  GetItemCommand,
  type GetItemCommandOutput,
  PutItemCommand,
  type PutItemCommandInput,
  type TransactWriteItem,
} from '@aws-sdk/client-dynamodb';
import { StoreError } from '../../errors.js';
import { backoff } from '../../process/backoff.js';
import { pause, startTimer } from '../../process/timers.js';
import type {
  Completion,
  IdempotencyRecord,
  ListingPlan,
  PersistenceStore,
  RecordPage,
  RecordQuery,
} from '../../record/persistence-store.js';
import { checkedCompletion } from '../shared/completions.js';
import { listerOf } from '../shared/listers.js';
import { storeParts } from '../shared/store-parts.js';
import { copyOf } from '../shared/stored-record.js';
import { explained } from './dynamodb-faults.js';
import type { DynamoDBAccess } from './dynamodb-listing.js';
import { checkDynamoDBOptions, type DynamoDBStoreOptions } from './dynamodb-options.js';
import { type Item, type Items, itemsOf } from './items.js';

type Condition = Pick<
  PutItemCommandInput,
  'ConditionExpression' | 'ExpressionAttributeNames' | 'ExpressionAttributeValues'
>;

/** How many times a write is sent that meets another transaction. The pauses take about a second in all. */
const MOST_CONFLICTS = 8;

/** The pauses between them double until this round. */
const LONGEST_ROUND = 2;

/** How many times a claim is sent that is refused and then finds no holder. That happens where items are deleted by hand. */
const MOST_VANISHED_HOLDERS = 3;

/** No call waits longer for an answer. Without an end, an unanswered request would keep its socket forever. */
const LONGEST_REQUEST_MS = 10_000;

/**
 * Keeps each record in an item of a DynamoDB table. A claim and a replace are one conditional write, which returns the
 * holder to the loser. A find is one read.
 */
export class DynamoDBStore implements PersistenceStore {
  readonly #client: DynamoDBStoreOptions['client'];
  readonly #items: Items;
  /** Whether DynamoDB is known to return the holder to the loser of a write. Not every local engine does. */
  #tellsHolder = false;

  /** @throws {ConfigurationError} for a wrong option. */
  constructor(options: DynamoDBStoreOptions) {
    checkDynamoDBOptions(options);
    this.#client = options.client;
    this.#items = itemsOf(options);
  }

  /** For tools that examine the database. */
  get [storeParts]() {
    return { kind: 'dynamodb' as const, ...this.#items.options };
  }

  async claim(record: IdempotencyRecord, now: number): Promise<IdempotencyRecord> {
    const { tableName, keyAttribute } = this.#items;
    const isFree = {
      // Items of other programs may have an `expiresAt` and a token too. Ours is `owner.n`.
      ConditionExpression:
        'attribute_not_exists(#k) OR (contains(#t, :d) AND attribute_exists(#s) AND expiresAt <= :n)',
      ExpressionAttributeNames: { '#k': keyAttribute, '#t': 'token', '#s': 'state' },
      ExpressionAttributeValues: { ':n': { N: String(now) }, ':d': { S: '.' } },
    };
    for (let tries = 1; tries <= MOST_VANISHED_HOLDERS; tries += 1) {
      const holder = await this.#put(record, isFree);
      // Otherwise the holder was read after the write, and is not the reason why the write was refused.
      if (holder && (holder.token === record.token || holder.expiresAt > now)) return holder;
    }
    throw new StoreError(
      `DynamoDBStore: the table "${tableName}" refuses to write ${record.key} and returns no holder of it`,
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
    const read = new GetItemCommand({ TableName, Key: this.#items.keyOf(key), ConsistentRead: consistent });
    const { Item } = await this.#send<GetItemCommandOutput>(read);
    return Item && this.#items.recordOf(key, Item);
  }

  /**
   * Returns the completion of a call as an item of the application's own `TransactWriteItemsCommand`. DynamoDB cancels the
   * transaction if the claim is lost.
   *
   * @throws {StoreError} with `tooLarge` if the record passes 400 KB.
   * @throws {ConfigurationError} if the argument is no completion.
   */
  transactItem(completion: Completion): TransactWriteItem {
    const { record, token } = checkedCompletion('DynamoDBStore: transactItem()', completion);
    return { Put: this.#write(record, bears(token)) };
  }

  /** Lists records: unknown ones by the index where the table has it, and any others by a scan of the table. Needs `import 'retrysafe/listing'`. */
  async records(query: RecordQuery): Promise<RecordPage> {
    return (await listerOf<DynamoDBAccess>('DynamoDBStore')).records(this.#access, query);
  }

  async planRecords(query: RecordQuery): Promise<ListingPlan> {
    return (await listerOf<DynamoDBAccess>('DynamoDBStore')).planRecords(this.#access, query);
  }

  get #access(): DynamoDBAccess {
    return { items: this.#items, send: (command, actions) => this.#send(command, actions) };
  }

  /** Sends a command that reads. `actions`: those that it needs a permission for, where these are not the usual ones. */
  async #send<Output>(command: object, actions?: string): Promise<Output> {
    const limit = limitOf(this.#client);
    try {
      return (await this.#client.send(command as GetItemCommand, limit.options)) as Output;
    } catch (fault) {
      throw explained(fault, this.#items.tableName, actions);
    } finally {
      limit.stop();
    }
  }

  /**
   * Writes the record if the condition holds. Resolves to the holder afterwards, if there is one. It is sent again while a transaction
   * writes the item: the client itself does not repeat that.
   */
  async #put(record: IdempotencyRecord, condition: Condition): Promise<IdempotencyRecord | undefined> {
    for (let tries = 1; ; tries += 1) {
      const limit = limitOf(this.#client);
      try {
        await this.#client.send(new PutItemCommand(this.#write(record, condition)), limit.options);
        return copyOf(record);
      } catch (fault) {
        const name = nameOf(fault);
        if (name === 'ConditionalCheckFailedException') return this.#holder(record.key, fault);
        if (name !== 'TransactionConflictException' || tries === MOST_CONFLICTS)
          throw explained(fault, this.#items.tableName);
      } finally {
        limit.stop();
      }
      // The call that awaits this has a timer of its own. A renewal must not keep the process alive.
      await pause(backoff(Math.min(tries - 1, LONGEST_ROUND), Math.random()), { isAwaited: false });
    }
  }

  /** Returns who holds the key, after a write that was refused. */
  #holder(
    key: string,
    refusal: unknown,
  ): IdempotencyRecord | undefined | Promise<IdempotencyRecord | undefined> {
    const { Item } = refusal as { readonly Item?: Item };
    this.#tellsHolder ||= Item !== undefined;
    if (Item) return this.#items.recordOf(key, Item);
    return this.#tellsHolder ? undefined : this.find(key, { consistent: true });
  }

  #write(record: IdempotencyRecord, condition: Condition) {
    return {
      TableName: this.#items.tableName,
      Item: this.#items.itemOf(record),
      ...condition,
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const,
    };
  }
}

// Every write sends the names, so they are short. `token` is a reserved word.
function bears(token: string): Condition {
  return {
    ConditionExpression: '#t = :t',
    ExpressionAttributeNames: { '#t': 'token' },
    ExpressionAttributeValues: { ':t': { S: token } },
  };
}

/** What an `AbortController` is, as far as the SDK's own handlers for Node.js read its signal. */
class PlainController {
  readonly signal: { aborted: boolean; onabort: (() => void) | null } = { aborted: false, onabort: null };

  abort(): void {
    this.signal.aborted = true;
    this.signal.onabort?.();
  }
}

/**
 * Returns the options of a request, by which it is aborted where it takes too long, and what stops the timer of that.
 * `AbortSignal.timeout` would keep its timer after the answer, and a real signal costs a tenth of a request's processor time where many
 * are under way. So there is one only for other handlers: that for `fetch` takes nothing else.
 */
function limitOf(client: DynamoDBStoreOptions['client']): Limit {
  const controller = isOfNode(client) ? new PlainController() : new AbortController();
  return {
    options: { abortSignal: controller.signal as AbortSignal },
    stop: startTimer(LONGEST_REQUEST_MS, () => controller.abort(), { isAwaited: false }),
  };
}

interface Limit {
  readonly options: { readonly abortSignal: AbortSignal };
  readonly stop: () => void;
}

/** Whether a client sends by one of the SDK's handlers for Node.js, which say so. */
function isOfNode(client: DynamoDBStoreOptions['client']): boolean {
  const { config } = client as {
    readonly config?: { readonly requestHandler?: { readonly metadata?: unknown } };
  };
  const metadata = config?.requestHandler?.metadata as { readonly handlerProtocol?: unknown } | undefined;
  return metadata?.handlerProtocol === 'http/1.1' || metadata?.handlerProtocol === 'h2';
}

function nameOf(fault: unknown): unknown {
  return (fault as { readonly name?: unknown } | null | undefined)?.name;
}
