import type { Method } from '../engine/driver/prepared-call.js';
import { Operation } from '../engine/operation.js';
import { ConfigurationError } from '../errors.js';
import { isObject } from '../options/reading.js';
import { noteBorrowedName } from '../process/names/build-names.js';
import { checkBorrowedName, describeNameFault, registerName } from '../process/names/names.js';
import { checkOptions } from '../settings/option-checks.js';
import type { AsyncFunction, FunctionOptions } from './decorator-types.js';
import { standIn } from './stand-in.js';

const operationKey = Symbol.for('retrysafe.operation');

/**
 * Makes a function safe to retry: equal calls run it once, and all of them get its outcome. The returned function has the
 * type, name, length and own properties of `fn`, and passes `this` on.
 *
 * @throws {ConfigurationError} at once: for a wrong option, or if `fn` has no usable name and `name` is not set.
 */
export function makeIdempotent<
  F extends AsyncFunction,
  K extends string = string,
  S extends string = string,
  P extends string = string,
>(fn: F, options: FunctionOptions<F, K, S, P> = {}): F {
  if (typeof fn !== 'function') {
    throw new ConfigurationError(
      `makeIdempotent: its first argument is a ${typeof fn}; expected a function that returns a promise`,
    );
  }
  const where = `makeIdempotent(${fn.name || ownName(options) || 'anonymous'})`;
  checkOptions(options, 'method', where);
  refuseGenerator(fn, where);
  const { name = fn.name } = options;
  if (options.name === undefined) {
    checkBorrowedName(name, 'function', where);
    noteBorrowedName('function', () => name);
  }
  registerName(name, fn);
  return wrap(
    new Operation({ name: () => name, method: fn, options: { ...options }, classOptions: () => ({}) }),
  ) as F;
}

// Wrong options or a wrong name may be a secret. So only a valid name is repeated.
function ownName(options: unknown): string | undefined {
  if (!isObject(options) || !Object.hasOwn(options, 'name')) return undefined;
  const { name } = options as { readonly name?: unknown };
  return describeNameFault(name) === undefined ? (name as string) : undefined;
}

/** @throws {ConfigurationError} if the method is a generator: an iterator cannot be an outcome. */
export function refuseGenerator(method: Method, where: string): void {
  if (!/Generator/.test(method.constructor.name)) return;
  throw new ConfigurationError(
    `${where}: it is a generator, and an iterator cannot be an outcome; expected a method that returns a promise`,
  );
}

/** Returns the function that users call in place of the method. */
export function wrap(operation: Operation): Method {
  const { method } = operation.facts;
  // Like a method, and unlike a function expression, this has no property `prototype`.
  const { wrapper } = {
    wrapper(...args: unknown[]) {
      return operation.perform(this, args);
    },
  };
  Object.defineProperty(wrapper, operationKey, { value: operation });
  standIn(wrapper, method);
  return wrapper;
}

/** Returns the operation of a function that `wrap` returned. */
export function operationBehind(fn: unknown): Operation | undefined {
  return typeof fn === 'function' ? (fn as { [operationKey]?: Operation })[operationKey] : undefined;
}
