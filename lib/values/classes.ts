import { isObject, ownValue, parentOf } from '../options/reading.js';

export type Class = abstract new (...args: never[]) => unknown;

/**
 * Returns the object that identifies a class: the prototype of its instances. The class itself may differ for each
 * decorator, since a decorator may replace it by a proxy, a subclass or a wrapping function.
 */
export function homeOf(target: Class): object {
  const home = ownValue(target, 'prototype');
  return isObject(home) ? home : target;
}

/** Returns the prototypes of an instance, or a class and those that it extends. The nearest comes first. */
export function lineageOf(self: unknown): object[] {
  const lineage: object[] = [];
  let at: unknown = typeof self === 'function' ? self : parentOf(Object(self));
  for (; at && at !== Function.prototype && at !== Object.prototype; at = parentOf(at)) {
    lineage.push(at);
  }
  return lineage;
}

/** Returns the classes of an instance, or of a class itself. The nearest comes first. */
export function classesOf(self: unknown): Class[] {
  return lineageOf(self)
    .map((one) => (typeof one === 'function' ? one : ownValue(one, 'constructor')))
    .filter((one): one is Class => typeof one === 'function');
}

/** Returns the homes of the same classes, and of those whose prototype names no constructor. */
export function homesOf(self: unknown): object[] {
  return lineageOf(self).map((one) => (typeof one === 'function' ? homeOf(one as unknown as Class) : one));
}

/** Returns what may be the metadata of standard decorators. `Symbol.metadata` may have been any symbol when they ran. */
export function metadataOf(target: Class): object[] {
  return Object.getOwnPropertySymbols(target)
    .map((symbol) => ownValue(target, symbol))
    .filter(isObject);
}
