import { isAsyncFunction, isGeneratorFunction, isPromise, isProxy } from 'node:util/types';
import { ConfigurationError } from '../errors.js';

/** What is said of an option that is wrong: which, of what kind its value is, and what would be right. */
export function wrongOption(
  where: string,
  option: string,
  value: unknown,
  right: string,
  shown: (value: unknown) => string = kindOf,
): ConfigurationError {
  return new ConfigurationError(`${where}: option "${option}" is ${shown(value)}; right would be ${right}`);
}

/**
 * How every message names a value that is wrong: what kind of thing it is, and nothing of what is in it. An option may be
 * a password, or have one inside; a name of a class or function may be data, unless it stands in the source.
 */
export function kindOf(value: unknown): string {
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

/** The same of what a function answered, which is data, be it a number. */
export function answerKind(value: unknown): string {
  return typeof value === 'number' ? 'a number' : kindOf(value);
}

/** The same of a length of time, which may also be a short text that is no secret. */
export function amountOf(value: unknown): string {
  return typeof value === 'string' && isShortAmount(value) ? `'${value}'` : kindOf(value);
}

/** Whether a value may be repeated in a message as the amount that somebody meant to give. */
export function isShortAmount(value: unknown): value is number | string {
  if (typeof value === 'number') return String(value).length <= 12;
  return typeof value === 'string' && /^-?\d[\d.,]{0,8} ?[a-z]{0,8}$/i.test(value);
}

/** A name that somebody chose in the source, in a message; of anything that is no such name its kind. */
export function quotedName(name: unknown): string {
  return typeof name === 'string' && /^#?[\p{ID_Start}$_][\p{ID_Continue}$]{0,59}$/u.test(name)
    ? `"${name}"`
    : kindOf(name);
}

function kindOfFunction(value: object): string {
  if (isProxy(value)) return 'a proxy';
  if (isGeneratorFunction(value)) return 'a generator function';
  if (isAsyncFunction(value)) return 'an async function';
  if (!/^class\b/.test(sourceOf(value))) return 'a function';
  return `the class ${writtenName(value) ?? 'without a name'}`;
}

function kindOfObject(value: object): string {
  if (isProxy(value)) return 'a proxy';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`;
  if (isPromise(value)) return 'a promise';
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === null || isProxy(prototype)) return 'an object';
  // Not asked of the object: it may have a property of that name, or a getter.
  const maker: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  const name = typeof maker === 'function' && !isProxy(maker) ? writtenName(maker) : undefined;
  return name === undefined || name === 'Object' ? 'an object' : `an instance of ${name}`;
}

/** The name that a class or function has in its own source; what its property `name` says may be data. */
function writtenName(maker: object): string | undefined {
  return /^(?:class|function)\s+(?!extends\b)([\p{ID_Start}$_][\p{ID_Continue}$]*)/u.exec(
    sourceOf(maker),
  )?.[1];
}

function sourceOf(maker: object): string {
  return Function.prototype.toString.call(maker);
}
