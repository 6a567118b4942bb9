import type { APIGatewayProxyEvent, APIGatewayProxyResult, Context } from 'aws-lambda';
import type { PreFundService } from './pre-fund-service.js';

/** The Lambda function behind API Gateway: an event in, an HTTP answer out. */
export class PreFundApi {
  constructor(readonly service: PreFundService) {}

  async handle(event: APIGatewayProxyEvent, context: Context): Promise<APIGatewayProxyResult> {
    try {
      const hold = await this.service.placeHold(event, context);
      return {
        statusCode: 201,
        headers: { 'Content-Type': 'application/json', Location: `${event.path}/${hold.holdId}` },
        // A replayed Date is a Date.
        body: JSON.stringify({ ...hold, placedAt: hold.placedAt.toISOString() }),
      };
    } catch (error) {
      return problem(error);
    }
  }
}

/** An error that bears the HTTP status to answer with: each of the library's, and those of the bank. */
interface HttpError extends Error {
  readonly statusCode: number;
  readonly retryAfter?: number;
}

/** The answer for an error, as problem details (RFC 9457). */
function problem(error: unknown): APIGatewayProxyResult {
  if (!isHttpError(error)) {
    console.error(error);
    return answer(500, { title: 'InternalError' });
  }
  const { statusCode, name: title, message: detail, retryAfter } = error;
  return answer(statusCode, { title, detail }, retryAfter === undefined ? {} : { 'Retry-After': retryAfter });
}

function isHttpError(error: unknown): error is HttpError {
  return error instanceof Error && typeof (error as Partial<HttpError>).statusCode === 'number';
}

function answer(statusCode: number, details: object, headers = {}): APIGatewayProxyResult {
  return {
    statusCode,
    headers: { 'Content-Type': 'application/problem+json', ...headers },
    body: JSON.stringify({ status: statusCode, ...details }),
  };
}
