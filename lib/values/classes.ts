export type Class = abstract new (...args: never[]) => unknown;

/**
 * The object that stands for a class: the prototype of its instances. The class itself may be another for each decorator
 * that put a proxy, a subclass or a wrapping function in its place.
 */
export function homeOf(target: Class): object {
  const home: unknown = Object.getOwnPropertyDescriptor(target, 'prototype')?.value;
  return typeof home === 'object' && home !== null ? home : target;
}

/** The prototypes of an instance, or a class and those that it extends, the nearest first. */
export function lineageOf(self: unknown): object[] {
  const lineage: object[] = [];
  let at: unknown = typeof self === 'function' ? self : Object.getPrototypeOf(Object(self));
  for (; at && at !== Function.prototype && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    lineage.push(at);
  }
  return lineage;
}

/** The classes of an instance, or of a class itself, the nearest first. */
export function classesOf(self: unknown): Class[] {
  return lineageOf(self)
    .map((one) =>
      typeof one === 'function' ? one : Object.getOwnPropertyDescriptor(one, 'constructor')?.value,
    )
    .filter((one): one is Class => typeof one === 'function');
}

/** The homes of the same classes, also of one whose prototype names no constructor. */
export function homesOf(self: unknown): object[] {
  return lineageOf(self).map((one) => (typeof one === 'function' ? homeOf(one as unknown as Class) : one));
}

/** What may be the metadata that standard decorators knew a class by, whichever symbol was `Symbol.metadata` then. */
export function metadataOf(target: Class): object[] {
  return Object.getOwnPropertySymbols(target)
    .map((symbol): unknown => Object.getOwnPropertyDescriptor(target, symbol)?.value)
    .filter((value) => typeof value === 'object' && value !== null) as object[];
}
