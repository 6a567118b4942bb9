import type { APIGatewayProxyEvent, APIGatewayProxyResult, Context } from 'aws-lambda';
import { currentExecution, IdempotencyDefaults } from 'retrysafe';
import { IdempotentEndpoint, resultOutcome } from 'retrysafe/lambda';
import { NotFound } from './failures.js';
import type { PreFundService } from './pre-fund-service.js';
import { answered } from './problem.js';
import { fieldsOf, holdOrder, refundOrder } from './requests.js';

/** What the endpoints have in common. Senders sign their requests, so that a key belongs to their account. */
const endpoint = {
  name: 'PreFundApi',
  scope: ({ requestContext }: APIGatewayProxyEvent) => requestContext.identity.accountId,
  wait: '12s',
  problemTypes: 'urn:problem-type:',
} as const;

/** The Lambda function behind API Gateway: an event in, an HTTP answer out, and each request is carried out once. */
@IdempotencyDefaults({
  store: (api: PreFundApi) => api.service.store,
  // Shorter than a duplicate waits: a retry right after a crash gets its answer in the same request.
  lease: '8s',
})
export class PreFundApi {
  constructor(readonly service: PreFundService) {}

  handle(event: APIGatewayProxyEvent, context: Context): Promise<APIGatewayProxyResult> {
    return answered(async () => {
      const route = `${event.httpMethod} ${event.resource}`;
      if (route === 'POST /pre-fund/holds') return this.placeHold(event, context);
      if (route === 'POST /pre-fund/refunds') return this.refund(event, context);
      throw new NotFound('There is nothing here to be asked for.');
    });
  }

  @IdempotentEndpoint({
    ...endpoint,
    // The bank gave no answer: nobody knows whether it placed the hold.
    onFailure: ({ status }) => (status === 504 ? 'unknown' : 'release'),
    // The end of the attempt before is unknown: its process died, or the bank did not respond.
    async onAbandoned() {
      const hold = await this.service.bank.findHold();
      return hold ? { value: resultOutcome(created(hold)) } : 'run';
    },
  })
  async placeHold(event: APIGatewayProxyEvent, _context: Context): Promise<APIGatewayProxyResult> {
    return answered(async () => created(await this.service.bank.placeHold(holdOrder(fieldsOf(event)))));
  }

  @IdempotentEndpoint(endpoint)
  async refund(event: APIGatewayProxyEvent, _context: Context): Promise<APIGatewayProxyResult> {
    return answered(async () => {
      const refund = { ...refundOrder(fieldsOf(event)), refundedAt: new Date() };
      const result = created(refund);
      await this.service.refunds.book(refund, await currentExecution().completion(resultOutcome(result)));
      return result;
    });
  }
}

function created(body: object): APIGatewayProxyResult {
  return { statusCode: 201, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
}
