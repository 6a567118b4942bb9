import { UseFilters, UseInterceptors } from '@nestjs/common';
import { ConfigurationError } from '../../errors.js';
import { kindOf } from '../../options/wrong-option.js';
import { checkHttpOptions } from '../core/option-checks.js';
import { metadataOf } from './metadata.js';
import { documentRoute } from './open-api.js';
import { ProblemFilter } from './problem-filter.js';
import { routeInterceptor, setInterceptor } from './route-interceptor.js';
import { decide, methodOf, tellingMethod, undecidedRoutes } from './route-methods.js';
import type { IdempotentRouteOptions } from './route-options.js';

/** GET, OPTIONS and HEAD, by the numbers that Nest has for them. They pass the guard. */
const safeMethods: readonly unknown[] = [0, 6, 7];

/**
 * Makes a route of a controller safe to retry: a request with a key reaches its method once, and equal requests get its response. It needs
 * `IdempotencyModule`. On a controller it is for all of its routes, with one guard; a method that has the decorator, too, has its own.
 *
 * Guards come before it, and pipes after it. Interceptors of the application and the controller come before one on a method. Of those on one
 * method, Nest calls that of the lowest decorator first: so the lowest place is the best one.
 *
 * @param options Each has precedence over that of the module. `false` leaves a method of such a controller alone.
 * @throws {ConfigurationError} when the class is defined: for a wrong option, or on anything but a method or a class.
 */
// biome-ignore lint/suspicious/noExplicitAny: the platform's request, with what guards have put on it
export function IdempotentRoute<Request = any>(
  options: IdempotentRouteOptions<Request> | false = {},
): ClassDecorator & MethodDecorator {
  if (options !== false) {
    if (typeof options === 'function') {
      throw new ConfigurationError('@IdempotentRoute is used without parentheses; write @IdempotentRoute()');
    }
    // Only the module has to have this one.
    checkHttpOptions(isOptions(options) ? { scope: 'public', ...options } : options, '@IdempotentRoute');
  }
  const decorator = (target: object, name?: PropertyKey, property?: PropertyDescriptor) => {
    if (name === undefined && typeof target === 'function' && options !== false)
      return onController(target, options);
    if (name === undefined || typeof property?.value !== 'function' || typeof target === 'function')
      throw misplaced(target, name);
    return onMethod(target, name as string, property, options);
  };
  return decorator as ClassDecorator & MethodDecorator;
}

function onMethod(
  prototype: object,
  name: string,
  property: PropertyDescriptor,
  options: IdempotentRouteOptions | false,
): PropertyDescriptor {
  if (options === false) {
    decide(property.value, false);
    return property;
  }
  property.value = tellingMethod(property.value);
  decide(property.value, true);
  const { value: method } = property;
  const document = documentRoute.bind(undefined, { prototype, name, method });
  UseInterceptors(routeInterceptor({ kind: 'method', options, document }))(prototype, name, property);
  UseFilters(new ProblemFilter())(prototype, name, property);
  return property;
}

function onController(controller: object, options: IdempotentRouteOptions): void {
  const { prototype } = controller as { prototype: object };
  const methods = undecidedRoutes({ prototype }).map((name) => {
    const method = tellingMethod(methodOf(prototype, name) as never);
    Object.defineProperty(prototype, name, { value: method, writable: true, configurable: true });
    return { prototype, name, method };
  });
  const changing = methods.filter(({ method }) => !safeMethods.includes(metadataOf('method', method)));
  const interceptor = routeInterceptor({
    kind: 'controller',
    options,
    document: (guard) => changing.forEach((one) => void documentRoute(one, guard)),
  });
  setInterceptor(interceptor, controller);
  UseInterceptors(interceptor)(controller as never);
  UseFilters(new ProblemFilter())(controller as never);
}

function isOptions(options: unknown): boolean {
  return typeof options === 'object' && options !== null && !Array.isArray(options);
}

function misplaced(target: unknown, name: unknown): ConfigurationError {
  if (typeof name === 'object') {
    return new ConfigurationError(
      '@IdempotentRoute: it was compiled as a standard decorator; NestJS needs `experimentalDecorators`',
    );
  }
  const ofClass =
    typeof target === 'function' ? `${target.name || 'a class'} with \`false\`` : kindOf(target);
  const place = name === undefined ? ofClass : `${String(name)}, which is no method of an instance`;
  return new ConfigurationError(
    `@IdempotentRoute: it is on ${place}; put it on a route, or with options on a controller`,
  );
}
