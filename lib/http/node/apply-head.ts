import type { ServerResponse } from 'node:http';
import { setLines } from './response-lines.js';

/** Headers as `writeHead` takes them: an object, a flat list of names and values, or a list of pairs. */
export type GivenHeaders = Readonly<Record<string, unknown>> | readonly unknown[];

// A reason phrase has no other character (RFC 9112, section 4).
const noReason = /[^\t\x20-\x7e\x80-\xff]/;

/**
 * Does to a response what `writeHead` does, and sends nothing: sets status, reason and headers. Throws what it throws.
 */
export function applyHead(
  res: ServerResponse,
  status: number,
  reason: string | GivenHeaders | undefined,
  given: GivenHeaders | undefined,
): void {
  const headers = typeof reason === 'string' ? given : (given ?? reason);
  const code = status | 0;
  const isWrong =
    code < 100 || code > 999 || (Array.isArray(headers) && !isFlat(headers) && !isPaired(headers));
  // Node.js says what is wrong, before it has done anything.
  if (isWrong || res.headersSent) natively(res).writeHead.call(res, status, headers as never);
  if (typeof reason === 'string') res.statusMessage = reason;
  res.statusCode = code;
  if (Array.isArray(headers)) setLines(res, isPaired(headers) ? headers : pairsOf(headers));
  else
    for (const [name, value] of Object.entries(headers ?? {})) if (name) res.setHeader(name, value as string);
  if (noReason.test(res.statusMessage ?? '')) natively(res).writeHead.call(res, code);
}

/** Returns the response as its class has it, without the methods that were put on itself. */
export function natively(res: ServerResponse): ServerResponse {
  return Object.getPrototypeOf(res) as ServerResponse;
}

function isPaired(headers: readonly unknown[]): headers is readonly (readonly [string, unknown])[] {
  return headers.length > 0 && headers.every((pair) => Array.isArray(pair));
}

function isFlat(headers: readonly unknown[]): boolean {
  return headers.length % 2 === 0;
}

function pairsOf(headers: readonly unknown[]): (readonly [string, unknown])[] {
  return headers.flatMap((name, index) =>
    index % 2 === 0 && name ? [[String(name), headers[index + 1]] as const] : [],
  );
}
