import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify';
import type { HttpGuard } from '../core/guard.js';
import type { GuardedRequest } from '../core/guarded-request.js';
import { isOwned } from '../node/own-methods.js';
import { HandlerCall } from './handler-call.js';
import { requestLines } from './header-lines.js';
import { exchangeOf, ReplyExchange } from './reply-exchange.js';
import { bodyOfRequest, keepBytes } from './request-body.js';

/** How a route is guarded. */
export interface Guarding {
  /** The registration of the plugin whose hooks see what is sent. */
  readonly owner: object;
  /** Whether a request needs a key, unless an option says so. */
  readonly isRequired: boolean;
}

/**
 * Puts a guard around a route's handler, where it comes after every hook that authenticates or validates, wherever that was registered.
 */
export function guardRoute(
  route: RouteOptions,
  guard: HttpGuard<FastifyRequest>,
  { owner, isRequired }: Guarding,
): void {
  const { handler, preParsing } = unguarded(route);
  const title = titleOf(route);
  const { url } = route;
  const guarded = function (this: FastifyInstance, request: FastifyRequest, reply: FastifyReply): unknown {
    const facts = factsOf(request, url);
    if (!guard.concerns(facts, isRequired)) return handler.call(this, request, reply);
    // Of a middleware, or of an outer context where a plugin has wrapped its handler since.
    if (exchangeOf(request) || isOwned(reply.raw)) {
      guard.tellOfAnother();
      return handler.call(this, request, reply);
    }
    const exchange = new ReplyExchange(owner, title, reply, guard.maxBody);
    const call = new HandlerCall(exchange, hasTimeLimit(route, this));
    guard
      .perform(facts, [request], () => call.run(() => handler.call(this, request, reply)))
      .then((answer) => exchange.settle(answer, (error) => call.fail(error)))
      .catch((error) => call.fail(error));
    return call.result;
  };
  route.handler = Object.assign(guarded, { [mark]: { handler, preParsing } }) as typeof handler;
  route.preParsing = [...[preParsing ?? []].flat(), keepBytes(guard, isRequired)];
}

// A name that all copies of this library know.
const mark = Symbol.for('retrysafe.fastify.guarded');

type Unguarded = Pick<RouteOptions, 'handler' | 'preParsing'>;

/** Returns what a route is without the guard of an outer context: the nearest registration is the one that counts. */
function unguarded(route: RouteOptions): Unguarded {
  return (route.handler as { [mark]?: Unguarded })[mark] ?? route;
}

function hasTimeLimit({ handlerTimeout }: RouteOptions, { initialConfig }: FastifyInstance): boolean {
  const { handlerTimeout: usual = 0 } = initialConfig as { readonly handlerTimeout?: number };
  return (handlerTimeout ?? usual) > 0;
}

function factsOf(request: FastifyRequest, route: string): GuardedRequest {
  const { url } = request;
  const at = url.indexOf('?');
  return {
    method: request.method,
    route,
    path: at === -1 ? url : url.slice(0, at),
    query: at === -1 ? '' : url.slice(at + 1),
    header: (name) => requestLines(request, name),
    body: () => bodyOfRequest(request),
  };
}

/** Returns what a route is called in messages. */
export function titleOf({ method, url }: RouteOptions): string {
  return `${[method].flat().join(', ')} ${url}`;
}
