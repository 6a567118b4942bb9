import type { NextFunction, Request, Response } from 'express';
import { HttpGuard } from '../core/guard.js';
import type { HttpOptions } from '../core/http-options.js';
import { guardNodeResponse } from '../node/guard-node-response.js';
import { nodeRequest, type ParsedBody } from '../node/node-request.js';
import { isOwned } from '../node/own-methods.js';
import { isMounted, routePattern } from './route-pattern.js';

/** Middleware of Express. It is generic, so that handlers after it keep the types of their own parameters. */
export type IdempotencyMiddleware = <P, ResBody, ReqBody, ReqQuery, Locals extends Record<string, unknown>>(
  req: Request<P, ResBody, ReqBody, ReqQuery, Locals>,
  res: Response<ResBody, Locals>,
  next: NextFunction,
) => void;

/**
 * Returns middleware for Express 4 and 5 that makes what comes after it safe to retry: a request with a key reaches the handler once, and equal
 * requests get its response. It stands on a route, after authentication; parsers may stand before or after it.
 *
 * `app.use()` puts it on a whole application or router. Then a request without a key passes, unless `required` says otherwise, and a key
 * belongs to the path of its request, since the route is not known yet.
 *
 * In Express 4 the error of an `async` handler reaches nobody: catch it and call `next(error)`. Otherwise its key is held for `renewFor`.
 *
 * @throws {ConfigurationError} at once, for a wrong option.
 */
export function idempotency(options: HttpOptions<Request>): IdempotencyMiddleware {
  const guard = new HttpGuard<Request>(options, { where: 'idempotency', isRequired: true });
  /** Whether the middleware stands on a route that is not in its own list: something wraps it. */
  const wrapped = new WeakMap<object, boolean>();

  const isOn = ({ route, app }: Request): boolean => {
    if (!route) return false;
    if (route.stack.some(({ handle }: { readonly handle: unknown }) => handle === middleware)) return true;
    // A route that has called `next()` is still known when an application's middleware runs.
    const isWrapped = wrapped.get(route) ?? !isMounted(middleware, app);
    wrapped.set(route, isWrapped);
    return isWrapped;
  };

  function middleware(req: Request, res: Response, next: NextFunction): void {
    // Another guard has the request, and holds what there is to hold.
    if (isOwned(res)) {
      guard.tellOfAnother();
      return next();
    }
    const isOnRoute = isOn(req);
    const request = nodeRequest(req, {
      route: isOnRoute ? routePattern(req) : undefined,
      url: req.originalUrl,
      parsed: () => req as ParsedBody,
    });
    if (!guard.concerns(request, isOnRoute)) return next();
    guardNodeResponse({ guard, request, args: [req], req, res, handle: () => next(), fail: next });
  }
  return middleware as unknown as IdempotencyMiddleware;
}
