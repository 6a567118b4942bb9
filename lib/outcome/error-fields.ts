import { parentOf } from '../options/reading.js';
import { prototypesOf } from '../values/class-facts.js';
import { nativeErrorOf } from '../values/listed-classes.js';
import { type Fields, isOfItsClass } from '../values/own-properties.js';

/** Properties that every error may have. They are stored apart, or not at all. */
const standardProperties = new Set(['name', 'message', 'stack', 'cause', 'errors']);
const classProperties = new Set([...standardProperties, 'constructor', 'toString', 'toJSON', '__proto__']);

/** Returns the names of an error's own properties that are fields, and whether each is enumerable. */
export function* fieldsOf(error: object): Iterable<readonly [name: string | symbol, isShown: boolean]> {
  for (const name of Reflect.ownKeys(error)) {
    const property = Object.getOwnPropertyDescriptor(error, name);
    const isShown = property?.enumerable === true;
    if (!property || name === 'stack') continue;
    if (!isShown && (typeof name === 'symbol' || standardProperties.has(name))) continue;
    const isMethod = typeof property.value === 'function';
    if (typeof name === 'string' && isMethod && isOfItsClass(error, name, property)) continue;
    yield [name, isShown];
  }
}

/**
 * Returns what the prototypes of an error's classes have for it, up to the prototype `until`. A replay is no instance of
 * a class that is not listed, so it would lose these: often the status of an HTTP error.
 */
export function* inheritedFields(
  error: object,
  until: object | undefined,
): Iterable<readonly [string, unknown]> {
  for (const prototype of prototypesOf(error)) {
    const isEnd = parentOf(prototype) === null;
    if (prototype === until || nativeErrorOf(prototype) !== undefined || isEnd) return;
    for (const name of Object.getOwnPropertyNames(prototype)) {
      if (classProperties.has(name) || Object.hasOwn(error, name)) continue;
      try {
        const value = (error as Fields)[name];
        if (typeof value !== 'function') yield [name, value];
      } catch {
        // A getter that throws has no value to store.
      }
    }
  }
}
