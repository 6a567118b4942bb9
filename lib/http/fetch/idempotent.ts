import { ConfigurationError } from '../../errors.js';
import { kindOf, wrongOption } from '../../options/wrong-option.js';
import { HttpGuard } from '../core/guard.js';
import type { HttpOptions } from '../core/http-options.js';
import { guardResponse } from './guard-response.js';
import { outlive } from './outlive.js';
import { factsOfRequest } from './request-facts.js';

/** Options of `idempotent`. */
export interface FetchOptions<R extends Request = Request> extends HttpOptions<R> {
  /**
   * The pattern of the handler's route, such as `/payments/[id]`, which belongs to every key. Default: the path of each request, since
   * a fetch-style handler does not know its pattern.
   */
  readonly route?: string;
}

/**
 * Makes a fetch-style handler safe to retry: a request with a key runs it once, and equal requests get its response. Works in Next.js route
 * handlers, SvelteKit, Bun, Deno, and wherever a handler gets a `Request` and returns a `Response`.
 *
 * @throws {ConfigurationError} at once, for a wrong option.
 */
export function idempotent<R extends Request, Rest extends readonly unknown[]>(
  handler: (request: R, ...rest: Rest) => Response | Promise<Response>,
  options: FetchOptions<R>,
): (request: R, ...rest: Rest) => Promise<Response> {
  const { route, ...more } = (options ?? {}) as FetchOptions<R>;
  if (typeof handler !== 'function') {
    throw new ConfigurationError(
      `idempotent: its first argument is ${kindOf(handler)}; expected the function that handles a request`,
    );
  }
  if (route !== undefined && (typeof route !== 'string' || route === ''))
    throw wrongOption('idempotent', 'route', route, "the pattern of a route, such as '/payments/[id]'");
  const guard = new HttpGuard<R>(more, { where: 'idempotent', isRequired: true });
  return async (request, ...rest) => {
    const facts = factsOfRequest(request, route === undefined ? {} : { route });
    if (!guard.concerns(facts)) return handler(request, ...rest);
    return guardResponse({
      guard,
      request: facts,
      args: [request, ...rest],
      handle: () => handler(outlive(request), ...rest),
    });
  };
}
