import { type Method, Operation } from '../engine/operation.js';
import { ConfigurationError } from '../errors.js';
import { noteBorrowedName } from '../process/names/kept-names.js';
import { checkBorrowedName, describeNameFault, registerName } from '../process/names/names.js';
import { checkOptions } from '../settings/option-checks.js';
import type { AsyncFunction, FunctionOptions } from './decorator-types.js';
import { standIn } from './stand-in.js';

const operationKey = Symbol.for('retrysafe.operation');

/**
 * The function made safe to retry: equal calls run it once, and all get its outcome.
 * It keeps its type, name, length and own properties, and passes `this` on.
 *
 * @throws {ConfigurationError} at once for a wrong option, or where the function has no telling name and
 * there is no option `name`.
 */
export function makeIdempotent<
  F extends AsyncFunction,
  K extends string = string,
  S extends string = string,
  P extends string = string,
>(fn: F, options: FunctionOptions<F, K, S, P> = {}): F {
  if (typeof fn !== 'function') {
    throw new ConfigurationError(
      `makeIdempotent: its first argument is a ${typeof fn}; right would be a function that returns a promise`,
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

// What is wrong as a name, or as options, may be anything, a secret too.
function ownName(options: unknown): string | undefined {
  if (typeof options !== 'object' || options === null || !Object.hasOwn(options, 'name')) return undefined;
  const { name } = options as { readonly name?: unknown };
  return describeNameFault(name) === undefined ? (name as string) : undefined;
}

/** @throws {ConfigurationError} where the method returns an iterator, which cannot be an outcome. */
export function refuseGenerator(method: Method, where: string): void {
  if (!/Generator/.test(method.constructor.name)) return;
  throw new ConfigurationError(
    `${where}: it is a generator, whose steps cannot be an outcome; right would be a method that returns a promise`,
  );
}

/** The function that users call in place of the method. */
export function wrap(operation: Operation): Method {
  const { method } = operation.facts;
  // Written as a method, since a method has no prototype for instances either.
  const { wrapper } = {
    wrapper(...args: unknown[]) {
      return operation.perform(this, args);
    },
  };
  Object.defineProperty(wrapper, operationKey, { value: operation });
  standIn(wrapper, method);
  return wrapper;
}

/** The operation behind a function that `wrap` made. */
export function operationBehind(fn: unknown): Operation | undefined {
  return typeof fn === 'function' ? (fn as { [operationKey]?: Operation })[operationKey] : undefined;
}
