import {
  type DynamoDBClient,
  GetItemCommand,
  type TransactWriteItem,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import {
  type Completion,
  currentExecution,
  type IdempotencyRecord,
  type IdempotentOptions,
  makeIdempotent,
} from 'retrysafe';
import type { DynamoDBStore } from 'retrysafe/dynamodb';

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

  async transfersOf(account: string): Promise<number> {
    const { Item } = await this.client.send(
      new GetItemCommand({ TableName: this.accounts, Key: { id: { S: account } }, ConsistentRead: true }),
    );
    return Number(Item?.transfers?.N ?? 0);
  }
}

let count = 0;

/** One transfer to an account of its own, under a name of its own, as several processes are asked for it. */
export class Transfer {
  readonly name: string;
  readonly account: string;
  /** Of the last run. */
  key = '';
  runs = 0;

  constructor(readonly options: IdempotentOptions) {
    count += 1;
    this.name = `transfer ${count}`;
    this.account = `account ${count}`;
  }

  /** Asks one process for it. Unless the spec has other work, that commits the receipt of the run and returns it. */
  at(
    application: Application,
    work: (application: Application) => Promise<unknown> = (here) => this.commitReceipt(here),
    more: IdempotentOptions = {},
  ): Promise<unknown> {
    const operation = this.operation(application, work, more);
    return operation(this.account);
  }

  operation(
    application: Application,
    work: (application: Application) => Promise<unknown>,
    more: IdempotentOptions = {},
  ): (account: string) => Promise<unknown> {
    return makeIdempotent(
      async (_account: string) => {
        this.key = currentExecution().key;
        this.runs += 1;
        return work(application);
      },
      { ...this.options, name: this.name, store: application.store, ...more },
    );
  }

  async commitReceipt(application: Application): Promise<{ readonly run: number }> {
    const receipt = { run: this.runs };
    await application.commit(this.account, await currentExecution().completion(receipt));
    return receipt;
  }

  standing({ store }: Application): Promise<IdempotencyRecord | undefined> {
    return store.find(this.key, { consistent: true });
  }

  /** How often the method ran here, how often the business was really done, and what became of the key. */
  async traces(application: Application): Promise<{ runs: number; transfers: number; status: string }> {
    const { runs } = this;
    const transfers = await application.transfersOf(this.account);
    return { runs, transfers, status: (await this.standing(application))?.state.status ?? 'none' };
  }
}
