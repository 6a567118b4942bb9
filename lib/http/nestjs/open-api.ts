import type { Method } from '../../engine/driver/prepared-call.js';
import type { HttpGuard } from '../core/guard.js';
import { metadataOf, setMetadata } from './metadata.js';

// What @nestjs/swagger reads, and the plugin of its compiler writes.
const PARAMETERS = 'swagger/apiParameters';
const RESPONSES = 'swagger/apiResponse';
const PLUGIN = '_OPENAPI_METADATA_FACTORY';

interface Parameter {
  readonly name: string;
  readonly in: string;
}

type Responses = Readonly<Record<string, unknown>>;

/** A method that is documented. */
export interface DocumentedMethod {
  readonly prototype: object;
  readonly name: PropertyKey;
  readonly method: Method;
}

/** The header of a route, for each method that has one. An application that is made anew may have another. */
const parameters = new WeakMap<Method, Parameter>();

const problem = {
  type: 'object',
  required: ['type', 'title', 'status', 'detail'],
  properties: {
    type: { type: 'string', format: 'uri' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
  },
};

const retryAfter = { 'Retry-After': { description: 'Seconds', schema: { type: 'integer' } } };

const refusals: Responses = {
  400: response('The idempotency key is missing or malformed'),
  409: response('A request with this key is being processed', retryAfter),
  410: response('The answer to the first request with this key is no longer available'),
  413: response('The body of the request is too large'),
  422: response('The key was used for another request'),
  424: response('It is not known what became of the first request with this key'),
  429: response('Too many requests are being processed', retryAfter),
  503: response('The service is not available', retryAfter),
};

function response(description: string, headers?: object) {
  const content = { 'application/problem+json': { schema: problem } };
  return { description, ...(headers && { headers }), content };
}

/**
 * Describes the header and the refusals of a route, for an OpenAPI document of @nestjs/swagger. It is called when all decorators have been. What
 * they say of the same header or status stays.
 */
export function documentRoute(
  { prototype, name, method }: DocumentedMethod,
  guard: HttpGuard<unknown>,
): void {
  describeHeader(method, guard);
  if (guard.given.errors === 'framework') return;
  const own = (metadataOf(RESPONSES, method) ?? {}) as Responses;
  const answers = Object.keys(own).some((status) => Number(status) < 400 || status === 'default')
    ? own
    : // With any response set, the module for OpenAPI adds none by itself.
      { ...own, ...usualAnswer(prototype, name, method) };
  setMetadata(RESPONSES, { ...refusals, ...answers }, method);
}

function describeHeader(method: Method, guard: HttpGuard<unknown>): void {
  const { header: name = 'Idempotency-Key', required = true } = guard.given;
  const known = parameters.get(method);
  const others = ((metadataOf(PARAMETERS, method) ?? []) as Parameter[]).filter((one) => one !== known);
  const isDescribed = others.some(
    (one) => one.in === 'header' && one.name?.toLowerCase() === name.toLowerCase(),
  );
  if (isDescribed) return;
  const description = 'A value that is unique for this request, and the same in its retries';
  const parameter = { name, in: 'header', required, description, schema: { type: 'string' } };
  parameters.set(method, parameter);
  setMetadata(PARAMETERS, [...others, parameter], method);
}

/** Returns what the module for OpenAPI says of a method without any response. */
function usualAnswer(prototype: object, name: PropertyKey, method: Method): Responses {
  const controller = prototype.constructor as { [PLUGIN]?: () => Record<PropertyKey, object> };
  const inferred = (controller[PLUGIN]?.()[name] ?? {}) as { status?: number; type?: unknown };
  const { status = metadataOf('__httpCode__', method) ?? (isPost(method) ? 201 : 200), type } = inferred;
  const isArray = Array.isArray(type);
  const described = type === undefined ? {} : { type: isArray ? type[0] : type, isArray };
  return { [String(status)]: { description: '', ...described } };
}

/** By the number that Nest has for a method. */
function isPost(method: Method): boolean {
  return metadataOf('method', method) === 1;
}
