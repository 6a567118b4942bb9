import { isObject, prototypesOf } from '../values/class-facts.js';
import { nativeErrorOf, nativeErrors } from '../values/listed-classes.js';
import { type Fields, setAll, setOwn } from '../values/own-properties.js';
import { UnstorableError } from '../values/unstorable-error.js';

/** What is stored of an error. */
export interface ErrorParts extends Fields {
  name: unknown;
  message: unknown;
  /** The native class that it is an instance of, where its name does not say it. */
  native?: string;
  readonly fields: Fields;
  /** Fields that are not enumerable, and what its classes' prototypes have for it. */
  hidden?: Fields;
  cause?: unknown;
  errors?: unknown;
}

/** Returns the nearest native class that an error is an instance of. */
export function nearestNative(error: object): string | undefined {
  for (const prototype of prototypesOf(error)) {
    const native = nativeErrorOf(prototype);
    if (native !== undefined) return native;
  }
  return undefined;
}

/** Returns the native class that a name stands for. */
export function nativeNamed(name: unknown): string {
  return typeof name === 'string' && nativeErrors.has(name) ? name : 'Error';
}

/**
 * Makes an error again from its parts; with a prototype, an instance of that class. For an error that contains itself it
 * is called twice: early, with the parts that exist by then, and again with all parts.
 */
export function revivedError(known: WeakMap<object, Error>, parts: ErrorParts, prototype?: object): Error {
  if (!isObject(parts)) throw new UnstorableError('an error in it has no parts');
  const { name, message, fields, hidden } = parts;
  const revived = known.get(parts) ?? newError(parts, prototype);
  known.set(parts, revived);
  if (revived.message !== message || !(revived instanceof DOMException))
    setOwn(revived, 'message', message, false);
  if ('cause' in parts) setOwn(revived, 'cause', parts.cause, false);
  if (Array.isArray(parts.errors)) setOwn(revived, 'errors', parts.errors, false);
  setAll(revived, hidden, false);
  setAll(revived, fields, true);
  if (revived.name !== name) setOwn(revived, 'name', name, false);
  // The first line of the stack has name and message, so the stack is captured after these.
  Error.captureStackTrace(revived, revivedError);
  return revived;
}

function newError({ name, message, native }: ErrorParts, prototype: object | undefined): Error {
  const kind = nativeNamed(native ?? name);
  const Native = nativeErrors.get(kind) as new (...args: unknown[]) => Error;
  const args = kind === 'DOMException' ? [message, name] : kind === 'AggregateError' ? [[]] : [];
  const error = new Native(...args);
  return prototype ? Object.setPrototypeOf(error, prototype) : error;
}
