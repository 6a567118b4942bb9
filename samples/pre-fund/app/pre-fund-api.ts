import type { APIGatewayProxyEvent, APIGatewayProxyResult, Context } from 'aws-lambda';
import { NotFound } from './failures.js';
import type { Replayable } from './orders.js';
import type { PreFundService } from './pre-fund-service.js';
import { problem } from './problem.js';
import { fieldsOf, holdOrder, refundOrder } from './requests.js';

/** The Lambda function behind API Gateway: an event in, an HTTP answer out. */
export class PreFundApi {
  constructor(readonly service: PreFundService) {}

  async handle(event: APIGatewayProxyEvent, context: Context): Promise<APIGatewayProxyResult> {
    try {
      return await this.#answer(event, context);
    } catch (error) {
      return problem(error);
    }
  }

  async #answer(event: APIGatewayProxyEvent, context: Context): Promise<APIGatewayProxyResult> {
    switch (`${event.httpMethod} ${event.resource}`) {
      case 'POST /pre-fund/holds': {
        const hold = await this.service.placeHold(holdOrder(fieldsOf(bodyOf(event))), context);
        return created(hold);
      }
      case 'POST /pre-fund/refunds': {
        const refund = await this.service.refund(refundOrder(fieldsOf(bodyOf(event))), context);
        return created(refund);
      }
      default:
        throw new NotFound('There is nothing here to be asked for.');
    }
  }
}

function bodyOf({ body, isBase64Encoded }: APIGatewayProxyEvent): string | null {
  return body !== null && isBase64Encoded ? Buffer.from(body, 'base64').toString() : body;
}

/** A replayed outcome has the same body as the first answer had, to the byte: a replayed Date is a Date. */
function created({ isReplay, ...result }: Replayable<object>): APIGatewayProxyResult {
  return {
    statusCode: 201,
    headers: {
      'Content-Type': 'application/json',
      ...(isReplay && { 'Idempotent-Replayed': 'true' }),
    },
    body: JSON.stringify(result),
  };
}
