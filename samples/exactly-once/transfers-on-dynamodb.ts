import {
  type DynamoDBClient,
  TransactionCanceledException,
  type TransactWriteItem,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import { currentExecution, IdempotencyDefaults, Idempotent } from 'retrysafe';
import type { DynamoDBStore } from 'retrysafe/dynamodb';
import {
  type Incidents,
  NotEnoughMoney,
  type Receipt,
  type TransferRequest,
  type Transfers,
} from './transfers.js';

/** Moves money between items of a DynamoDB table, each transfer exactly once. */
@IdempotencyDefaults({ name: 'TransfersOnDynamoDB' })
export class TransfersOnDynamoDB implements Transfers {
  constructor(
    readonly client: DynamoDBClient,
    readonly accounts: string,
    readonly store: DynamoDBStore,
    readonly incidents: Incidents = {},
  ) {}

  @Idempotent({
    key: 'transferId',
    fingerprint: '[from, to, cents]',
    ttl: '7d',
    lease: '2s',
    clockTolerance: '100ms',
    remember: [NotEnoughMoney],
    store: (self: TransfersOnDynamoDB) => self.store,
  })
  async transfer({ transferId, from, to, cents }: TransferRequest): Promise<Receipt> {
    const receipt = { transferId, cents, at: new Date() };
    const completion = await currentExecution().completion(receipt);
    await this.incidents.beforeTransaction?.();
    const TransactItems: TransactWriteItem[] = [
      this.#addition(from, -cents, { ConditionExpression: 'cents >= :needed', needed: cents }),
      this.#addition(to, cents),
      // Cancels the transaction where another call has taken over, so that the money stays where it was.
      this.store.transactItem(completion),
    ];
    try {
      await this.client.send(new TransactWriteItemsCommand({ TransactItems }));
    } catch (error) {
      throw isFirstRefused(error) ? new NotEnoughMoney(`${from} has less than ${cents} cents`) : error;
    }
    await this.incidents.afterCommit?.();
    return receipt; // what was completed with
  }
  #addition(
    id: string,
    cents: number,
    condition?: { readonly ConditionExpression: string; readonly needed: number },
  ): TransactWriteItem {
    return {
      Update: {
        TableName: this.accounts,
        Key: { id: { S: id } },
        UpdateExpression: 'ADD cents :cents',
        ExpressionAttributeValues: {
          ':cents': { N: String(cents) },
          ...(condition && { ':needed': { N: String(condition.needed) } }),
        },
        ...(condition && { ConditionExpression: condition.ConditionExpression }),
      },
    };
  }
}

function isFirstRefused(error: unknown): boolean {
  return (
    error instanceof TransactionCanceledException &&
    error.CancellationReasons?.[0]?.Code === 'ConditionalCheckFailed'
  );
}
