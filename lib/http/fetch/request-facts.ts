import { ConfigurationError } from '../../errors.js';
import type { GuardedRequest } from '../core/guarded-request.js';
import type { RequestBody } from '../core/request-body.js';

/** Returns what the guard asks of a fetch `Request`. `body` is read from a copy, so that the handler can read it, too. */
export function factsOfRequest(
  request: Request,
  { route, path, query }: { readonly route?: string; readonly path?: string; readonly query?: string } = {},
): GuardedRequest {
  const { method, url } = request;
  return {
    method,
    route,
    path: path ?? pathOf(url),
    query: query ?? queryOf(url),
    header: (name) => linesOf(request.headers, name),
    body: (limitBytes) => readCopy(request, limitBytes),
  };
}

// A request's URL is serialized: after the scheme and the host it has a path. To parse it once more takes longer than all else here.
const shape = /^[^:]+:\/\/[^/?#]*([^?#]*)(?:\?([^#]*))?/;

function pathOf(url: string): string {
  return shape.exec(url)?.[1] ?? new URL(url).pathname;
}

function queryOf(url: string): string {
  return url.includes('?') ? (shape.exec(url)?.[2] ?? '') : '';
}

function linesOf(headers: Headers, name: string): readonly string[] {
  const line = headers.get(name);
  return line === null ? [] : [line];
}

/** Reads the body of a request from a copy, as far as it has no more than `limitBytes`. */
export async function readCopy(request: Request, limitBytes: number): Promise<RequestBody> {
  if (Number(request.headers.get('content-length') ?? 0) > limitBytes) return { kind: 'too-large' };
  if (request.bodyUsed) {
    throw new ConfigurationError(
      'the body of the request was read before the guard, which has to compare it; let the guard come first',
    );
  }
  const { body } = request.clone();
  if (!body) return { kind: 'none' };
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return { kind: 'bytes', bytes: Buffer.concat(chunks) };
    length += value.byteLength;
    if (length > limitBytes) break;
    chunks.push(value);
  }
  // Not to be waited for: a copy is not cancelled before the other one is.
  reader.cancel().catch(() => {});
  return { kind: 'too-large' };
}
