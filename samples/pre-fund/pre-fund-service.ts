import type { APIGatewayProxyEvent, Context } from 'aws-lambda';
import { currentExecution, Idempotent } from 'retrysafe';
import { type CoreBank, type Hold, type HoldOrder, InsufficientFunds } from './core-bank.js';

/** Places holds, one for each transaction, however often it is asked to. */
export class PreFundService {
  constructor(readonly bank: CoreBank) {}

  // The expressions look into the event's body as if it were no text. The context tells how long a claim may last.
  @Idempotent({
    key: 'body.transactionId',
    fingerprint: 'body',
    ttl: 300,
    remember: [InsufficientFunds],
  })
  async placeHold(event: APIGatewayProxyEvent, _context: Context): Promise<Hold> {
    const order: HoldOrder = JSON.parse(event.body ?? '');
    // The bank gets a key that is the same on every attempt: a process may die between its answer and ours.
    return this.bank.placeHold(order, currentExecution().deriveKey('hold'));
  }
}
