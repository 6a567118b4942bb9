// biome-ignore-all lint/suspicious/noExplicitAny: any method's parameters and result, while none is known

import { type DeclaredMethod, declaringClass } from '../../decorator/declaring-class.js';
import { decorateMethod, type Replacement } from '../../decorator/decorated-method.js';
import { refuseGenerator } from '../../decorator/make-idempotent.js';
import { standIn } from '../../decorator/stand-in.js';
import type { Method } from '../../engine/driver/prepared-call.js';
import { ConfigurationError } from '../../errors.js';
import type { IdempotentOptions } from '../../options/options.js';
import { HttpGuard } from '../core/guard.js';
import type { HttpOptions } from '../core/http-options.js';
import type { EndpointDecorator, EndpointOptions, EndpointOptionsFor } from './endpoint-types.js';
import { guardEvent } from './guard-event.js';

/**
 * Makes a method that handles HTTP requests safe to retry: a request with a key runs it once, and equal requests get its result. The
 * method gets the event of an API Gateway REST or HTTP API, a function URL or a load balancer, and the Lambda context, which says when the
 * invocation ends. Works as a standard decorator and with `experimentalDecorators`.
 *
 * @example
 * class PaymentsApi {
 *   \@IdempotentEndpoint({ store, scope: (event) => event.requestContext.authorizer.jwt.claims.sub })
 *   async handle(event: APIGatewayProxyEventV2WithJWTAuthorizer, context: Context) { … }
 * }
 *
 * @throws {ConfigurationError} when the class is defined: for a wrong option, or on anything but a method. When it is called: for
 * an event that is no HTTP request.
 */
export function IdempotentEndpoint<T, C, D, A extends readonly any[] = any[], R = any>(
  options: EndpointOptionsFor<T, C, A>,
): EndpointDecorator<T, C, D, A, R>;
export function IdempotentEndpoint(...args: readonly unknown[]): unknown {
  if (args.length > 1 || typeof args[0] === 'function') {
    throw new ConfigurationError(
      '@IdempotentEndpoint is used without parentheses; write @IdempotentEndpoint({ store, scope: … })',
    );
  }
  const options = args[0] as EndpointOptions;
  const replace = (method: Method, declared: DeclaredMethod, where: string): Replacement => {
    const guard = guardOf(method, options, where);
    const declaring = declaringClass(declared);
    return {
      declaring,
      wrapper: endpoint(guard, method, (self) => declaring.requireInstance(self, () => where)),
    };
  };
  return (...decorated: readonly unknown[]) =>
    decorateMethod(decorated, {
      title: '@IdempotentEndpoint',
      options: (options ?? {}) as IdempotentOptions,
      replace,
    });
}

/**
 * Makes a function that handles HTTP requests safe to retry, as `IdempotentEndpoint` does with a method. The returned function has the
 * type, name, length and own properties of `handler`, and passes `this` on.
 *
 * @throws {ConfigurationError} at once, for a wrong option.
 */
export function idempotentEndpoint<F extends (this: any, event: any, ...rest: any[]) => Promise<any>>(
  handler: F,
  options: EndpointOptions<Parameters<F>[0], ThisParameterType<F>>,
): F {
  if (typeof handler !== 'function') {
    throw new ConfigurationError(
      `idempotentEndpoint: its first argument is a ${typeof handler}; expected the function that handles requests`,
    );
  }
  return endpoint(guardOf(handler, options, 'idempotentEndpoint'), handler) as F;
}

function guardOf(method: Method, options: EndpointOptions, where: string): HttpGuard<unknown> {
  refuseGenerator(method, where);
  return new HttpGuard<unknown>(options as HttpOptions<unknown>, { where, isRequired: true });
}

function endpoint(guard: HttpGuard<unknown>, method: Method, check = (_self: unknown) => {}): Method {
  // Like a method, and unlike a function expression, this has no property `prototype`.
  const { wrapper } = {
    async wrapper(this: unknown, ...args: unknown[]) {
      check(this);
      return guardEvent(guard, { method, self: this, args });
    },
  };
  standIn(wrapper, method);
  return wrapper;
}
