import type { Method } from '../engine/driver/prepared-call.js';
import { ConfigurationError } from '../errors.js';
import type { IdempotentOptions } from '../options/options.js';
import { isObject } from '../options/reading.js';
import { type Class, homeOf } from '../values/classes.js';
import type { DeclaredMethod, declaringClass } from './declaring-class.js';

/** What stands in place of a decorated method. */
export interface Replacement {
  readonly wrapper: Method;
  readonly declaring: ReturnType<typeof declaringClass>;
  /** Is told the first instance of the class, once the class is known. */
  readonly named?: (instance: object) => void;
}

/** A decorator for methods: its name in messages, the options, and what it puts in a method's place. */
export interface MethodDecoration {
  readonly title: string;
  readonly options: IdempotentOptions;
  replace(method: Method, declared: DeclaredMethod, where: string): Replacement;
}

/** The parts of a standard decorator's context that are used here. */
interface StandardContext {
  readonly kind: string;
  readonly name: string | symbol;
  readonly static: boolean;
  readonly metadata?: Record<PropertyKey, unknown>;
  addInitializer(initializer: (this: unknown) => void): void;
}

/**
 * Replaces the method that a decorator was called with, in either kind of decorators.
 *
 * @returns What the decorator returns: the method's replacement in standard decorators, otherwise its property.
 * @throws {ConfigurationError} if it is no method.
 */
export function decorateMethod(decorated: readonly unknown[], decoration: MethodDecoration): unknown {
  const [method, context] = decorated;
  return isObject(context) && 'kind' in context && 'addInitializer' in context
    ? decorateStandard(method, context as StandardContext, decoration)
    : decorateLegacy(decorated, decoration);
}

function decorateStandard(
  method: unknown,
  context: StandardContext,
  { title, options, replace }: MethodDecoration,
): Method {
  const { kind, name: methodName, static: isStatic, metadata } = context;
  const where = `${title} on ${String(methodName)}`;
  if (kind !== 'method') throw notAMethod(where, kind);
  const declared = { methodName, isStatic, options, metadata };
  const { declaring, wrapper, named } = replace(method as Method, declared, where);
  // A class has no name before it is defined, so its name is checked at its first instance. While static members are created, it
  // may have a name that the compiler replaces afterwards.
  context.addInitializer(function () {
    if (declaring.learn(this as object, wrapper) && !isStatic) named?.(this as object);
  });
  return wrapper;
}

function decorateLegacy(
  [target, name, descriptor]: readonly unknown[],
  { title, options, replace }: MethodDecoration,
): PropertyDescriptor {
  const kind = legacyKind(target, name, descriptor);
  const isStatic = typeof target === 'function';
  const owner = (isStatic ? target : (target as object | undefined)?.constructor) as Class;
  const where = `${title} on ${owner?.name ?? ''}${name === undefined ? '' : `.${String(name)}`}`;
  if (kind !== 'method') throw notAMethod(where, kind);
  const property = descriptor as PropertyDescriptor;
  const methodName = name as string | symbol;
  const home = isStatic ? homeOf(owner) : (target as object);
  property.value = replace(property.value, { methodName, isStatic, options, owner, home }, where).wrapper;
  return property;
}

function legacyKind(target: unknown, name: unknown, descriptor: unknown): string {
  if (typeof descriptor === 'number') return name === undefined ? 'constructor parameter' : 'parameter';
  if (name === undefined) return typeof target === 'function' ? 'class' : 'value';
  if (!isObject(descriptor)) return 'field';
  const { get, set, value } = descriptor as PropertyDescriptor;
  if (get || set) return 'accessor';
  return typeof value === 'function' ? 'method' : 'field';
}

function notAMethod(where: string, kind: string): ConfigurationError {
  return new ConfigurationError(
    `${where}: it is on ${/^a/.test(kind) ? 'an' : 'a'} ${kind}; put it on a method that returns a promise`,
  );
}
