import type { Context } from 'aws-lambda';
import type { Hold } from './orders.js';
import type { PreFundService } from './pre-fund-service.js';
import { stepOrder } from './requests.js';

/**
 * The Lambda function behind the states of a Step Functions workflow. An Express workflow may run a state more than
 * once; the names of the execution and the state tell which hold is meant.
 */
export class WorkflowStep {
  constructor(readonly service: PreFundService) {}

  async handle(input: unknown, context: Context): Promise<Hold> {
    return this.service.placeHoldFor(stepOrder(input), context);
  }
}
