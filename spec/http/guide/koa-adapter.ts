import type { IncomingMessage, ServerResponse } from 'node:http';
import { HttpGuard, type HttpOptions } from 'retrysafe/http';
import { guardNodeResponse, nodeRequest } from 'retrysafe/http/node';

/** What the adapter uses of Koa's context. */
interface KoaContext {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly request: { readonly body?: unknown };
  /** Whether Koa writes the response. */
  respond?: boolean;
}

/**
 * Middleware of Koa that makes what comes after it safe to retry. A parser may stand before it; its body is `ctx.request.body`.
 *
 * @throws {ConfigurationError} at once, for a wrong option.
 */
export function idempotency<Context extends KoaContext>(options: HttpOptions<Context>) {
  const guard = new HttpGuard<Context>(options, { where: 'idempotency', isRequired: true });
  return async (ctx: Context, next: () => Promise<unknown>): Promise<void> => {
    const { req, res } = ctx;
    const request = nodeRequest(req, { parsed: () => ctx.request });
    if (!guard.concerns(request)) return void (await next());
    await new Promise<void>((resolve, fail) => {
      // Koa writes the response once its middleware has ended, and errors are for Koa to answer.
      const handle = () => next().then(() => resolve(), fail);
      guardNodeResponse({ guard, request, args: [ctx], req, res, handle, fail }).then((from) => {
        if (from === 'record' || from === 'guard') ctx.respond = false;
        resolve();
      });
    });
  };
}
