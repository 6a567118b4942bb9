import type { ServerResponse } from 'node:http';
import { contentLengthIn } from '../core/recorded-headers.js';
import type { HeaderLine } from '../core/recorded-response.js';
import { linesOf } from './response-lines.js';

/** The head of a response, as its handler has made it. */
export interface Head {
  readonly status: number;
  readonly reason: string;
  readonly lines: readonly HeaderLine[];
  /** A response with such a status has none (RFC 9110, section 6.4.1). */
  readonly hasBody: boolean;
  /** How many bytes the client was told that there are. */
  readonly length: number | undefined;
}

/**
 * What Node.js keeps on a response, and looks at itself: `headersSent`, `writableEnded` and `writableFinished` follow from it, and
 * `setHeader` throws by it. Getters on each response would cost more, and middleware asks for `_header` and `finished`, too.
 */
interface Kept {
  _header: string | null;
  finished: boolean;
  outputSize: number;
  _last: boolean;
}

const kept = (res: ServerResponse) => res as unknown as Kept;

export function headOf(res: ServerResponse): Head {
  const { statusCode: status, statusMessage: reason } = res;
  const lines = linesOf(res);
  return {
    status,
    reason,
    lines,
    hasBody: status >= 200 && status !== 204 && status !== 304,
    length: contentLengthIn(lines),
  };
}

/** Makes a response look as if its head had been sent. */
export function holdHead(res: ServerResponse): void {
  kept(res)._header = 'held';
}

/** Takes that back, so that the head can be made again. */
export function releaseHead(res: ServerResponse, head?: Head): void {
  kept(res)._header = null;
  if (!head) return;
  if (res.statusCode !== head.status) res.statusCode = head.status;
  if (res.statusMessage !== head.reason) res.statusMessage = head.reason;
}

/** Makes a response look as if it had been ended, and something of it waited to be written. */
export function holdEnd(res: ServerResponse): void {
  kept(res).finished = true;
  kept(res).outputSize += 1;
}

/** Takes that back, so that the response can be ended. */
export function releaseEnd(res: ServerResponse): void {
  kept(res).finished = false;
  kept(res).outputSize -= 1;
}

/** Lets the connection be closed once the response has been sent. */
export function closeAfter(res: ServerResponse): void {
  res.shouldKeepAlive = false;
  kept(res)._last = true;
}
