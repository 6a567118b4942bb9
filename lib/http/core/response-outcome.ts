import { headersToRecord } from './recorded-headers.js';
import { type HeaderLine, type RecordedResponse, recordedResponse } from './recorded-response.js';

/** A response, as `responseOutcome` takes it. */
export interface ResponseParts {
  /** Default: 200. */
  readonly status?: number;
  /** Default: none; for an object or a list as the body, `content-type: application/json`. */
  readonly headers?: Readonly<Record<string, string>> | readonly HeaderLine[];
  /** A text or bytes as they are; anything else is sent as JSON. Default: no body. */
  readonly body?: unknown;
}

/**
 * Returns a response as a guard records it, for `currentExecution().completion(…)` and for `onAbandoned`. The client gets it as it is
 * here: what a framework would add to it, such as an `ETag`, is not in it.
 */
export function responseOutcome({ status = 200, headers = {}, body }: ResponseParts): RecordedResponse {
  const given: readonly HeaderLine[] = Array.isArray(headers) ? headers : Object.entries(headers);
  const isJson = body !== undefined && typeof body !== 'string' && !(body instanceof Uint8Array);
  const hasType = given.some(([name]) => name.toLowerCase() === 'content-type');
  const type: readonly HeaderLine[] = isJson && !hasType ? [['content-type', 'application/json']] : [];
  const lines = headersToRecord([...type, ...given]);
  return recordedResponse(status, lines, bytesOf(isJson ? JSON.stringify(body) : body), false);
}

function bytesOf(body: unknown): Uint8Array | undefined {
  return typeof body === 'string' ? Buffer.from(body, 'utf8') : (body as Uint8Array | undefined);
}
