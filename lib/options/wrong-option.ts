import { isAsyncFunction, isGeneratorFunction, isPromise, isProxy } from 'node:util/types';
import { ConfigurationError } from '../errors.js';
import { ownValue, parentOf, sourceOf } from './reading.js';

/** The error for a wrong option. Its message has the option's name, the kind of its value, and what is expected. */
export function wrongOption(
  where: string,
  option: string,
  value: unknown,
  expected: string,
  shown: (value: unknown) => string = kindOf,
): ConfigurationError {
  return new ConfigurationError(`${where}: option "${option}" is ${shown(value)}; expected ${expected}`);
}

/**
 * Names the kind of a wrong value in a message, and nothing of its content. An option may be a password, or contain one. The
 * name of a class or function may be data, unless it is written in the source.
 */
export function kindOf(value: unknown): string {
  if (isProxy(value)) return 'a proxy';
  switch (typeof value) {
    case 'undefined':
    case 'boolean':
      return String(value);
    case 'number':
      return isShortAmount(value) ? String(value) : 'a number of many digits';
    case 'string':
      if (value === '') return 'an empty text';
      return `a text of ${value.length} character${value.length === 1 ? '' : 's'}`;
    case 'function':
      return kindOfFunction(value);
    case 'object':
      return value === null ? 'null' : kindOfObject(value);
    default:
      return `a ${typeof value}`;
  }
}

/** `kindOf` for what a function returned. That is data, so a number is not repeated either. */
export function kindOfData(value: unknown): string {
  return typeof value === 'number' ? 'a number' : kindOf(value);
}

/** `kindOf` for a length of time. A short text such as `'5min'` is not a secret and is repeated. */
export function amountOf(value: unknown): string {
  return typeof value === 'string' && isShortAmount(value) ? `'${value}'` : kindOf(value);
}

/** Whether a value is short enough to be repeated in a message as an amount. */
export function isShortAmount(value: unknown): value is number | string {
  if (typeof value === 'number') return String(value).length <= 12;
  return typeof value === 'string' && /^-?\d[\d.,]{0,8} ?[a-z]{0,8}$/i.test(value);
}

/** Quotes a value in a message if it can be a name in source code. Otherwise names its kind. */
export function quotedName(name: unknown): string {
  return typeof name === 'string' && /^#?[\p{ID_Start}$_][\p{ID_Continue}$]{0,59}$/u.test(name)
    ? `"${name}"`
    : kindOf(name);
}

function kindOfFunction(value: object): string {
  if (isGeneratorFunction(value)) return 'a generator function';
  if (isAsyncFunction(value)) return 'an async function';
  if (!/^class\b/.test(sourceOf(value))) return 'a function';
  return `the class ${writtenName(value) ?? 'without a name'}`;
}

function kindOfObject(value: object): string {
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`;
  if (isPromise(value)) return 'a promise';
  const prototype: unknown = parentOf(value);
  if (prototype === null || isProxy(prototype)) return 'an object';
  // Read from the prototype, since the object may have a property or a getter of that name.
  const maker = ownValue(prototype as object, 'constructor');
  const name = typeof maker === 'function' && !isProxy(maker) ? writtenName(maker) : undefined;
  return name === undefined || name === 'Object' ? 'an object' : `an instance of ${name}`;
}

/** The name that a class or function has in its source code. Its property `name` may be data. */
function writtenName(maker: object): string | undefined {
  return /^(?:class|function)\s+(?!extends\b)([\p{ID_Start}$_][\p{ID_Continue}$]*)/u.exec(
    sourceOf(maker),
  )?.[1];
}
