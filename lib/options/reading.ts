/*
 * Reads what users pass without running any code of theirs: no getter, no method.
 */

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** Returns the prototype of an object. */
export const parentOf: (value: object) => object | null = Object.getPrototypeOf;

/** Returns the value of an object's own property. A getter is not called. */
export function ownValue(object: object, name: PropertyKey): unknown {
  return Object.getOwnPropertyDescriptor(object, name)?.value;
}

/** Returns the source code of a class or function. */
export function sourceOf(maker: unknown): string {
  return Function.prototype.toString.call(maker);
}
