import { isUint8Array } from 'node:util/types';
import { className, hasPrivateFields, hiddenState, isPlain, tagOf } from './class-facts.js';
import {
  classFor,
  type ErrorParts,
  errorParts,
  type Fields,
  isError,
  type KeptClass,
  revivedError,
} from './rich-errors.js';
import { isLate } from './synchronous.js';
import { warnOnce } from './warnings.js';

// What the codec's library keeps by itself, by tag.
const builtIn =
  /^(?:Number|String|Boolean|BigInt|Date|URL|URLSearchParams|RegExp|Array|Set|Map|Temporal\.\w+|DataView|ArrayBuffer|\w+Array)$/;

/** A part that cannot be kept says so by an error of this class, whose text is ours and names no value. */
export class NotKept extends TypeError {}

/** How values that JSON and the codec's library do not know become ones that they know. */
export function reducers(kept: readonly KeptClass[]) {
  const keptClasses = kept.map((one) => [
    `=${one.name}`,
    (value: unknown) => classFor(value, kept) === one && parts(value as object),
  ]);
  return {
    reducers: {
      ...Object.fromEntries(keptClasses),
      Buffer: (value: unknown) => Buffer.isBuffer(value) && new Uint8Array(value),
      Error: (value: unknown) => isError(value) && parts(value),
      entries: (value: unknown) =>
        typeof value === 'object' &&
        value !== null &&
        Object.hasOwn(value, '__proto__') && [Object.getPrototypeOf(value) === null, Object.entries(value)],
      json: (value: unknown) => {
        if (isUnlistedBuiltIn(value)) warnForeign(value);
        if (!isForeign(value)) return false;
        const { toJSON } = value as { toJSON?: unknown };
        if (typeof toJSON !== 'function') return false;
        const data: unknown = toJSON.call(value, '');
        if (isLate(data)) throw new NotKept('a toJSON() in it returned a promise');
        // One that answers with the instance itself means its own fields.
        if (data === value) return false;
        warnForeign(value);
        return [data];
      },
      fields: (value: unknown) => isForeign(value) && dataOf(value),
    } as Record<string, (value: unknown) => unknown>,
    options: {
      operations: {
        // A view would otherwise bring along the whole buffer that it looks at, other people's bytes included.
        viewInfo: compactView,
        // Their own, whatever iterator they show: one may never end.
        entriesOf: (map: Map<unknown, unknown>) => Map.prototype.entries.call(map),
        valuesOf: (set: Set<unknown>) => Set.prototype.values.call(set),
      },
    },
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
    Buffer: (value: unknown) => {
      // Of a damaged record this may be an object with any `length`, gigabytes of it.
      if (!isUint8Array(value)) throw new NotKept('a Buffer in it has no bytes');
      // Over memory of its own: a copy would be in a pool that other buffers share.
      return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    },
    Error: (value: ErrorParts) => revivedError(errors, value),
    entries: ([isBare, entries]: [boolean, [string, unknown][]]) =>
      Object.setPrototypeOf(Object.fromEntries(entries), isBare ? null : Object.prototype),
    json: ([value]: [unknown]) => value,
    fields: (value: Fields) => value,
  };
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

/** An instance of a subclass of a built-in class, which replays as that class alone. */
function isUnlistedBuiltIn(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || isPlain(value) || Buffer.isBuffer(value)) return false;
  const tag = tagOf(value);
  return builtIn.test(tag) && className(value) !== tag.replace('Temporal.', '');
}

function parts(value: object): Fields {
  return isError(value) ? errorParts(value) : { ...value };
}

function dataOf(value: object): Fields {
  const hidden =
    hiddenState(value) ??
    (hasPrivateFields(Object.getPrototypeOf(value)) ? 'an instance with private fields' : undefined);
  if (hidden)
    throw new NotKept(
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
