import type { APIGatewayProxyEvent, APIGatewayProxyResult, Context } from 'aws-lambda';
import type { Hold } from './core-bank.js';

/** Places the hold that an event asks for. */
export interface HoldService {
  placeHold(event: APIGatewayProxyEvent, context: Context): Promise<Hold>;
}

/** The Lambda function behind API Gateway: an event in, an HTTP answer out. */
export class PreFundApi {
  constructor(readonly service: HoldService) {}

  async handle(event: APIGatewayProxyEvent, context: Context): Promise<APIGatewayProxyResult> {
    try {
      const hold = await this.service.placeHold(event, context);
      return answer(201, 'application/json', hold);
    } catch (error) {
      const { statusCode: status = 500, name: title, message: detail } = error as HttpError;
      if (status === 500) console.error(error);
      return answer(status, 'application/problem+json', { status, title, detail });
    }
  }
}

/** An error that has the HTTP status of the response. */
interface HttpError extends Error {
  readonly statusCode?: number;
}

function answer(statusCode: number, type: string, body: object): APIGatewayProxyResult {
  return { statusCode, headers: { 'Content-Type': type }, body: JSON.stringify(body) };
}
