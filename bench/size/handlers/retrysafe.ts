import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { APIGatewayProxyEvent, Context } from 'aws-lambda';
import { currentExecution, Idempotent } from 'retrysafe';
import { DynamoDBStore } from 'retrysafe/dynamodb';
import { type Hold, type HoldOrder, InsufficientFunds, placeHold } from './core-bank.js';
import { PreFundApi } from './pre-fund-api.js';

const store = new DynamoDBStore({ client: new DynamoDBClient({}), tableName: process.env.TABLE_NAME ?? '' });

class PreFundService {
  @Idempotent({
    key: 'body.transactionId',
    fingerprint: 'body',
    ttl: 300,
    remember: [InsufficientFunds],
    // Powertools refuses a duplicate of a running call at once.
    wait: 0,
    store,
  })
  async placeHold(event: APIGatewayProxyEvent, _context: Context): Promise<Hold> {
    const order: HoldOrder = JSON.parse(event.body ?? '');
    return placeHold(order, currentExecution().deriveKey('hold'));
  }
}

const api = new PreFundApi(new PreFundService());
export const handler = api.handle.bind(api);
