import { ConfigurationError } from '../../errors.js';
import { isObject } from '../../options/reading.js';
import { kindOfData } from '../../options/wrong-option.js';
import type { GuardedRequest } from '../core/guarded-request.js';
import type { RequestBody } from '../core/request-body.js';

/**
 * The form of an event, and of the result that it asks for: API Gateway's formats 1.0 (REST APIs) and 2.0 (HTTP APIs and function
 * URLs), and those of a load balancer, whose target group has either one value or a list of them for each header.
 */
export type EventForm = '1.0' | '2.0' | 'url' | 'alb' | 'alb-lists';

/** An event of an HTTP request, and what the guard asks of it. */
export interface HttpEvent {
  readonly form: EventForm;
  readonly request: GuardedRequest;
}

type Lists = Readonly<Record<string, readonly string[] | undefined>>;
type Singles = Readonly<Record<string, string | undefined>>;

/** The parts of an event that are used here. */
interface EventParts {
  readonly version?: unknown;
  readonly httpMethod?: unknown;
  readonly path?: unknown;
  readonly resource?: unknown;
  readonly rawPath?: unknown;
  readonly rawQueryString?: string;
  readonly routeKey?: string;
  readonly headers?: Singles | null;
  readonly multiValueHeaders?: Lists | null;
  readonly queryStringParameters?: Singles | null;
  readonly multiValueQueryStringParameters?: Lists | null;
  readonly requestContext?: {
    readonly elb?: unknown;
    readonly http?: { readonly method?: unknown };
    readonly domainName?: string;
  } | null;
  readonly body?: unknown;
  readonly isBase64Encoded?: boolean;
}

/**
 * Reads an event of API Gateway (REST or HTTP API), a function URL or a load balancer.
 *
 * @throws {ConfigurationError} for any other event.
 */
export function httpEvent(event: unknown, where: string): HttpEvent {
  const parts = (isObject(event) ? event : {}) as EventParts;
  const form = formOf(parts);
  if (!form) {
    throw new ConfigurationError(
      `${where}: its first argument is ${kindOfData(event)} that is no HTTP request; expected the event of an API Gateway REST or HTTP API, a function URL or a load balancer. For messages, streams, schedules and WebSockets use @Idempotent`,
    );
  }
  const { requestContext, httpMethod, path, rawPath } = parts;
  const is2 = form === '2.0' || form === 'url';
  const request: GuardedRequest = {
    method: String(is2 ? requestContext?.http?.method : httpMethod).toUpperCase(),
    route: routeOf(parts),
    path: String(is2 ? rawPath : path),
    query: is2 ? (parts.rawQueryString ?? '') : queryOf(parts, form),
    header: (name) => headerLines(parts, name),
    body: (limitBytes) => bodyOf(parts, limitBytes),
  };
  return { form, request };
}

function formOf({
  requestContext,
  version,
  rawPath,
  httpMethod,
  path,
  resource,
  multiValueHeaders,
}: EventParts): EventForm | undefined {
  if (!isObject(requestContext)) return undefined;
  const { elb, http, domainName } = requestContext;
  if (version === '2.0') {
    if (typeof rawPath !== 'string' || typeof http?.method !== 'string') return undefined;
    return domainName?.includes('.lambda-url.') ? 'url' : '2.0';
  }
  if (typeof httpMethod !== 'string' || typeof path !== 'string') return undefined;
  if (isObject(elb)) return multiValueHeaders ? 'alb-lists' : 'alb';
  return typeof resource === 'string' ? '1.0' : undefined;
}

/** A route that takes whatever others leave is no pattern: each path is a route of its own. */
function routeOf({ resource, routeKey }: EventParts): string | undefined {
  const pattern = typeof resource === 'string' ? resource : routeKey?.split(' ')[1];
  return pattern === undefined || pattern.endsWith('+}') ? undefined : pattern;
}

/**
 * Returns the parameters as a query string, by their names in order. API Gateway decodes them, a load balancer does not: encoded again,
 * two queries that differ have two texts.
 */
function queryOf(
  { queryStringParameters, multiValueQueryStringParameters }: EventParts,
  form: EventForm,
): string {
  const encoded = form === '1.0' ? encodeURIComponent : String;
  return Object.entries(multiValueQueryStringParameters ?? queryStringParameters ?? {})
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .flatMap(([name, values]) => [values ?? []].flat().map((value) => `${encoded(name)}=${encoded(value)}`))
    .join('&');
}

function headerLines({ headers, multiValueHeaders }: EventParts, name: string): readonly string[] {
  return Object.entries(multiValueHeaders ?? headers ?? {})
    .filter(([line]) => line.toLowerCase() === name.toLowerCase())
    .flatMap(([, values]) => values ?? []);
}

function bodyOf({ body, isBase64Encoded }: EventParts, limitBytes: number): RequestBody {
  if (body === undefined || body === null || body === '') return { kind: 'none' };
  // A middleware before the guard has read it.
  if (typeof body !== 'string') return { kind: 'parsed', value: body };
  const encoding = isBase64Encoded === true ? 'base64' : 'utf8';
  if (Buffer.byteLength(body, encoding) > limitBytes) return { kind: 'too-large' };
  return { kind: 'bytes', bytes: Buffer.from(body, encoding) };
}
