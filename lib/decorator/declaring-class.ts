import { ConfigurationError } from '../errors.js';
import type { IdempotentOptions } from '../options/options.js';
import { configuration } from '../settings/settings.js';
import { type Class, classesOf, homeOf, lineageOf, metadataOf } from '../values/classes.js';
import { isOfFamilyWithDefaults } from './class-defaults.js';

/** What a decorator knows about the method that it decorates. */
export interface DeclaredMethod {
  readonly methodName: string | symbol;
  readonly isStatic: boolean;
  readonly options: IdempotentOptions;
  /** Identifies the class in standard decorators, if the compiler makes it. */
  readonly metadata?: object | undefined;
  /** Known to legacy decorators only: the class, and its prototype (the class itself for a static method). */
  readonly owner?: Class;
  readonly home?: object;
}

/**
 * The class that declares a method. It tells whether a call has an instance of that class as its `this`. Standard decorators
 * find out the class when its first instance is created or, for a static method, when the class is defined.
 */
export class DeclaringClass {
  readonly #method: DeclaredMethod;
  readonly #homes = new Set<object>();
  #class: Class | undefined;

  constructor(method: DeclaredMethod) {
    this.#method = method;
    this.#class = method.owner;
    if (method.home) this.#homes.add(method.home);
  }

  /** Returns the class if it is known by now, or if it is a class of `self`. */
  of(self: unknown): Class | undefined {
    const { metadata } = this.#method;
    if (this.#class || !metadata) return this.#class;
    this.#class = classesOf(self).find((one) => metadataOf(one).includes(metadata));
    if (this.#class) this.#homes.add(homeOf(this.#class));
    return this.#class;
  }

  /**
   * Finds out the class from an instance or, for a static method, from the class while it is being defined.
   * Returns whether the class is known and completely defined.
   */
  learn(self: object, wrapper: unknown): boolean {
    if (this.of(self)) return true;
    const { isStatic, methodName } = this.#method;
    const declares = (one: Class) =>
      Object.getOwnPropertyDescriptor(homeOf(one), methodName)?.value === wrapper;
    this.#class = isStatic ? (self as Class) : classesOf(self).find(declares);
    // Other decorators may have replaced both the method and the class. Then the instance's prototype identifies the class.
    this.#homes.add(this.#class ? homeOf(this.#class) : Object.getPrototypeOf(self));
    return this.#class !== undefined && !isStatic;
  }

  /**
   * Refuses a call without an instance (without the class, if the method is static) if options depend on the instance.
   *
   * @throws {ConfigurationError}
   */
  requireInstance(self: unknown, where: () => string): void {
    if (this.#isInstance(self) || !this.#needsInstance()) return;
    const { methodName, isStatic } = this.#method;
    const name = String(typeof methodName === 'symbol' ? methodName.description : methodName);
    const owner = isStatic ? (this.#class?.name ?? 'Service') : name.startsWith('#') ? 'this' : 'service';
    const method = typeof methodName === 'symbol' ? `${owner}[${name}]` : `${owner}.${name}`;
    const argument = typeof methodName === 'symbol' ? name : `'${name}'`;
    throw new ConfigurationError(
      `${where()}: it was called without its ${isStatic ? 'class' : 'instance'}, so the options that depend on it are missing. Pass the method on as (request) => ${method}(request) or as ${method}.bind(${owner}); recordOf and keyOf take (${owner}, ${argument}, request)`,
    );
  }

  #isInstance(self: unknown): boolean {
    this.of(self);
    return lineageOf(self).some((one) =>
      this.#method.isStatic
        ? typeof one === 'function' && this.#homes.has(homeOf(one as unknown as Class))
        : this.#homes.has(one),
    );
  }

  #needsInstance(): boolean {
    const { metadata, options } = this.#method;
    const identities = metadata ? [...this.#homes, metadata] : [...this.#homes];
    return (
      identities.some(isOfFamilyWithDefaults) || usesInstance(options) || usesInstance(configuration.options)
    );
  }
}

/** Whether a function among these options uses the instance, as far as its source code shows. */
function usesInstance({ store, ...options }: IdempotentOptions): boolean {
  const hasInSource = (value: unknown, pattern: RegExp) =>
    typeof value === 'function' && pattern.test(Function.prototype.toString.call(value));
  // `store` gets the instance as an argument. The other functions get it as `this`.
  const storeUsesInstance =
    typeof store === 'function' && (store.length > 0 || hasInSource(store, /\bthis\b|\barguments\b|\.\.\./));
  return storeUsesInstance || Object.values(options).some((value) => hasInSource(value, /\bthis\b/));
}
