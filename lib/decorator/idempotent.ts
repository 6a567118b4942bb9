// biome-ignore-all lint/suspicious/noExplicitAny: any method's parameters and result, while none is known
import type { Method } from '../engine/driver/prepared-call.js';
import { Operation } from '../engine/operation.js';
import { ConfigurationError } from '../errors.js';
import type { IdempotentOptions } from '../options/options.js';
import { registerName } from '../process/names/names.js';
import { checkOptions } from '../settings/option-checks.js';
import { defaultsFor } from './class-defaults.js';
import { checkMethodName, declareIn, noteClassName, operationName } from './declarations.js';
import { type DeclaredMethod, declaringClass } from './declaring-class.js';
import { decorateMethod, type Replacement } from './decorated-method.js';
import type { IdempotentDecorator, OptionsFor } from './decorator-types.js';
import { refuseGenerator, wrap } from './make-idempotent.js';

/**
 * Makes a method safe to retry: one of several equal calls runs the method, and all of them get its outcome.
 * Works as a standard decorator and with `experimentalDecorators`.
 *
 * @example
 * class PreFundService {
 *   \@Idempotent({ key: 'transactionId', ttl: 300 })
 *   async placeHold(request: PreFundRequest): Promise<Hold> { … }
 * }
 *
 * @throws {ConfigurationError} when the class is defined: for a wrong option, or on anything but a method.
 */
export function Idempotent<
  T,
  C,
  D,
  A extends readonly any[] = any[],
  R = any,
  K extends string = string,
  S extends string = string,
  P extends string = string,
>(options?: OptionsFor<T, C, A, R, K, S, P>): IdempotentDecorator<T, C, D, A, R>;
export function Idempotent(...args: readonly unknown[]): unknown {
  if (args.length > 1 || typeof args[0] === 'function') {
    throw new ConfigurationError(
      '@Idempotent is used without parentheses; write @Idempotent() or @Idempotent({ … })',
    );
  }
  const options = (args[0] ?? {}) as IdempotentOptions;
  return (...decorated: readonly unknown[]) =>
    decorateMethod(decorated, { title: '@Idempotent', options, replace: declare });
}

/** Makes the operation of a method, and the function that users call in place of the method. */
function declare(method: Method, declared: DeclaredMethod, where: string): Replacement {
  const { methodName, isStatic, options, owner, home = declared.metadata } = declared;
  check(method, methodName, options, where);
  const declaring = declaringClass(declared);
  let { name } = options;
  const operation = new Operation({
    name(self) {
      if (name !== undefined) return name;
      const declarer = declaring.of(self);
      if (!declarer) throw unknownClass(where);
      name = operationName(declarer, methodName, method);
      return name;
    },
    method,
    options: { ...options },
    classOptions(self) {
      declaring.requireInstance(self, () =>
        name !== undefined || declaring.of(undefined) ? operation.facts.name(undefined) : where,
      );
      return defaultsFor(self);
    },
  });
  if (name !== undefined) registerName(name, method);
  if (home) declareIn(home, { method: methodName, isStatic, operation });
  if (owner && options.name === undefined) noteClassName(owner, methodName);
  return { declaring, wrapper: wrap(operation), named: operation.facts.name };
}

function check(method: Method, methodName: string | symbol, options: IdempotentOptions, where: string): void {
  checkOptions(options, 'method', where);
  if (options.name === undefined) checkMethodName(methodName, where);
  refuseGenerator(method, where);
}

function unknownClass(where: string): ConfigurationError {
  return new ConfigurationError(
    `${where}: option "name" is undefined, and the class of the method is not known: it was called without an instance before any existed, or the compiler makes no decorator metadata (TypeScript before 5.2). Call it as (request) => service.placeHold(request), or set name: 'PreFundService.placeHold'`,
  );
}
