import type { ProblemAnswer } from '../core/problem.js';
import { bodyOf, type HeaderLine, type RecordedResponse } from '../core/recorded-response.js';
import { REPLAYED } from '../core/replayed-header.js';

/** Returns the response to a request that is refused. `before`: the headers that stood before the guard. */
export function problemResponse(
  { status, headers, body }: ProblemAnswer,
  before: readonly HeaderLine[] = [],
): Response {
  return new Response(JSON.stringify(body), { status, headers: laidOver(before, Object.entries(headers)) });
}

/** Returns a recorded response, as a stream where it was one. `before`: the headers that stood before the guard. */
export function replayedResponse(
  response: RecordedResponse,
  isReplay: boolean,
  before: readonly HeaderLine[] = [],
): Response {
  const { status, headers: lines, isStream } = response;
  const headers = laidOver(before, lines);
  if (isReplay) headers.set(REPLAYED, 'true');
  const body = noBody.has(status) ? undefined : (bodyOf(response) as Uint8Array<ArrayBuffer> | undefined);
  return new Response(isStream && body ? streamOf(body) : (body ?? null), { status, headers });
}

/** A response with one of these has no body (fetch, section 2.2.3). What `responseOutcome` was told may say otherwise. */
const noBody = new Set([204, 205, 304]);

/** A header that is recorded is one that the handler changed: it takes the place of what stood before. */
function laidOver(before: readonly HeaderLine[], lines: readonly HeaderLine[]): Headers {
  const headers = new Headers();
  for (const [name, value] of before) headers.append(name, value);
  for (const [name] of lines) headers.delete(name);
  for (const [name, value] of lines) headers.append(name, value);
  return headers;
}

function streamOf(body: Uint8Array): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(body);
      controller.close();
    },
  });
}
