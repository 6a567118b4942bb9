import { isUint8Array } from 'node:util/types';
import { kindOf, prototypeOfKind } from './built-in-kinds.js';
import { className, hasPrivateFields, hiddenState, isPlain } from './class-facts.js';
import { dataOf, instanceOf, isError, type KeptClass, type KeptClasses } from './kept-classes.js';
import { NotKept } from './not-kept.js';
import { type Fields, hasMore, type OwnForm, ownForm, ownProperties, revivedOwn } from './own-properties.js';
import { instanceNamed } from './part-path.js';
import type { Pruning } from './pruning.js';
import { type ErrorParts, revivedError } from './rich-errors.js';
import { isLate } from './synchronous.js';
import { warnOnce } from './warnings.js';

type Reducer = (value: unknown) => unknown;

/** How values that JSON and the codec's library do not know become ones that they know. */
export function reducers(pruning: Pruning, isTrial = false) {
  const { kept } = pruning;
  const warn = isTrial ? () => {} : warnForeign;
  const keptReducers = kept.all.map((one): [string, Reducer] => [
    // devalue writes it down as it is.
    JSON.stringify(`=${one.name}`).slice(1, -1),
    (value) => isObject(value) && kept.keeping(value) === one && partsOf(value, one, pruning),
  ]);
  return {
    reducers: {
      ...Object.fromEntries(keptReducers),
      Error: (value) => isObject(value) && isError(value) && pruning.partsOf(value),
      own: (value) => isObject(value) && !isForeign(value) && ownParts(value, warn),
      Buffer: (value) => Buffer.isBuffer(value) && new Uint8Array(value),
      entries: (value) =>
        isObject(value) &&
        Object.hasOwn(value, '__proto__') && [Object.getPrototypeOf(value) === null, Object.entries(value)],
      json: (value) => {
        if (!isObject(value) || !isForeign(value)) return false;
        const { toJSON } = value as { toJSON?: unknown };
        if (typeof toJSON !== 'function') return false;
        const data: unknown = toJSON.call(value, '');
        if (isLate(data)) throw new NotKept('a toJSON() in it returned a promise');
        // One that answers with the instance itself means its own fields.
        if (data === value) return false;
        warn(value, 'what its toJSON() answers with');
        return [data];
      },
      fields: (value) => isObject(value) && isForeign(value) && fieldsOf(value, warn),
    } as Record<string, Reducer>,
    options: {
      operations: {
        tagOf: (value: object) => kindOf(value) ?? 'Object',
        // A view would otherwise bring along the whole buffer that it looks at, other people's bytes included.
        viewInfo: compactView,
        // Their own, whatever iterator or method they show: one may never end.
        entriesOf: (map: Map<unknown, unknown>) => Map.prototype.entries.call(map),
        valuesOf: (set: Set<unknown>) => Set.prototype.values.call(set),
        toISOString: (date: Date) => {
          const time = Date.prototype.getTime.call(date);
          return Number.isNaN(time) ? '' : Date.prototype.toISOString.call(date);
        },
      },
    },
  };
}

