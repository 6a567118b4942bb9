import type { Context, Env, MiddlewareHandler } from 'hono';
import { HttpGuard } from '../core/guard.js';
import type { GuardedRequest } from '../core/guarded-request.js';
import type { HttpOptions } from '../core/http-options.js';
import { guardResponse } from '../fetch/guard-response.js';
import { outlive } from '../fetch/outlive.js';
import { factsOfRequest } from '../fetch/request-facts.js';
import { matchedRoute } from './matched-route.js';
import { readBody } from './read-body.js';

/** The requests that have a guard. */
const guarded = new WeakSet<Context>();

/**
 * Returns middleware for Hono 4 that makes the handlers after it safe to retry: a request with a key runs them once, and equal requests get
 * their response. It stands on a route, after authentication and validators: what answers before it is not recorded, what answers after it is.
 * Of several guards before a handler the first one guards.
 *
 * `app.use()` puts it on an application, or on all paths below one. Then a request without a key passes, unless `required` says otherwise.
 *
 * Hono itself ends a stream well where the callback of `stream`, `streamText` or `streamSSE` throws, so that is recorded as it is. A stream
 * that may break is a `ReadableStream` as the body.
 *
 * @throws {ConfigurationError} at once, for a wrong option.
 */
// biome-ignore lint/suspicious/noExplicitAny: as in Hono's own types, the context of any application
export function idempotency<E extends Env = any>(options: HttpOptions<Context<E>>): MiddlewareHandler<E> {
  const guard = new HttpGuard<Context<E>>(options, { where: 'idempotency', isRequired: true });
  return async function idempotency(c, next) {
    if (guarded.has(c)) {
      guard.tellOfAnother();
      return next();
    }
    const { pattern, isMounted } = matchedRoute(c.req);
    const { path } = c.req;
    const request: GuardedRequest = {
      ...factsOfRequest(c.req.raw, { path, ...(pattern !== undefined && { route: pattern }) }),
      body: (limitBytes) => readBody(c.req, limitBytes),
    };
    if (!guard.concerns(request, !isMounted)) return next();
    guarded.add(c);
    // What `c.res` would have, had it been asked for: that would lay these headers over those of a plain `Response`.
    const before = [...c.newResponse(null).headers];
    try {
      const response = await guardResponse({
        guard,
        request,
        // A Lambda context says when the invocation ends.
        args: [c, (c.env as { lambdaContext?: unknown } | undefined)?.lambdaContext],
        before,
        waitUntil: waiting(c),
        whyUnrecorded,
        handle: async () => {
          outlive(c.req.raw);
          await next();
          // An error that was thrown is a response already, by `app.onError`.
          return c.finalized ? c.res : (undefined as unknown as Response);
        },
      });
      replace(c, response);
    } catch (error) {
      if (c.finalized) replace(c, new Response(null, { headers: before }));
      throw error;
    }
  };
}

/** With this response a handler tells `@hono/node-server` that it has written its answer to the socket itself. */
function whyUnrecorded(response: Response | undefined): string | undefined {
  return response?.headers.has('x-hono-already-sent')
    ? 'its handler sent it past Hono, by `RESPONSE_ALREADY_SENT`'
    : undefined;
}

/** Hono lays the headers of the earlier response over those of a later one, unless there is none. */
function replace(c: Context, response: Response): void {
  c.res = undefined;
  c.res = response;
}

/** What keeps the process alive for work that goes on without its client, where the platform has that. A server of Node.js has not. */
function waiting(c: Context): ((work: Promise<unknown>) => void) | undefined {
  // To ask where there is none costs an error with its stack.
  if ((c.env as { incoming?: unknown } | undefined)?.incoming) return undefined;
  try {
    const context = c.executionCtx;
    return (work) => context.waitUntil(work);
  } catch {
    return undefined;
  }
}
