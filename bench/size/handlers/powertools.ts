import {
  IdempotencyAlreadyInProgressError,
  IdempotencyConfig,
  IdempotencyKeyError,
  IdempotencyPersistenceLayerError,
  IdempotencyValidationError,
  idempotent,
} from '@aws-lambda-powertools/idempotency';
import { DynamoDBPersistenceLayer } from '@aws-lambda-powertools/idempotency/dynamodb';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { APIGatewayProxyEvent, Context } from 'aws-lambda';
import { type Hold, type HoldOrder, InsufficientFunds, placeHold } from './core-bank.js';
import { PreFundApi } from './pre-fund-api.js';

const persistenceStore = new DynamoDBPersistenceLayer({
  awsSdkV3Client: new DynamoDBClient({}),
  tableName: process.env.TABLE_NAME ?? '',
});

const config = new IdempotencyConfig({
  eventKeyJmesPath: 'powertools_json(body).transactionId',
  payloadValidationJmesPath: 'powertools_json(body)',
  throwOnNoIdempotencyKey: true,
  expiresAfterSeconds: 300,
});

const statuses = [
  [IdempotencyKeyError, 400],
  [IdempotencyAlreadyInProgressError, 409],
  [IdempotencyValidationError, 422],
  [IdempotencyPersistenceLayerError, 503],
] as const;

class PreFundService {
  async placeHold(event: APIGatewayProxyEvent, context: Context): Promise<Hold> {
    try {
      const outcome = await this.decide(event, context);
      if ('refusal' in outcome) throw new InsufficientFunds(outcome.refusal);
      return outcome;
    } catch (error) {
      throw withStatus(error);
    }
  }

  // An error is never replayed, so the refusal is a result.
  @idempotent({ persistenceStore, config })
  async decide(event: APIGatewayProxyEvent, _context: Context): Promise<Hold | { readonly refusal: string }> {
    const order: HoldOrder = JSON.parse(event.body ?? '');
    try {
      return await placeHold(order, `hold#${order.transactionId}`);
    } catch (error) {
      if (error instanceof InsufficientFunds) return { refusal: error.message };
      throw error;
    }
  }
}

// A fault while the record is read is wrapped into an error of the persistence layer.
function withStatus(error: unknown): unknown {
  const [, statusCode] =
    statuses.find(([type]) => error instanceof type || (error as Error).cause instanceof type) ?? [];
  return statusCode === undefined ? error : Object.assign(error as Error, { statusCode });
}

const api = new PreFundApi(new PreFundService());
export const handler = api.handle.bind(api);
