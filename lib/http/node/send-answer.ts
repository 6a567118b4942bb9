import type { ServerResponse } from 'node:http';
import type { GuardedAnswer } from '../core/guard.js';
import { bodyOf } from '../core/recorded-response.js';
import { REPLAYED } from '../core/replayed-header.js';
import { setLines } from './response-lines.js';

type SentAnswer = Extract<GuardedAnswer, { readonly from: 'record' | 'guard' }>;

/** Sends a recorded response, or a problem, over the headers that stand on a response. */
export function sendAnswer(res: ServerResponse, answer: SentAnswer, fail: (error: unknown) => void): void {
  try {
    send(res, answer);
  } catch (error) {
    // Somebody has written a header into the store that Node.js refuses.
    if (res.headersSent) res.destroy(error as Error);
    else fail(error);
  }
}

function send(res: ServerResponse, answer: SentAnswer): void {
  if (answer.from === 'guard') {
    const { status, headers, body } = answer.problem;
    res.statusCode = status;
    setLines(res, Object.entries(headers));
    res.end(JSON.stringify(body));
    return;
  }
  const { response, isReplay } = answer;
  res.statusCode = response.status;
  setLines(res, response.headers);
  if (isReplay) res.setHeader(REPLAYED, 'true');
  const body = bodyOf(response);
  if (!response.isStream || !body) return void res.end(body);
  // The client of a stream was not told its length either.
  res.flushHeaders();
  res.end(body);
}
