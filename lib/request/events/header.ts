import { isMap } from 'node:util/types';

type Loose = Readonly<Record<string, unknown>>;

/**
 * A header of a request: of a Lambda event, of what Express, Fastify, Koa and Node.js hand over, of a fetch `Request` or its
 * `Headers`, of a context that has one (`{ request }`, `{ req }`, Hono's), of a Map or a list of pairs. Names mean the
 * same whatever their case (RFC 9110, section 5.1). One that was sent with different values is the list of them.
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
  // `headers` of an event of API Gateway or a load balancer has only the last of several values.
  yield request.multiValueHeaders;
  yield request.headers;
  for (const inner of [request.raw, request.request, request.req]) {
    if (!isObject(inner)) continue;
    yield inner.headers;
    if (isObject(inner.raw)) yield inner.raw.headers;
  }
  const isPairs = Array.isArray(request) && Array.isArray(request[0]);
  // Not whatever has a `get`: it may be a client that would send a request.
  if (isMap(request) || isPairs || Object.prototype.toString.call(request) === '[object Headers]')
    yield request;
}

function valuesOf(headers: unknown, wanted: string): unknown[] {
  if (!isObject(headers)) return [];
  if (!isMap(headers) && hasGet(headers)) return [headers.get(wanted)].filter(isThere);
  return entriesOf(headers)
    .filter(([name]) => typeof name === 'string' && name.toLowerCase() === wanted)
    .flatMap(([, value]) => value)
    .filter(isThere);
}

function entriesOf(headers: Loose): readonly (readonly [unknown, unknown])[] {
  // Its own, whatever iterator it shows.
  if (isMap(headers)) return [...Map.prototype.entries.call(headers)];
  if (!Array.isArray(headers)) return Object.entries(headers);
  return Object.values(headers).flatMap((header) => {
    if (Array.isArray(header)) return [[header[0], header[1]] as const];
    // Kafka's are a list of objects, each with one header.
    return isObject(header) ? Object.entries(header) : [];
  });
}

function hasGet(value: Loose): value is Loose & { get(name: string): unknown } {
  return typeof value.get === 'function' && typeof value.has === 'function';
}

function isThere(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function isObject(value: unknown): value is Loose {
  return typeof value === 'object' && value !== null;
}
