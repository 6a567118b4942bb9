import type { APIGatewayProxyResult } from 'aws-lambda';
import type { Completion } from 'retrysafe';
import { recordOfKey } from 'retrysafe';
import { CoreBank } from '../app/core-bank.js';
import type { HoldOrder, Refund } from '../app/orders.js';
import { PreFundService } from '../app/pre-fund-service.js';
import type { Refunds } from '../app/refunds.js';
import { WorkflowStep } from '../app/workflow-step.js';
import type { BankServer } from './bank-server.js';
import { dollars } from './bank-stand-in.js';
import { apiGatewayEvent, lambdaContext } from './events.js';
import { ImpatientApi } from './impatient-api.js';
import type { Records } from './records.js';
import { SettlementQueue } from './settlement-queue.js';
import type { Story } from './story.js';

/** Whose story it is. */
export const accountId = '4711';

/** Everybody who plays in the story: the deployed handlers over one service, the bank, and the records. */
export class Cast {
  readonly api: ImpatientApi;
  readonly queue: SettlementQueue;
  readonly step: WorkflowStep;

  constructor(
    readonly story: Story,
    readonly records: Records,
    readonly server: BankServer,
  ) {
    const refunds = new NarratedRefunds(records.refunds, story);
    const service = new PreFundService(records.store, new CoreBank(server.url), refunds);
    this.api = new ImpatientApi(service);
    this.queue = new SettlementQueue(service);
    this.step = new WorkflowStep(service);
  }

  /** Sends a request for a hold; its answer is still on its way. */
  async send(order: HoldOrder, remark?: string): Promise<APIGatewayProxyResult> {
    this.story.arrived(order, remark);
    return this.api.handle(apiGatewayEvent('/pre-fund/holds', order.transactionId, order), lambdaContext());
  }

  /** Sends a request for a hold, and the answer arrives. */
  async exchange(order: HoldOrder, remark?: string): Promise<APIGatewayProxyResult> {
    const answer = await this.send(order, remark);
    this.story.answered(order, answer);
    return answer;
  }

  /** What is on record under the key that the library last told of. */
  async record() {
    const { key } = this.story;
    return key === undefined ? undefined : recordOfKey(this.records.store, key).inspect();
  }
}

/** A request for a hold. */
export function order(transactionId: string, cents: number): HoldOrder {
  return { transactionId, accountId, cents };
}

/** Tells what becomes of refunds. */
class NarratedRefunds implements Refunds {
  constructor(
    readonly refunds: Refunds,
    readonly story: Story,
  ) {}

  allow(...args: Parameters<Refunds['allow']>): Promise<void> {
    return this.refunds.allow(...args);
  }

  async book(refund: Refund, completion: Completion): Promise<void> {
    const what = `a transaction of ${dollars(refund.cents)} and the outcome`;
    try {
      await this.refunds.book(refund, completion);
      this.story.worked(`${what}: both are written`);
    } catch (error) {
      this.story.worked(`${what}: neither is written`);
      throw error;
    }
  }
}
