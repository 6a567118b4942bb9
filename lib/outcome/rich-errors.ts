import { isProxy } from 'node:util/types';
import { nativeErrorOf, nativeErrors } from '../values/kept-classes.js';
import { NotKept } from '../values/not-kept.js';
import { type Fields, setOwn } from '../values/own-properties.js';

/** What is kept of an error. */
export interface ErrorParts extends Fields {
  name: unknown;
  message: unknown;
  /** The native class that it is an instance of, where its name does not tell. */
  native?: string;
  readonly fields: Fields;
  /** What is not enumerable, and what its classes' prototypes have for it. */
  hidden?: Fields;
  cause?: unknown;
  errors?: unknown;
}

/** The native class that an error is an instance of: the nearest. */
export function nearestNative(error: object): string | undefined {
  for (
    let at: object | null = Object.getPrototypeOf(error);
    at && !isProxy(at);
    at = Object.getPrototypeOf(at)
  ) {
    const native = nativeErrorOf(at);
    if (native !== undefined) return native;
  }
  return undefined;
}

/** The native class that a name stands for. */
export function nativeNamed(name: unknown): string {
  return typeof name === 'string' && nativeErrors.has(name) ? name : 'Error';
}

// Called twice where an error contains itself: early, with the parts that are there, and again with all of them.
export function revivedError(known: WeakMap<object, Error>, parts: ErrorParts, prototype?: object): Error {
  if (typeof parts !== 'object' || parts === null) throw new NotKept('an error in it has no parts');
  const { name, message, fields, hidden } = parts;
  const revived = known.get(parts) ?? newError(parts, prototype);
  known.set(parts, revived);
  if (revived.message !== message || !(revived instanceof DOMException))
    setOwn(revived, 'message', message, false);
  if ('cause' in parts) setOwn(revived, 'cause', parts.cause, false);
  if (Array.isArray(parts.errors)) setOwn(revived, 'errors', parts.errors, false);
  for (const [field, part] of Object.entries(hidden ?? {})) setOwn(revived, field, part, false);
  for (const [field, part] of Object.entries(fields ?? {})) setOwn(revived, field, part, true);
  if (revived.name !== name) setOwn(revived, 'name', name, false);
  // Anew, since its first line bears name and message.
  Error.captureStackTrace(revived, revivedError);
  return revived;
}

function newError({ name, message, native }: ErrorParts, prototype: object | undefined): Error {
  const kind = nativeNamed(native ?? name);
  const Native = nativeErrors.get(kind) as new (...args: unknown[]) => Error;
  const error =
    kind === 'DOMException'
      ? new Native(message, name)
      : kind === 'AggregateError'
        ? new Native([])
        : new Native();
  return prototype ? Object.setPrototypeOf(error, prototype) : error;
}
