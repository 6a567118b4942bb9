import {
  type DynamoDBClient,
  GetItemCommand,
  type TransactWriteItem,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import type { Completion } from 'retrysafe';
import type { DynamoDBStore } from 'retrysafe/dynamodb';
import { Transfer as TransferBy } from '../matrix/transfer.js';

/** What one process of an application has: a client, a store of records, and the business's own table of accounts. */
export class Application {
  constructor(
    readonly client: DynamoDBClient,
    readonly store: DynamoDBStore,
    readonly accounts: string,
  ) {}

  /** Adds a transfer to the account and completes the call, both or neither. */
  async commit(account: string, completion: Completion, clientRequestToken?: string): Promise<void> {
    const TransactItems = [this.addition(account), this.store.transactItem(completion)];
    const ClientRequestToken = clientRequestToken;
    await this.client.send(new TransactWriteItemsCommand({ TransactItems, ClientRequestToken }));
  }

  /** What a transfer does to its account. It counts, so that none is done twice unseen. */
  addition(account: string): { readonly Update: NonNullable<TransactWriteItem['Update']> } {
    return {
      Update: {
        TableName: this.accounts,
        Key: { id: { S: account } },
        UpdateExpression: 'ADD transfers :one',
        ExpressionAttributeValues: { ':one': { N: '1' } },
      },
    };
  }

  async commitInFront(account: string, completion: Completion): Promise<void> {
    const TransactItems = [this.store.transactItem(completion), this.addition(account)];
    await this.client.send(new TransactWriteItemsCommand({ TransactItems }));
  }

  /** Has a condition of the business refuse the transaction: the account has no transfers yet. */
  async commitRefused(account: string, completion: Completion): Promise<void> {
    const { Update } = this.addition(account);
    const TransactItems = [
      { Update: { ...Update, ConditionExpression: 'transfers > :one' } },
      this.store.transactItem(completion),
    ];
    await this.client.send(new TransactWriteItemsCommand({ TransactItems }));
  }

  async completeWith(value: unknown): Promise<void> {
    const TransactItems = [this.store.transactItem(value as Completion)];
    await this.client.send(new TransactWriteItemsCommand({ TransactItems }));
  }

  async transfersOf(account: string): Promise<number> {
    const { Item } = await this.client.send(
      new GetItemCommand({ TableName: this.accounts, Key: { id: { S: account } }, ConsistentRead: true }),
    );
    return Number(Item?.transfers?.N ?? 0);
  }
}

/** One transfer, as several processes of this application are asked for it. */
export class Transfer extends TransferBy<Application> {}
