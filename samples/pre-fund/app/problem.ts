import type { APIGatewayProxyResult } from 'aws-lambda';
import { problemOf } from 'retrysafe/http';

/** An error of this service, with the HTTP status of the response. */
interface HttpError extends Error {
  readonly statusCode: number;
}

const types = 'urn:problem-type:';

/** Resolves to what `work` answers, or to the answer for its error. What only concerns this side goes to the log. */
export async function answered(work: () => Promise<APIGatewayProxyResult>): Promise<APIGatewayProxyResult> {
  try {
    return await work();
  } catch (error) {
    // The messages of the library are for the developers of this service: they name keys, methods and options.
    const { status, headers, body } = problemOf(error, { types }) ?? ownProblem(error);
    if (status === 500 || (status > 500 && (error as Error).cause)) console.error(error);
    return { statusCode: status, headers, body: JSON.stringify(body) };
  }
}

/** Problem details (RFC 9457) of an error of this service, or of one that nobody expects. */
function ownProblem(error: unknown) {
  const isExpected = error instanceof Error && typeof (error as Partial<HttpError>).statusCode === 'number';
  const { statusCode: status, name: title, message: detail } = isExpected ? (error as HttpError) : unexpected;
  const type = types + title.replace(/\B[A-Z]/g, '-$&').toLowerCase();
  const headers = { 'content-type': 'application/problem+json', ...(status > 500 && { 'retry-after': '1' }) };
  return { status, headers, body: { type, title, status, detail } };
}

const unexpected: HttpError = {
  statusCode: 500,
  name: 'InternalError',
  message: 'The request could not be carried out.',
};
