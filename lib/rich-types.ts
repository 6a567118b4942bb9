import { types } from 'node:util';
import { className, hasPrivateFields, hiddenState, isPlain, tagOf } from './class-facts.js';
import { warnOnce } from './warnings.js';

type KeptClass = abstract new (...args: never[]) => unknown;
type Fields = Record<string, unknown>;

interface ErrorParts extends Fields {
  readonly name: string;
  readonly message: string;
  readonly fields: Fields;
  readonly cause?: unknown;
  readonly errors?: unknown;
}

// What the codec's library keeps by itself, by tag.
const builtIn =
  /^(?:Number|String|Boolean|BigInt|Date|URL|URLSearchParams|RegExp|Array|Set|Map|Temporal\.\w+|DataView|ArrayBuffer|\w+Array)$/;

const nativeErrors = {
  Error,
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
  AggregateError,
};

/** How values that JSON and the codec's library do not know become ones that they know. */
export function reducers(kept: readonly KeptClass[]) {
  const keptClasses = kept.map((one) => [
    `=${one.name}`,
    (value: unknown) => isInstance(value, one) && parts(value),
  ]);
  return {
    reducers: {
      ...Object.fromEntries(keptClasses),
      Buffer: (value: unknown) => Buffer.isBuffer(value) && new Uint8Array(value),
      Error: (value: unknown) => isError(value) && parts(value),
      entries: (value: unknown) =>
        typeof value === 'object' &&
        value !== null &&
        Object.hasOwn(value, '__proto__') &&
        Object.entries(value),
      json: (value: unknown) => {
        if (!isForeign(value)) return false;
        const { toJSON } = value as { toJSON?: unknown };
        if (typeof toJSON !== 'function') return false;
        warnForeign(value);
        return [toJSON.call(value, '')];
      },
      fields: (value: unknown) => isForeign(value) && dataOf(value),
    } as Record<string, (value: unknown) => unknown>,
    // A view would otherwise bring along the whole buffer that it looks at, other people's bytes included.
    options: { operations: { viewInfo: compactView } },
  };
}

/** The way back. An unlisted class's instance stays the plain data that it became. */
// biome-ignore lint/suspicious/noExplicitAny: each takes what its reducer made
export function revivers(kept: readonly KeptClass[]): Record<string, (value: any) => unknown> {
  const errors = new WeakMap<object, Error>();
  const keptClasses = kept.map((one) => [
    `=${one.name}`,
    (value: Fields) =>
      one.prototype instanceof Error || one.prototype === Error.prototype
        ? revivedError(errors, value as ErrorParts, one.prototype)
        : Object.setPrototypeOf(value, one.prototype),
  ]);
  return {
    ...Object.fromEntries(keptClasses),
    Buffer: (bytes: Uint8Array) => Buffer.from(bytes),
    Error: (value: ErrorParts) => revivedError(errors, value),
    entries: (entries: [string, unknown][]) => Object.fromEntries(entries),
    json: ([value]: [unknown]) => value,
    fields: (value: Fields) => value,
  };
}

/** The error without what cannot be kept: its class, name, message and primitive fields. */
export function stripped(error: unknown, kept: readonly KeptClass[]): unknown {
  if (!isError(error)) return new Error(`A ${typeof error} was thrown that cannot be kept`);
  const { name, message, fields } = errorParts(error);
  const primitives = Object.entries(fields).filter(
    ([, value]) => Object(value) !== value && typeof value !== 'symbol',
  );
  const one = kept.find((candidate) => isInstance(error, candidate));
  return revivedError(
    new WeakMap(),
    { name, message, fields: Object.fromEntries(primitives) },
    one?.prototype,
  );
}

function isInstance(value: unknown, one: KeptClass): value is object {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === one.prototype;
}

function isError(value: unknown): value is Error {
  return types.isNativeError(value) || value instanceof Error;
}

/** An instance of a class that nobody listed and nobody knows. */
function isForeign(value: unknown): value is object {
  return (
    typeof value === 'object' &&
    value !== null &&
    !isPlain(value) &&
    !builtIn.test(tagOf(value)) &&
    !isError(value)
  );
}

function parts(value: object): Fields {
  return isError(value) ? errorParts(value) : { ...value };
}

function errorParts(error: Error): ErrorParts {
  const { name, message, cause, errors } = error as Error & { errors?: unknown };
  return {
    name,
    message,
    fields: { ...error },
    ...('cause' in error && { cause }),
    ...(Array.isArray(errors) && { errors }),
  };
}

// Called twice where an error contains itself: early, with the parts that are there, and again with all of them.
function revivedError(known: WeakMap<object, Error>, parts: ErrorParts, prototype?: object): Error {
  const { name, message, fields } = parts;
  const Native = nativeErrors[name as keyof typeof nativeErrors] ?? Error;
  const revived = known.get(parts) ?? newError(Native, prototype);
  known.set(parts, revived);
  const hidden = (value: unknown) => ({ value, writable: true, configurable: true, enumerable: false });
  Object.defineProperty(revived, 'message', hidden(message));
  if ('cause' in parts) Object.defineProperty(revived, 'cause', hidden(parts.cause));
  if ('errors' in parts) Object.defineProperty(revived, 'errors', hidden(parts.errors));
  Object.assign(revived, fields);
  if (revived.name !== name) Object.defineProperty(revived, 'name', hidden(name));
  // Anew, since its first line bears name and message.
  Error.captureStackTrace(revived, revivedError);
  return revived;
}

function newError(Native: (typeof nativeErrors)[keyof typeof nativeErrors], prototype?: object): Error {
  const error: Error = new (Native as ErrorConstructor)();
  return prototype ? Object.setPrototypeOf(error, prototype) : error;
}

function dataOf(value: object): Fields {
  const hidden =
    hiddenState(value) ??
    (hasPrivateFields(Object.getPrototypeOf(value)) ? 'an instance with private fields' : undefined);
  if (hidden)
    throw new TypeError(
      `a ${className(value) || 'nameless class'} in it is ${hidden}; list the class in \`classes\` or give it a toJSON()`,
    );
  warnForeign(value);
  return { ...value };
}

function warnForeign(value: object): void {
  const name = className(value);
  warnOnce(
    `class:${name}`,
    'RETRYSAFE_UNLISTED_CLASS',
    `A result contains an instance of ${name}: it replays as plain data. List the class in the option \`classes\` to have it replayed as an instance.`,
  );
}

function compactView(view: ArrayBufferView) {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength).slice();
  const { byteLength } = bytes;
  const length = (view as { length?: number }).length ?? byteLength;
  return { buffer: bytes.buffer, byteOffset: 0, byteLength, length, bufferByteLength: byteLength };
}
