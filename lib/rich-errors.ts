import { isNativeError } from 'node:util/types';

/** A class whose instances replay as instances. */
export type KeptClass = abstract new (...args: never[]) => unknown;
export type Fields = Record<string, unknown>;

/** What is kept of an error. */
export interface ErrorParts extends Fields {
  readonly name: string;
  readonly message: string;
  readonly fields: Fields;
  readonly cause?: unknown;
  readonly errors?: unknown;
}

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

const nativePrototypes = new Set<object | null>(
  Object.values(nativeErrors).map(({ prototype }) => prototype),
);

/** How many errors in one another are kept of one that cannot be kept whole: each costs a look at all below it. */
const MOST_CAUSES = 16;

/** The error without those parts that cannot be kept or read. */
export function stripped(
  error: unknown,
  kept: readonly KeptClass[],
  canBeKept: (part: unknown) => boolean,
  seen: readonly unknown[] = [],
): unknown {
  if (!isError(error)) return new Error(`A ${typeof error} was thrown that cannot be kept`);
  const within = [...seen, error];
  const parts: Record<string, unknown> = { name: 'Error', message: '', fields: {} };
  const keep = (into: Fields, from: object, names: readonly string[]) => {
    for (const name of names) {
      try {
        const part = (from as Fields)[name];
        if (canBeKept(part)) into[name] = part;
        else if (isError(part) && !within.includes(part) && within.length < MOST_CAUSES)
          into[name] = stripped(part, kept, canBeKept, within);
      } catch {
        // A part that cannot be read cannot be kept.
      }
    }
  };
  const own = Object.keys(error);
  keep(parts, error, [
    'name',
    'message',
    ...('cause' in error ? ['cause'] : []),
    ...('errors' in error ? ['errors'] : []),
  ]);
  keep(parts.fields as Fields, error, own);
  return revivedError(new WeakMap(), parts as ErrorParts, classFor(error, kept)?.prototype);
}

/** The listed class that a value replays as: its own; of an error also the nearest that it inherits from. */
export function classFor(value: unknown, kept: readonly KeptClass[]): KeptClass | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  let at: object | null = Object.getPrototypeOf(value);
  do {
    const found = kept.find((one) => one.prototype === at);
    // A native error comes back as what it is, whatever parent of it is listed.
    if (found || !isError(value) || nativePrototypes.has(at)) return found;
    at = at && Object.getPrototypeOf(at);
  } while (at);
  return undefined;
}

export function isError(value: unknown): value is Error {
  return isNativeError(value) || value instanceof Error;
}

export function errorParts(error: Error): ErrorParts {
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
export function revivedError(known: WeakMap<object, Error>, parts: ErrorParts, prototype?: object): Error {
  const { name, message, fields } = parts;
  const Native = Object.hasOwn(nativeErrors, name) ? nativeErrors[name as keyof typeof nativeErrors] : Error;
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
  const error: Error =
    Native === AggregateError ? new AggregateError([]) : new (Native as ErrorConstructor)();
  return prototype ? Object.setPrototypeOf(error, prototype) : error;
}
