import { copyMarks } from './marks.js';

type AnyFunction = (...args: never[]) => unknown;

// Each function has its own; those in sloppy mode have the last two as well, for nobody to read.
const ownOfEach = new Set<PropertyKey>(['length', 'name', 'prototype', 'arguments', 'caller']);

/**
 * Makes `wrapper` pass for `method` with whoever finds it in its place: it has its name and length, its own properties,
 * and what other decorators noted about it.
 */
export function standIn(wrapper: AnyFunction, method: AnyFunction): void {
  // Marks are looked up along the prototypes. So every polyfill finds them, also one that cannot list them to be copied,
  // that is no global, or that is loaded later.
  Object.setPrototypeOf(wrapper, method);
  for (const property of ['name', 'length'] as const) {
    Object.defineProperty(wrapper, property, { value: method[property], configurable: true });
  }
  for (const key of Reflect.ownKeys(method)) {
    if (!ownOfEach.has(key) && !Object.hasOwn(wrapper, key)) share(key, wrapper, method);
  }
  copyMarks(method, wrapper);
}

/** Gives `wrapper` the property of `method` itself, not a copy that falls behind when one of them is assigned to. */
function share(key: PropertyKey, wrapper: AnyFunction, method: AnyFunction): void {
  const own = Object.getOwnPropertyDescriptor(method, key) as PropertyDescriptor;
  const shared: PropertyDescriptor = {
    enumerable: own.enumerable === true,
    configurable: own.configurable === true,
    get: () => Reflect.get(method, key),
  };
  if (own.writable || own.set) {
    shared.set = (value) => {
      Reflect.set(method, key, value);
    };
  }
  Object.defineProperty(wrapper, key, shared);
}
