import { ConfigurationError } from '../errors.js';
import type { IdempotentOptions } from '../options/options.js';
import { configuration } from '../settings/settings.js';
import { type Class, classesOf, homeOf, lineageOf, metadataOf } from '../values/classes.js';
import { isOfFamilyWithDefaults } from './class-defaults.js';

/** What a decorator is told about the method that it decorates. */
export interface DeclaredMethod {
  readonly methodName: string | symbol;
  readonly isStatic: boolean;
  readonly options: IdempotentOptions;
  /** What standard decorators know the class by, where the compiler makes it. */
  readonly metadata?: object | undefined;
  /** What legacy decorators know: the class, and the prototype that the method is of. */
  readonly owner?: Class;
  readonly home?: object;
}

/**
 * The class that declares a method, to tell its instances from anything else that the method is called on. Standard
 * decorators learn of it when a first instance is made, or when the class of a static method is defined.
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

  /** The class, where it was learnt or is one of those of `self`. */
  of(self: unknown): Class | undefined {
    const { metadata } = this.#method;
    if (this.#class || !metadata) return this.#class;
    this.#class = classesOf(self).find((one) => metadataOf(one).includes(metadata));
    if (this.#class) this.#homes.add(homeOf(this.#class));
    return this.#class;
  }

  /**
   * Learns the class from an instance of it, or, where the method is static, from the class as far as it is defined.
   * Returns whether that class is known and whole.
   */
  learn(self: object, wrapper: unknown): boolean {
    if (this.of(self)) return true;
    const { isStatic, methodName } = this.#method;
    const declares = (one: Class) =>
      Object.getOwnPropertyDescriptor(homeOf(one), methodName)?.value === wrapper;
    this.#class = isStatic ? (self as Class) : classesOf(self).find(declares);
    // Another decorator may have replaced the method and yet another the class: what is left is what this instance is.
    this.#homes.add(this.#class ? homeOf(this.#class) : Object.getPrototypeOf(self));
    return this.#class !== undefined && !isStatic;
  }

  /**
   * Refuses a call on anything but an instance (the class, where the method is static) where options would be lost by it.
   *
   * @throws {ConfigurationError}
   */
  requireInstance(self: unknown, where: () => string): void {
    if (this.#isInstance(self) || !this.#needsInstance()) return;
    const { methodName, isStatic } = this.#method;
    const name = String(typeof methodName === 'symbol' ? methodName.description : methodName);
    const owner = isStatic ? (this.#class?.name ?? 'Service') : name.startsWith('#') ? 'this' : 'service';
    const method = typeof methodName === 'symbol' ? `${owner}[${name}]` : `${owner}.${name}`;
    throw new ConfigurationError(
      `${where()}: it was called without its ${isStatic ? 'class' : 'instance'}, and so without the options that come from there. Hand the method on as (request) => ${method}(request), or as ${method}.bind(${owner}); recordOf and keyOf take (${owner}, ${typeof methodName === 'symbol' ? name : `'${name}'`}, request)`,
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
    const known = metadata ? [...this.#homes, metadata] : [...this.#homes];
    return known.some(isOfFamilyWithDefaults) || asksInstance(options) || asksInstance(configuration.options);
  }
}

/** Whether one of the functions among these options asks the instance, as far as its text shows. */
function asksInstance({ store, ...options }: IdempotentOptions): boolean {
  const shows = (text: RegExp, value: unknown) =>
    typeof value === 'function' && text.test(Function.prototype.toString.call(value));
  // A store's function is given the instance; the others have it as their `this`.
  if (typeof store === 'function' && (store.length > 0 || shows(/\bthis\b|\barguments\b|\.\.\./, store)))
    return true;
  return Object.values(options).some((value) => shows(/\bthis\b/, value));
}
