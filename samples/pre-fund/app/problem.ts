import type { APIGatewayProxyResult } from 'aws-lambda';
import { StoreError } from 'retrysafe';

/** An error that bears the HTTP status to answer with: each of the library's, and those of this service. */
interface HttpError extends Error {
  readonly statusCode: number;
  readonly retryAfter?: number;
}

/** The answer for an error, as problem details (RFC 9457). What only concerns this side goes to the log. */
export function problem(error: unknown): APIGatewayProxyResult {
  if (!isHttpError(error) || error.statusCode === 500) {
    console.error(error);
    return answer(500, 'InternalError', 'The request could not be carried out.');
  }
  const { statusCode, name, message, retryAfter } = error;
  if (error instanceof StoreError) {
    console.error(error);
    return answer(statusCode, name, 'The service is out of order; send the request again.', retryAfter ?? 1);
  }
  return answer(statusCode, name, message, retryAfter);
}

function isHttpError(error: unknown): error is HttpError {
  return error instanceof Error && typeof (error as Partial<HttpError>).statusCode === 'number';
}

function answer(status: number, title: string, detail: string, retryAfter?: number): APIGatewayProxyResult {
  const type = `urn:problem-type:${title.replace(/\B[A-Z]/g, '-$&').toLowerCase()}`;
  return {
    statusCode: status,
    headers: {
      'Content-Type': 'application/problem+json',
      ...(retryAfter !== undefined && { 'Retry-After': String(retryAfter) }),
    },
    body: JSON.stringify({ type, title, status, detail }),
  };
}
