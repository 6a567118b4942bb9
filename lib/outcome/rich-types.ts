import { isLate } from '../options/synchronous.js';
import { warnOnce } from '../process/warnings.js';
import { kindOf, prototypeOfKind } from '../values/built-in-kinds.js';
import { className, hasPrivateFields, hiddenState, isPlain } from '../values/class-facts.js';
import { dataOf, isError, type KeptClass } from '../values/kept-classes.js';
import { NotKept } from '../values/not-kept.js';
import {
  type Fields,
  hasMore,
  isBare,
  type OwnForm,
  ownForm,
  ownProperties,
} from '../values/own-properties.js';
import { instanceNamed } from '../values/part-path.js';
import type { Pruning } from './pruning.js';

type Reducer = (value: unknown) => unknown;

/** What a value is, as far as reducers ask. */
interface Look {
  readonly value: object;
  readonly kind: string | undefined;
  readonly isError: boolean;
  /** An instance of a class that nobody listed and nobody knows. */
  readonly isForeign: boolean;
}

/** One look for all reducers, which devalue asks one after the other. */
function looking(): (value: object) => Look {
  let last: Look | undefined;
  return (value) => {
    if (last?.value === value) return last;
    const kind = kindOf(value);
    const isAnError = kind === undefined && isError(value);
    last = {
      value,
      kind,
      isError: isAnError,
      isForeign: kind === undefined && !isAnError && !isPlain(value),
    };
    return last;
  };
}

/** How values that JSON and the codec's library do not know become ones that they know. */
export function reducers(pruning: Pruning, isTrial = false) {
  const { kept } = pruning;
  const warn = isTrial ? () => {} : warnForeign;
  const look = looking();
  const of =
    (reduce: (value: object, look: Look) => unknown): Reducer =>
    (value) =>
      typeof value === 'object' && value !== null && reduce(value, look(value));
  const keptReducers = kept.all.map((one): [string, Reducer] => [
    // devalue writes it down as it is.
    JSON.stringify(`=${one.name}`).slice(1, -1),
    of((value, seen) => kept.keeping(value) === one && partsOf(value, one, pruning, seen)),
  ]);
  return {
    reducers: {
      ...Object.fromEntries(keptReducers),
      Error: of((value, seen) => seen.isError && pruning.partsOf(value)),
      own: of((value, { kind, isForeign }) => !isForeign && ownParts(value, kind, warn)),
      Buffer: of(
        (value, { kind }) => kind === 'Uint8Array' && Buffer.isBuffer(value) && new Uint8Array(value),
      ),
      entries: of(
        (value, { kind }) =>
          kind === undefined &&
          Object.hasOwn(value, '__proto__') && [Object.getPrototypeOf(value) === null, Object.entries(value)],
      ),
      json: of((value, { isForeign }) => {
        if (!isForeign) return false;
        const { toJSON } = value as { toJSON?: unknown };
        if (typeof toJSON !== 'function') return false;
        const data: unknown = toJSON.call(value, '');
        if (isLate(data)) throw new NotKept('a toJSON() in it returned a promise');
        // One that answers with the instance itself means its own fields.
        if (data === value) return false;
        warn(value, 'what its toJSON() answers with');
        return [data];
      }),
      fields: of((value, { isForeign }) => isForeign && fieldsOf(value, warn)),
    } as Record<string, Reducer>,
    options: {
      operations: {
        tagOf: (value: object) => look(value).kind ?? 'Object',
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

/** What is kept of a listed class's instance. */
function partsOf(value: object, one: KeptClass, pruning: Pruning, look: Look): unknown {
  if (one.to) return [dataOf(one, value)];
  if (look.isError) return pruning.partsOf(value);
  const { kind } = look;
  const own = ownProperties(value, kind);
  const isSimple = kind === undefined && Object.keys(own.hidden).length === 0;
  return isSimple ? own.shown : ownForm(value, kind, own);
}

type Warn = typeof warnForeign;

/** A built-in or a plain object with properties of its own, which its kind does not have. */
function ownParts(value: object, kind: string | undefined, warn: Warn): OwnForm | false {
  if (kind !== undefined && isOfSubclass(value, kind))
    warn(value, `${instanceNamed(kind)} with its own properties`);
  if (isBare(value, kind)) return false;
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
