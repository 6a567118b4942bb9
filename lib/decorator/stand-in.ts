import { copyMarks } from './marks.js';

type AnyFunction = (...args: never[]) => unknown;

// Properties that every function has itself. The last two exist in sloppy mode only, and cannot be read.
const ownOfEach = new Set<PropertyKey>(['length', 'name', 'prototype', 'arguments', 'caller']);

/**
 * Makes `wrapper` look like `method` to other code: it gets the method's name and length, its own properties, and the metadata
 * that other decorators set on it.
 */
export function standIn(wrapper: AnyFunction, method: AnyFunction): void {
  // Polyfills read metadata along the prototype chain. So each finds it: also one that cannot list metadata to be copied, that
  // defines no global, or that is loaded later.
  Object.setPrototypeOf(wrapper, method);
  for (const property of ['name', 'length'] as const) {
    Object.defineProperty(wrapper, property, { value: method[property], configurable: true });
  }
  for (const key of Reflect.ownKeys(method)) {
    if (!ownOfEach.has(key) && !Object.hasOwn(wrapper, key)) share(key, wrapper, method);
  }
  copyMarks(method, wrapper);
}

/** Defines the property on `wrapper` by accessors, so that an assignment to either function changes both. */
function share(key: PropertyKey, wrapper: AnyFunction, method: AnyFunction): void {
  const own = Object.getOwnPropertyDescriptor(method, key) as PropertyDescriptor;
  const shared: PropertyDescriptor = {
    enumerable: own.enumerable === true,
    configurable: own.configurable === true,
    get: () => Reflect.get(method, key),
  };
  if (own.writable || own.set) {
    const set = (value: unknown) => void Reflect.set(method, key, value);
    shared.set = set;
  }
  Object.defineProperty(wrapper, key, shared);
}
