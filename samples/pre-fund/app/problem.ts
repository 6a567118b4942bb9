import type { APIGatewayProxyResult } from 'aws-lambda';
import { IdempotencyError } from 'retrysafe';

/** An error that has the HTTP status of the response: each of the library's, and those of this service. */
interface HttpError extends Error {
  readonly statusCode: number;
  readonly retryAfter?: number;
}

/** The library's own messages are for the developers of this service: they name keys, methods and options. */
const details: Readonly<Record<string, string>> = {
  KeyError: 'The id is missing.',
  InProgressError: 'An equal request is still running; send the request again later.',
  FingerprintError: 'The id was used before, for another request.',
  OutcomeUnknownError: 'It is not known whether an equal request was carried out before.',
  OutcomeUnavailableError: 'The request was carried out before, but its answer cannot be had.',
  ClaimLostError: 'An equal request took over; send the request again to get its answer.',
  StoreError: 'The service is out of order; send the request again.',
};

/** The answer for an error, as problem details (RFC 9457). What only concerns this side goes to the log. */
export function problem(error: unknown): APIGatewayProxyResult {
  if (!isHttpError(error) || error.statusCode === 500) {
    console.error(error);
    return answer(500, 'InternalError', 'The request could not be carried out.');
  }
  const { statusCode, name, message, retryAfter = statusCode === 503 ? 1 : undefined, cause } = error;
  if (statusCode > 500 && cause) console.error(error);
  const detail = error instanceof IdempotencyError ? (details[name] ?? name) : message;
  return answer(statusCode, name, detail, retryAfter);
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
