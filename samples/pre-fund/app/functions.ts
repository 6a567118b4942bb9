// The functions as Lambda calls them; template.yaml names each of them.
import type { APIGatewayProxyHandler, Context, SQSEvent } from 'aws-lambda';
import { onIdempotencyEvent } from 'retrysafe';
import { CallMetrics } from './call-metrics.js';
import { preFundService, settlementQueues } from './composition.js';
import { PreFundApi } from './pre-fund-api.js';
import { SettlementConsumer } from './settlement-consumer.js';
import { WorkflowStep } from './workflow-step.js';

// Past the console, which may put something before the line or around it.
const names = { namespace: 'PreFund', service: 'pre-fund' };
new CallMetrics(names, (line) => process.stdout.write(`${line}\n`)).start();
onIdempotencyEvent('store-failed', ({ error }) => console.error(error));

const service = preFundService(process.env);
const api = new PreFundApi(service);
const consumer = new SettlementConsumer(service, settlementQueues(process.env));
const step = new WorkflowStep(service);

export const preFundApi = async (event: Parameters<APIGatewayProxyHandler>[0], context: Context) =>
  api.handle(event, context);
export const settlementConsumer = async (event: SQSEvent, context: Context) =>
  consumer.handle(event, context);
export const workflowStep = async (input: unknown, context: Context) => step.handle(input, context);
