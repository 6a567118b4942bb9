import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SQS } from '@aws-sdk/client-sqs';
import { DynamoDBStore } from 'retrysafe/dynamodb';
import type { SqsClient, SqsOptions } from 'retrysafe/sqs';
import { CoreBank } from './core-bank.js';
import { PreFundService } from './pre-fund-service.js';
import { DynamoDBRefunds } from './refunds.js';

/** The service as the environment describes it. */
export function preFundService(env: NodeJS.ProcessEnv, client = dynamoDBClient()): PreFundService {
  const store = new DynamoDBStore({ client, tableName: required(env, 'IDEMPOTENCY_TABLE') });
  const bank = new CoreBank(required(env, 'CORE_BANK_URL'));
  const refunds = new DynamoDBRefunds({ client, tableName: required(env, 'REFUNDS_TABLE'), store });
  return new PreFundService(store, bank, refunds);
}

/** Where settlements come from, and where those are parked that can never succeed. */
export function settlementQueues(env: NodeJS.ProcessEnv, client: SqsClient = new SQS()): SqsOptions {
  const queueUrl = required(env, 'SETTLEMENT_QUEUE_URL');
  return { client, queueUrl, parkingUrl: required(env, 'FAILED_SETTLEMENT_QUEUE_URL') };
}

/** Three attempts end before the library gives a request up by itself, which is after a third of the lease. */
function dynamoDBClient(): DynamoDBClient {
  return new DynamoDBClient({
    maxAttempts: 3,
    requestHandler: { connectionTimeout: 200, requestTimeout: 500, throwOnRequestTimeout: true },
  });
}

function required(env: NodeJS.ProcessEnv, name: string): string {
  const value = env[name];
  if (value) return value;
  throw new Error(`The environment has no ${name}`);
}
