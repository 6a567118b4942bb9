import { isMap } from 'node:util/types';
import { entriesOf } from '../../values/built-in-kinds.js';
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
  // In events of API Gateway and load balancers, `headers` has only the last of several values.
  yield request.multiValueHeaders;
  yield request.headers;
  for (const inner of [request.raw, request.request, request.req]) {
    if (!isObject(inner)) continue;
    yield inner.headers;
    if (isObject(inner.raw)) yield inner.raw.headers;
  }
  const isPairs = Array.isArray(request) && Array.isArray(request[0]);
  // A `get` method is not enough: it may be that of a client, which would send a request.
  if (isMap(request) || isPairs || Object.prototype.toString.call(request) === '[object Headers]')
    yield request;
}

function valuesOf(headers: unknown, wanted: string): unknown[] {
  if (!isObject(headers)) return [];
  if (!isMap(headers) && hasGet(headers)) return [headers.get(wanted)].filter(isThere);
  return pairsOf(headers)
    .filter(([name]) => typeof name === 'string' && name.toLowerCase() === wanted)
    .flatMap(([, value]) => value)
    .filter(isThere);
}

function pairsOf(headers: RequestPart): readonly (readonly [unknown, unknown])[] {
  if (isMap(headers)) return [...entriesOf(headers)];
  if (!Array.isArray(headers)) return Object.entries(headers);
  return Object.values(headers).flatMap((header) => {
    if (Array.isArray(header)) return [[header[0], header[1]] as const];
    // Kafka has a list of objects with one header each.
    return isObject(header) ? Object.entries(header) : [];
  });
}

function hasGet(value: RequestPart): value is RequestPart & { get(name: string): unknown } {
  return typeof value.get === 'function' && typeof value.has === 'function';
}

function isThere(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function isObject(value: unknown): value is RequestPart {
  return typeof value === 'object' && value !== null;
}