/** The way back. An unlisted class's instance stays the plain data that it became. */
// biome-ignore lint/suspicious/noExplicitAny: each takes what its reducer made
export function revivers(kept: KeptClasses): Record<string, (value: any) => unknown> {
  const errors = new WeakMap<object, Error>();
  const objects = new WeakMap<object, object>();
  const instances = new WeakSet<object>();
  return {
    ...Object.fromEntries(
      kept.all.map((one) => [
        `=${one.name}`,
        (parts: unknown) => revived(parts, one, { errors, objects, instances }),
      ]),
    ),
    own: (form: OwnForm) => revivedOwn(objects, form),
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

/** What is kept of a listed class's instance. */
function partsOf(value: object, one: KeptClass, pruning: Pruning): unknown {
  if (one.to) return [dataOf(one, value)];
  if (isError(value)) return pruning.partsOf(value);
  const kind = kindOf(value);
  const own = ownProperties(value, kind);
  const isSimple = kind === undefined && Object.keys(own.hidden).length === 0;
  return isSimple ? own.shown : ownForm(value, kind, own);
}

/** What was revived so far. */
interface Known {
  readonly errors: WeakMap<object, Error>;
  readonly objects: WeakMap<object, object>;
  readonly instances: WeakSet<object>;
}

function revived(parts: unknown, one: KeptClass, { errors, objects, instances }: Known): unknown {
  const { prototype } = one.class;
  if (one.from) {
    if (!Array.isArray(parts) || parts.length !== 1)
      throw new NotKept(`an instance of "${one.name}" in it was kept without \`to\``);
    // It would get only a part of what \`to\` gave.
    if (!Object.hasOwn(parts, 0)) throw new NotKept(`an instance of "${one.name}" in it contains itself`);
    return instanceOf(one, parts[0]);
  }
  if (isError(prototype) || prototype === Error.prototype)
    return revivedError(errors, parts as ErrorParts, prototype);
  if (Array.isArray(parts)) return withClass(revivedOwn(objects, parts as never, prototype), one);
  if (!isObject(parts) || (!isPlain(parts) && !instances.has(parts)))
    throw new NotKept(`an instance of "${one.name}" in it is damaged`);
  // Met again before it is complete, where it contains itself.
  instances.add(parts);
  return withClass(Object.setPrototypeOf(parts, prototype), one);
}

// The prototype of some libraries' classes does not know its class, and each instance does.
function withClass(instance: object, one: KeptClass): object {
  if (Object.hasOwn(one.class.prototype, 'constructor')) return instance;
  return Object.assign(instance, { constructor: one.class });
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** An instance of a class that nobody listed and nobody knows. */
function isForeign(value: object): boolean {
  return !isPlain(value) && kindOf(value) === undefined && !isError(value);
}

type Warn = typeof warnForeign;

/** A built-in or a plain object with properties of its own, which its kind does not have. */
function ownParts(value: object, warn: Warn): OwnForm | false {
  const kind = kindOf(value);
  if (kind !== undefined && isOfSubclass(value, kind))
    warn(value, `${instanceNamed(kind)} with its own properties`);
  const own = ownProperties(value, kind);
  return hasMore(value, own) && ownForm(value, kind, own);
}

function isOfSubclass(value: object, kind: string): boolean {
  const prototype: object | null = Object.getPrototypeOf(value);
  const isBuiltIn = prototype === prototypeOfKind(kind) || Buffer.isBuffer(value);
  // Of another realm it bears the same name.
  return !isBuiltIn && className(value) !== kind.replace('Temporal.', '');
}

function fieldsOf(value: object, warn: Warn): Fields {
  const hidden =
    hiddenState(value) ??
    (hasPrivateFields(Object.getPrototypeOf(value)) ? 'an instance with private fields' : undefined);
  if (hidden) throw new NotKept(`${instanceNamed(className(value))} in it is ${hidden}; ${remedyFor(value)}`);
  const { shown, hidden: more } = ownProperties(value, undefined);
  warn(value, 'plain data');
  return { ...shown, ...more };
}

const contents: Readonly<Record<string, string>> = {
  Response: 'await response.json()',
  Request: 'await request.json()',
  Blob: 'await blob.text()',
  File: 'await file.text()',
  Headers: 'Object.fromEntries(headers)',
  FormData: 'Object.fromEntries(formData)',
};

/** What to do about an instance that cannot be kept. */
function remedyFor(value: object): string {
  const content = contents[className(value)];
  if (content !== undefined) return `return what it contains, such as ${content}`;
  return 'list its class in `classes` as { class, name, to, from }, or return what it contains';
}

function warnForeign(value: object, as: string): void {
  const name = className(value);
  warnOnce(
    `class:${name}`,
    'RETRYSAFE_UNLISTED_CLASS',
    `A result contains an instance of ${name}: it replays as ${as}. List the class in the option \`classes\` to have it replayed as an instance; one of a library, or with state that is not in its fields, as { class, name, to, from }.`,
  );
}

function compactView(view: ArrayBufferView) {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength).slice();
  const { byteLength } = bytes;
  const length = (view as { length?: number }).length ?? byteLength;
  return { buffer: bytes.buffer, byteOffset: 0, byteLength, length, bufferByteLength: byteLength };
}
