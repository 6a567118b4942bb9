import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { recordHandler, type SqsOptions } from 'retrysafe/sqs';
import { InvalidRequest } from './failures.js';
import type { PreFundService } from './pre-fund-service.js';
import { fieldsOf, settlementOrder } from './requests.js';

/** The Lambda function behind the queue of settlements: each message is settled by a call of its own. */
export class SettlementConsumer {
  readonly #processor = new BatchProcessor(EventType.SQS);
  readonly #settle;

  constructor(service: PreFundService, queues: SqsOptions) {
    this.#settle = recordHandler(
      (record: SQSRecord, context: Context) => service.settle(settlementOrder(fieldsOf(record)), context),
      { ...queues, advise: (error) => (error instanceof InvalidRequest ? 'fix-request' : undefined) },
    );
  }

  /** Returns the messages that failed. The queue delivers only these once more; those that can never succeed are parked. */
  handle(event: SQSEvent, context: Context): Promise<SQSBatchResponse> {
    const options = { context, throwOnFullBatchFailure: false };
    return processPartialResponse(event, this.#settle, this.#processor, options);
  }
}
