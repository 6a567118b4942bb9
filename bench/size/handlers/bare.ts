// The handler without idempotency, for comparison. It has a client, as the others have.
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { APIGatewayProxyEvent, Context } from 'aws-lambda';
import { type Hold, type HoldOrder, placeHold } from './core-bank.js';
import { PreFundApi } from './pre-fund-api.js';

export const client = new DynamoDBClient({});

class PreFundService {
  async placeHold(event: APIGatewayProxyEvent, _context: Context): Promise<Hold> {
    const order: HoldOrder = JSON.parse(event.body ?? '');
    return placeHold(order, order.transactionId);
  }
}

const api = new PreFundApi(new PreFundService());
export const handler = api.handle.bind(api);
