import {
  type CancellationReason,
  type DynamoDBClient,
  TransactionCanceledException,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import type { Completion } from 'retrysafe';
import type { DynamoDBStore } from 'retrysafe/dynamodb';
import { BalanceBusy, NotRefundable, RefundsUnavailable } from './failures.js';
import type { Refund, Settlement } from './orders.js';

/** What was paid and can be paid back, and what was paid back. */
export interface Refunds {
  /** Allows to pay back what was settled. Repeated, it changes nothing. */
  allow(settlement: Settlement): Promise<void>;
  /** Pays back, and completes the running call: both happen or neither. */
  book(refund: Refund, completion: Completion): Promise<void>;
}

interface Parts {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  readonly store: DynamoDBStore;
}

/** Keeps the balance of each transaction and each refund as an item of a table of their own. */
export class DynamoDBRefunds implements Refunds {
  constructor(readonly parts: Parts) {}

  async allow({ transactionId, cents }: Settlement): Promise<void> {
    const update = new UpdateItemCommand({
      TableName: this.parts.tableName,
      Key: balanceOf(transactionId),
      UpdateExpression: 'SET refundableCents = if_not_exists(refundableCents, :cents)',
      ExpressionAttributeValues: { ':cents': { N: String(cents) } },
    });
    await this.parts.client.send(update);
  }

  async book({ refundId, transactionId, cents, refundedAt }: Refund, completion: Completion): Promise<void> {
    const { client, tableName: TableName, store } = this.parts;
    const take = {
      TableName,
      Key: balanceOf(transactionId),
      UpdateExpression: 'SET refundableCents = refundableCents - :cents',
      ConditionExpression: 'refundableCents >= :cents',
      ExpressionAttributeValues: { ':cents': { N: String(cents) } },
    };
    const note = {
      TableName,
      Item: {
        id: { S: `refund#${refundId}` },
        transactionId: { S: transactionId },
        cents: { N: String(cents) },
        refundedAt: { S: refundedAt.toISOString() },
      },
      // The record of the call ends with its ttl, this one stays.
      ConditionExpression: 'attribute_not_exists(id)',
    };
    const items = [{ Update: take }, { Put: note }, store.transactItem(completion)];
    try {
      await client.send(new TransactWriteItemsCommand({ TransactItems: items }));
    } catch (error) {
      throw refusal(error);
    }
  }
}

function balanceOf(transactionId: string) {
  return { id: { S: `balance#${transactionId}` } };
}

/** The reasons come in the order of the items. Whether the claim is lost, the library finds out by itself. */
function refusal(error: unknown): Error {
  const reasons = (error instanceof TransactionCanceledException && error.CancellationReasons) || [];
  const codes = reasons.map(({ Code }: CancellationReason) => Code);
  const [balance, refund] = codes;
  const cause = { cause: error };
  if (codes.includes('TransactionConflict')) return new BalanceBusy('Another refund is being made.', cause);
  if (refund === 'ConditionalCheckFailed') return new NotRefundable('This refund was made before.', cause);
  if (balance === 'ConditionalCheckFailed') {
    return new NotRefundable('There is not as much to pay back of this transaction.', cause);
  }
  return new RefundsUnavailable('The refunds are out of reach; send the request again.', cause);
}
