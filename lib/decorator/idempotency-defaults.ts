import { ConfigurationError } from '../errors.js';
import type { ClassOptions } from '../options/options.js';
import { checkOptions } from '../settings/option-checks.js';
import { type Class, classesOf } from '../values/classes.js';
import { setDefaults } from './class-defaults.js';
import { declaredBy } from './declarations.js';
import type { DefaultsDecorator } from './decorator-types.js';

/**
 * Sets the defaults for the idempotent methods of a class and its subclasses. Each option is that of the nearest class of the
 * instance that has it. `name` replaces the class's part of its operations' names, and is not inherited.
 *
 * @throws {ConfigurationError} when the class is defined: for a wrong option, or on anything but a class.
 */
export function IdempotencyDefaults(options: ClassOptions): DefaultsDecorator {
  if (typeof options === 'function') {
    throw new ConfigurationError(
      '@IdempotencyDefaults is used without options; write @IdempotencyDefaults({ … })',
    );
  }
  return (...decorated: readonly unknown[]) => {
    const [target, context] = decorated;
    const { kind, metadata } = (context ?? {}) as Partial<ClassDecoratorContext>;
    const isClass = typeof target === 'function' && (decorated.length === 1 || kind === 'class');
    if (!isClass)
      throw new ConfigurationError(
        '@IdempotencyDefaults is not on a class; put it on a class with idempotent methods',
      );
    checkOptions(options, 'class', `@IdempotencyDefaults on ${target.name}`);
    setDefaults(target as unknown as Class, { ...options }, metadata);
  };
}

/** One idempotent method of a class. */
export interface OperationListing {
  /** The operation's name in keys, events and records. */
  readonly name: string;
  /** The method's name. A private one begins with `#`. */
  readonly method: string | symbol;
  readonly isStatic: boolean;
}

/**
 * Lists the idempotent methods that a class declares or inherits, those of the nearest class first. Needs no instance.
 *
 * @throws {ConfigurationError} if one of them has no usable name.
 */
export function idempotentOperations(target: Class): readonly OperationListing[] {
  return classesOf(target).flatMap((one) =>
    declaredBy(one).map(({ method, isStatic, operation }) => ({
      name: operation.facts.name(one),
      method,
      isStatic,
    })),
  );
}
