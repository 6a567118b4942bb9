// biome-ignore-all lint/suspicious/noExplicitAny: any method's parameters and result, while none is known
import type { Method } from '../engine/driver/prepared-call.js';
import { Operation } from '../engine/operation.js';
import { ConfigurationError } from '../errors.js';
import type { IdempotentOptions } from '../options/options.js';
import { isObject } from '../options/reading.js';
import { registerName } from '../process/names/names.js';
import { checkOptions } from '../settings/option-checks.js';
import { type Class, homeOf } from '../values/classes.js';
import { defaultsFor } from './class-defaults.js';
import { checkMethodName, declareIn, noteClassName, operationName } from './declarations.js';
import { type DeclaredMethod, declaringClass } from './declaring-class.js';
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
  return (...decorated: readonly unknown[]) => {
    const [method, context] = decorated;
    return isObject(context) && 'kind' in context && 'addInitializer' in context
      ? decorateStandard(method, context as StandardContext, options)
      : decorateLegacy(decorated, options);
  };
}

/** The parts of a standard decorator's context that are used here. */
interface StandardContext {
  readonly kind: string;
  readonly name: string | symbol;
  readonly static: boolean;
  readonly metadata?: Record<PropertyKey, unknown>;
  addInitializer(initializer: (this: unknown) => void): void;
}

function decorateStandard(method: unknown, context: StandardContext, options: IdempotentOptions): Method {
  const { kind, name: methodName, static: isStatic, metadata } = context;
  const where = `@Idempotent on ${String(methodName)}`;
  if (kind !== 'method') throw notAMethod(where, kind);
  const declared = { methodName, isStatic, options, metadata };
  const { operation, declaring, wrapper } = declare(method as Method, declared, where);
  // A class has no name before it is defined, so its name is checked at its first instance. While static members are created, it
  // may have a name that the compiler replaces afterwards.
  context.addInitializer(function () {
    if (declaring.learn(this as object, wrapper) && !isStatic) operation.facts.name(this);
  });
  return wrapper;
}

function decorateLegacy(
  [target, name, descriptor]: readonly unknown[],
  options: IdempotentOptions,
): PropertyDescriptor {
  const kind = legacyKind(target, name, descriptor);
  const isStatic = typeof target === 'function';
  const owner = (isStatic ? target : (target as object | undefined)?.constructor) as Class;
  const where = `@Idempotent on ${owner?.name ?? ''}${name === undefined ? '' : `.${String(name)}`}`;
  if (kind !== 'method') throw notAMethod(where, kind);
  const property = descriptor as PropertyDescriptor;
  const methodName = name as string | symbol;
  const home = isStatic ? homeOf(owner) : (target as object);
  property.value = declare(property.value, { methodName, isStatic, options, owner, home }, where).wrapper;
  if (options.name === undefined) noteClassName(owner, methodName);
  return property;
}

/** Makes the operation of a method, and the function that users call in place of the method. */
function declare(method: Method, declared: DeclaredMethod, where: string) {
  const { methodName, isStatic, options, home = declared.metadata } = declared;
  check(method, methodName, options, where);
  const declaring = declaringClass(declared);
  let { name } = options;
  const operation = new Operation({
    name(self) {
      if (name !== undefined) return name;
      const owner = declaring.of(self);
      if (!owner) throw unknownClass(where);
      name = operationName(owner, methodName, method);
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
  return { operation, declaring, wrapper: wrap(operation) };
}

function legacyKind(target: unknown, name: unknown, descriptor: unknown): string {
  if (typeof descriptor === 'number') return name === undefined ? 'constructor parameter' : 'parameter';
  if (name === undefined) return typeof target === 'function' ? 'class' : 'value';
  if (!isObject(descriptor)) return 'field';
  const { get, set, value } = descriptor as PropertyDescriptor;
  if (get || set) return 'accessor';
  return typeof value === 'function' ? 'method' : 'field';
}

function check(method: Method, methodName: string | symbol, options: IdempotentOptions, where: string): void {
  checkOptions(options, 'method', where);
  if (options.name === undefined) checkMethodName(methodName, where);
  refuseGenerator(method, where);
}

function notAMethod(where: string, kind: string): ConfigurationError {
  return new ConfigurationError(
    `${where}: it is on ${/^a/.test(kind) ? 'an' : 'a'} ${kind}; put it on a method that returns a promise`,
  );
}

function unknownClass(where: string): ConfigurationError {
  return new ConfigurationError(
    `${where}: option "name" is undefined, and the class of the method is not known: it was called without an instance before any existed, or the compiler makes no decorator metadata (TypeScript before 5.2). Call it as (request) => service.placeHold(request), or set name: 'PreFundService.placeHold'`,
  );
}
