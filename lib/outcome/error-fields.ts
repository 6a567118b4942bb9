import { isProxy } from 'node:util/types';
import { nativeErrorOf } from '../values/kept-classes.js';
import { type Fields, isOfItsClass } from '../values/own-properties.js';

/** What is no field of an error, or has a place of its own. */
const standing = new Set(['name', 'message', 'stack', 'cause', 'errors']);
const inClass = new Set([...standing, 'constructor', 'toString', 'toJSON', '__proto__']);

/** The names of an error's own properties that are fields, and whether everybody sees them. */
export function* fieldsOf(error: object): Iterable<readonly [name: string | symbol, isShown: boolean]> {
  for (const name of Reflect.ownKeys(error)) {
    const property = Object.getOwnPropertyDescriptor(error, name);
    const isShown = property?.enumerable === true;
    if (!property || name === 'stack' || (!isShown && (typeof name === 'symbol' || standing.has(name))))
      continue;
    if (
      typeof name === 'string' &&
      typeof property.value === 'function' &&
      isOfItsClass(error, name, property)
    )
      continue;
    yield [name, isShown];
  }
}

// An error that is no instance of its own class any more would lose what that class's prototype, or a getter there, says
// of it: the status of an HTTP error, often.
export function* inheritedFields(
  error: object,
  until: object | undefined,
): Iterable<readonly [string, unknown]> {
  const isEnd = (at: object) =>
    at === until || nativeErrorOf(at) !== undefined || isPlainEnd(at) || isProxy(at);
  for (
    let at: object | null = Object.getPrototypeOf(error);
    at && !isEnd(at);
    at = Object.getPrototypeOf(at)
  ) {
    for (const name of Object.getOwnPropertyNames(at)) {
      if (inClass.has(name) || Object.hasOwn(error, name)) continue;
      try {
        const value = (error as Fields)[name];
        if (typeof value !== 'function') yield [name, value];
      } catch {
        // Its own class could not say either.
      }
    }
  }
}

function isPlainEnd(prototype: object): boolean {
  return Object.getPrototypeOf(prototype) === null;
}
