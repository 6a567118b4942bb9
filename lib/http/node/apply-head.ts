import type { ServerResponse } from 'node:http';
import { native } from './native-response.js';
import { setLines } from './response-lines.js';

/** Headers as `writeHead` takes them: an object, a flat list of names and values, or a list of pairs. */
export type GivenHeaders = Readonly<Record<string, unknown>> | readonly unknown[];

type Pair = readonly [name: string, value: unknown];

// A reason phrase has no other character (RFC 9112, section 4).
const noReason = /[^\t\x20-\x7e\x80-\xff]/;

/** Does to a response what `writeHead` does, and sends nothing: sets status, reason and headers. Throws what that throws. */
export function applyHead(
  res: ServerResponse,
  status: number,
  reason: string | GivenHeaders | undefined,
  given: GivenHeaders | undefined,
): void {
  const code = status | 0;
  // Node.js says what is wrong, before it has done anything.
  if (code < 100 || code > 999 || res.headersSent) native().writeHead.call(res, status);
  if (typeof reason === 'string') res.statusMessage = reason;
  res.statusCode = code;
  const headers = typeof reason === 'string' ? given : (given ?? reason);
  if (headers) setGiven(res, headers);
  if (res.statusMessage && noReason.test(res.statusMessage)) native().writeHead.call(res, code);
}

function setGiven(res: ServerResponse, headers: GivenHeaders): void {
  if (!isList(headers)) {
    for (const [name, value] of Object.entries(headers)) if (name) res.setHeader(name, value as string);
  } else if (isPaired(headers)) setLines(res, headers);
  else if (headers.length % 2 === 0) setLines(res, pairsOf(headers));
  else native().writeHead.call(res, res.statusCode, headers as never);
}

function isList(headers: GivenHeaders): headers is readonly unknown[] {
  return Array.isArray(headers);
}

function isPaired(headers: readonly unknown[]): headers is readonly Pair[] {
  return headers.length > 0 && headers.every((pair) => Array.isArray(pair));
}

function pairsOf(headers: readonly unknown[]): Pair[] {
  return headers.flatMap((name, index) =>
    index % 2 === 0 && name ? [[String(name), headers[index + 1]] as const] : [],
  );
}
