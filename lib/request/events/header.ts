import { isMap } from 'node:util/types';
import { entriesOf } from '../../values/built-in-kinds.js';
import { isObject } from '../../values/class-facts.js';
import type { Fields } from '../../values/own-properties.js';

type RequestPart = Readonly<Fields>;

/**
 * Returns a header of a request, or null. It reads Lambda events, the requests of Express, Fastify, Koa and Node.js, a fetch
 * `Request` and its `Headers`, a context with a request (`{ request }`, `{ req }`, Hono's), a Map and a list of pairs. The
 * case of the name does not count (RFC 9110, section 5.1). A header with several different values is the list of them.
 */
export function lookUpHeader(request: unknown, wanted: unknown): unknown {
  const name = String(wanted).toLowerCase();
  for (const headers of headersWithin(request)) {
    const values = new Set(valuesOf(headers, name));
    if (values.size > 1) return [...values];
    for (const value of values) return value;
  }
  return null;
}

function* headersWithin(request: unknown): Iterable<unknown> {
  if (!isObject(request)) return;
  const whole = request as RequestPart;
  // In events of API Gateway and load balancers, `headers` has only the last of several values.
  yield whole.multiValueHeaders;
  yield whole.headers;
  for (const inner of [whole.raw, whole.request, whole.req] as RequestPart[]) {
    if (!isObject(inner)) continue;
    yield inner.headers;
    if (isObject(inner.raw)) yield (inner.raw as RequestPart).headers;
  }
  const isPairs = Array.isArray(request) && Array.isArray(request[0]);
  // A `get` method is not enough: it may be that of a client, which would send a request.
  if (isMap(request) || isPairs || Object.prototype.toString.call(request) === '[object Headers]')
    yield request;
}

function valuesOf(headers: unknown, wanted: string): unknown[] {
  if (!isObject(headers)) return [];
  const { get, has } = headers as RequestPart;
  const values =
    !isMap(headers) && typeof get === 'function' && typeof has === 'function'
      ? [get.call(headers, wanted)]
      : pairsOf(headers)
          .filter(([name]) => typeof name === 'string' && name.toLowerCase() === wanted)
          .flatMap(([, value]) => value);
  return values.filter((value) => value !== undefined && value !== null);
}

function pairsOf(headers: object): readonly (readonly [unknown, unknown])[] {
  if (isMap(headers)) return [...entriesOf(headers)];
  if (!Array.isArray(headers)) return Object.entries(headers);
  return Object.values(headers).flatMap((header) => {
    if (Array.isArray(header)) return [[header[0], header[1]] as const];
    // Kafka has a list of objects with one header each.
    return isObject(header) ? Object.entries(header) : [];
  });
}
