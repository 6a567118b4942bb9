import type { Context, SQSBatchItemFailure, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import type { PreFundService } from './pre-fund-service.js';
import { fieldsOf, settlementOrder } from './requests.js';

/** The Lambda function behind the queue of settlements: each message is settled by a call of its own. */
export class SettlementConsumer {
  constructor(
    readonly service: PreFundService,
    readonly report: (messageId: string, error: Error) => void = logged,
  ) {}

  /** Returns the messages that failed. The queue delivers only these once more. */
  async handle({ Records }: SQSEvent, context: Context): Promise<SQSBatchResponse> {
    const failures = await Promise.all(Records.map((record) => this.#settle(record, context)));
    return { batchItemFailures: failures.filter((failure) => failure !== undefined) };
  }

  async #settle(record: SQSRecord, context: Context): Promise<SQSBatchItemFailure | undefined> {
    const { messageId } = record;
    try {
      await this.service.settle(settlementOrder(fieldsOf(record)), context);
      return undefined;
    } catch (error) {
      this.report(messageId, error as Error);
      return { itemIdentifier: messageId };
    }
  }
}

function logged(messageId: string, { name, message }: Error): void {
  console.error(JSON.stringify({ messageId, name, message }));
}
