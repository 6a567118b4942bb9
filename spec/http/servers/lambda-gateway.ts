import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { fixture } from '../../support/fixture.js';
import { type InvocationContext, invocation } from '../../support/invocation.js';
import type { TestServer } from '../suite/test-application.js';

/** What stands before a Lambda function. `alb-lists` is a load balancer whose target group has multi-value headers. */
export type Gateway = 'rest' | 'http' | 'url' | 'alb' | 'alb-lists';

// biome-ignore lint/suspicious/noExplicitAny: events and results of every form
export type Any = any;

export type LambdaHandler = (event: Any, context: InvocationContext) => Promise<unknown>;

/** What a gateway knows of its routes: a method, and a pattern such as `/accounts/{id}/payments`. */
export type Route = readonly [method: string, pattern: string];

const fixtures = {
  rest: 'api-gateway-rest',
  http: 'api-gateway-http',
  url: 'function-url',
  alb: 'alb',
} as const;

/** Finds out who the caller is that has such a token. */
export type Authorizer = (token: string) => string | undefined;

/** A server that calls a Lambda function, by events and results that went through JSON as those of Lambda do. */
export function lambdaGateway(
  gateway: Gateway,
  routes: readonly Route[],
  handler: LambdaHandler,
  authorizer: Authorizer = (token) => token,
): Server {
  return createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://host');
    const [, token] = /^Bearer (.+)$/.exec(request.headers.authorization ?? '') ?? [];
    const caller = token === undefined ? undefined : authorizer(token);
    // What an authorizer does, or the load balancer's authentication.
    if (caller === undefined && !pathname.startsWith('/open') && request.method === 'POST')
      return void response.writeHead(401).end('who?');
    const event = await eventOf(gateway, routes, request);
    if (caller !== undefined) authorize(gateway, event, caller);
    try {
      const result = await handler(throughJson(event), invocation(30_000));
      send(gateway, result === undefined ? null : throughJson(result), response);
    } catch {
      response
        .writeHead(502, { 'content-type': 'application/json' })
        .end('{"message":"Internal server error"}');
    }
  });
}

/** Starts such a server. */
export async function serveLambda(...parts: Parameters<typeof lambdaGateway>): Promise<TestServer> {
  const server = lambdaGateway(...parts);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

function throughJson(value: unknown): Any {
  return JSON.parse(JSON.stringify(value));
}

async function eventOf(gateway: Gateway, routes: readonly Route[], request: IncomingMessage): Promise<Any> {
  const { pathname, search } = new URL(request.url ?? '/', 'http://host');
  const method = request.method as string;
  const event = fixture<Any>(`request/events/${fixtures[gateway === 'alb-lists' ? 'alb' : gateway]}.json`);
  const bytes = await buffer(request);
  const isText = /^(text\/|application\/(.*\+)?json)/.test(request.headers['content-type'] ?? 'text/');
  event.body =
    bytes.length === 0 ? (gateway.startsWith('alb') ? '' : null) : bytes.toString(isText ? 'utf8' : 'base64');
  event.isBase64Encoded = !isText;
  const route = routes.find(([, pattern]) => regExpOf(pattern).test(pathname))?.[1];
  const lists = headerLists(request);
  const names = Object.keys(lists);
  if (gateway === 'http' || gateway === 'url') {
    const routeKey = gateway === 'url' || !route ? '$default' : `${method} ${route}`;
    Object.assign(event, { routeKey, rawPath: pathname, rawQueryString: search.slice(1) });
    event.headers = Object.fromEntries(names.map((name) => [name, lists[name]?.join(',')]));
    Object.assign(event.requestContext.http, { method, path: pathname });
    event.requestContext.requestId = randomUUID();
    return event;
  }
  const { singles, all } = queryOf(search, gateway);
  Object.assign(event, { httpMethod: method, path: pathname });
  if (gateway === 'rest') event.resource = route ?? '/{proxy+}';
  delete event.headers;
  delete event.multiValueHeaders;
  if (gateway !== 'alb-lists') {
    event.headers = Object.fromEntries(names.map((name) => [name, lists[name]?.at(-1)]));
    event.queryStringParameters = singles;
  }
  if (gateway !== 'alb') {
    event.multiValueHeaders = lists;
    event.multiValueQueryStringParameters = all;
  }
  return event;
}

export function regExpOf(pattern: string): RegExp {
  return new RegExp(`^${pattern.replace(/\{\w+\}/g, '([^/]+)')}$`);
}

function headerLists({ rawHeaders }: IncomingMessage): Record<string, string[]> {
  const lists: Record<string, string[]> = {};
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] as string).toLowerCase();
    // biome-ignore lint/suspicious/noAssignInExpressions: a list for each name
    (lists[name] ??= []).push(rawHeaders[index + 1] as string);
  }
  return lists;
}

/** The parameters of a query: decoded by API Gateway, and as they are by a load balancer. */
function queryOf(search: string, gateway: Gateway) {
  const decode =
    gateway === 'rest' ? (text: string) => decodeURIComponent(text.replaceAll('+', ' ')) : String;
  const all: Record<string, string[]> = {};
  for (const part of search.slice(1).split('&').filter(Boolean)) {
    const [name = '', value = ''] = part.split('=').map(decode);
    // biome-ignore lint/suspicious/noAssignInExpressions: a list for each name
    (all[name] ??= []).push(value);
  }
  const singles = Object.fromEntries(Object.entries(all).map(([name, values]) => [name, values.at(-1)]));
  return { singles, all };
}

function authorize(gateway: Gateway, event: Any, caller: string): void {
  if (gateway === 'http')
    event.requestContext.authorizer = { jwt: { claims: { sub: caller }, scopes: null } };
  if (gateway === 'rest') event.requestContext.authorizer = { principalId: caller };
  if (gateway === 'url') event.requestContext.authorizer = { iam: { callerId: caller } };
  if (gateway === 'alb') event.headers['x-amzn-oidc-identity'] = caller;
  if (gateway === 'alb-lists') event.multiValueHeaders['x-amzn-oidc-identity'] = [caller];
}

/** Sends a function's result, as far as the gateway takes it in this form. */
function send(gateway: Gateway, result: Any, response: ServerResponse): void {
  const is2 = gateway === 'http' || gateway === 'url';
  if (is2 && result?.statusCode === undefined) {
    const body = gateway === 'http' && typeof result === 'string' ? result : JSON.stringify(result);
    return void response.writeHead(200, { 'content-type': 'application/json' }).end(body);
  }
  const { statusCode, headers, multiValueHeaders, cookies, body, isBase64Encoded } = result;
  const lines: [string, string][] = [];
  if (gateway !== 'alb-lists') lines.push(...(Object.entries(headers ?? {}) as [string, string][]));
  if (!is2 && gateway !== 'alb')
    for (const [name, values] of Object.entries(multiValueHeaders ?? {}))
      for (const value of values as string[]) lines.push([name, value]);
  for (const cookie of is2 ? (cookies ?? []) : []) lines.push(['set-cookie', cookie]);
  for (const name of new Set(lines.map(([line]) => line))) {
    if (name.toLowerCase() === 'connection') continue;
    response.setHeader(
      name,
      lines.filter(([line]) => line === name).map(([, value]) => String(value)),
    );
  }
  response.statusCode = Number(statusCode);
  response.end(Buffer.from(body ?? '', isBase64Encoded ? 'base64' : 'utf8'));
}
