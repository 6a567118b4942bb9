import type { ProblemAnswer } from '../core/problem.js';
import { bodyOf, type RecordedResponse } from '../core/recorded-response.js';
import { REPLAYED } from '../core/replayed-header.js';

/** Returns the response to a request that is refused. */
export function problemResponse({ status, headers, body }: ProblemAnswer): Response {
  return new Response(JSON.stringify(body), { status, headers });
}

/** Returns a recorded response, as a stream where it was one. */
export function replayedResponse(response: RecordedResponse, isReplay: boolean): Response {
  const { status, headers: lines, isStream } = response;
  const headers = new Headers();
  for (const [name, value] of lines) headers.append(name, value);
  if (isReplay) headers.set(REPLAYED, 'true');
  const body = bodyOf(response) as Uint8Array<ArrayBuffer> | undefined;
  return new Response(isStream && body ? streamOf(body) : (body ?? null), { status, headers });
}

function streamOf(body: Uint8Array): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(body);
      controller.close();
    },
  });
}
