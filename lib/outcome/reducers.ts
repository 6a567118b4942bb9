import { ownValue, parentOf } from '../options/reading.js';
import { isLate } from '../options/synchronous.js';
import { warnOnce } from '../process/warnings.js';
import { bytesIn, entriesOf, kindOf, membersOf, prototypeOfKind } from '../values/built-in-kinds.js';
import {
  className,
  hasNameOfKind,
  hasPrivateFields,
  hiddenState,
  isObject,
  isPlain,
} from '../values/class-facts.js';
import { dataOf, isError, type ListedClass } from '../values/listed-classes.js';
import {
  type Fields,
  hasMore,
  isBare,
  type OwnForm,
  ownForm,
  ownProperties,
} from '../values/own-properties.js';
import { instanceNamed } from '../values/part-path.js';
import { UnstorableError } from '../values/unstorable-error.js';
import type { Pruning } from './pruning.js';

type Reducer = (value: unknown) => unknown;

/** What the reducers need to know of a value. */
interface ValueFacts {
  readonly value: object;
  readonly kind: string | undefined;
  readonly isError: boolean;
  /** Whether it is an instance of a class that is neither listed nor built in. */
  readonly isForeign: boolean;
}

/** Returns a function that remembers its last value: devalue passes each value to all reducers in turn. */
function rememberFacts(): (value: object) => ValueFacts {
  let last: ValueFacts | undefined;
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

/** Returns the functions that make values which devalue does not know into values that it knows. */
export function reducers(pruning: Pruning, isTrial = false) {
  const { listed } = pruning;
  const warn = isTrial ? () => {} : warnForeign;
  const factsOf = rememberFacts();
  const of =
    (reduce: (value: object, facts: ValueFacts) => unknown): Reducer =>
    (value) =>
      isObject(value) && reduce(value, factsOf(value));
  const listedReducers = listed.all.map((one): [string, Reducer] => [
    // devalue writes this name into its JSON text without escaping it.
    JSON.stringify(`=${one.name}`).slice(1, -1),
    of((value, facts) => listed.storedAs(value) === one && partsOf(value, one, pruning, facts)),
  ]);
  return {
    reducers: {
      ...Object.fromEntries(listedReducers),
      Error: of((value, facts) => facts.isError && pruning.partsOf(value)),
      own: of((value, { kind, isForeign }) => !isForeign && ownParts(value, kind, warn)),
      Buffer: of(
        (value, { kind }) => kind === 'Uint8Array' && Buffer.isBuffer(value) && new Uint8Array(value),
      ),
      entries: of(
        (value, { kind }) =>
          kind === undefined &&
          Object.hasOwn(value, '__proto__') && [parentOf(value) === null, Object.entries(value)],
      ),
      json: of((value, { isForeign }) => {
        const { toJSON } = (isForeign ? value : {}) as { toJSON?: unknown };
        if (typeof toJSON !== 'function') return false;
        const data: unknown = toJSON.call(value, '');
        if (isLate(data)) throw new UnstorableError('a toJSON() in it returned a promise');
        // A toJSON() that returns the instance itself means its own fields.
        if (data === value) return false;
        warn(value, 'what its toJSON() returns');
        return [data];
      }),
      fields: of((value, { isForeign }) => isForeign && foreignFields(value, warn)),
    } as Record<string, Reducer>,
    options: {
      operations: {
        tagOf(value: object) {
          return factsOf(value).kind ?? 'Object';
        },
        // Otherwise the whole buffer behind a view would be stored, with the bytes of other requests in it.
        viewInfo: compactView,
        entriesOf,
        valuesOf: membersOf,
        toISOString(date: Date) {
          return new Date(Date.prototype.getTime.call(date)).toJSON() ?? '';
        },
      },
    },
  };
}

/** Returns what is stored of a listed class's instance. */
function partsOf(value: object, one: ListedClass, pruning: Pruning, facts: ValueFacts): unknown {
  if (one.to) return [dataOf(one, value)];
  if (facts.isError) return pruning.partsOf(value);
  const { kind } = facts;
  const own = ownProperties(value, kind);
  const isSimple = kind === undefined && Object.keys(own.hidden).length === 0;
  return isSimple ? own.shown : ownForm(value, kind, own);
}

type Warn = typeof warnForeign;

/** Returns what is stored of a built-in or a plain object that has properties which its kind does not have. */
function ownParts(value: object, kind: string | undefined, warn: Warn): OwnForm | false {
  if (kind !== undefined && !hasNameOfKind(value, kind)) {
    const isBuiltIn = parentOf(value) === prototypeOfKind(kind) || Buffer.isBuffer(value);
    if (!isBuiltIn) warn(value, `${instanceNamed(kind)} with its own properties`);
  }
  if (isBare(value, kind)) return false;
  const own = ownProperties(value, kind);
  return hasMore(value, own) && ownForm(value, kind, own);
}

function foreignFields(value: object, warn: Warn): Fields {
  const hidden =
    hiddenState(value) ?? (hasPrivateFields(parentOf(value)) ? 'an instance with private fields' : undefined);
  if (hidden) {
    const name = className(value);
    const content = ownValue(contents, name);
    const remedy = content
      ? `return what it contains, such as ${content}`
      : 'list its class in `classes` as { class, name, to, from }, or return what it contains';
    throw new UnstorableError(`${instanceNamed(name)} in it is ${hidden}; ${remedy}`);
  }
  const { shown, hidden: more } = ownProperties(value, undefined);
  warn(value, 'plain data');
  return { ...shown, ...more };
}

/** How to read what instances of these classes contain. */
const contents = {
  Response: 'await response.json()',
  Request: 'await request.json()',
  Blob: 'await blob.text()',
  File: 'await file.text()',
  Headers: 'Object.fromEntries(headers)',
  FormData: 'Object.fromEntries(formData)',
};

function warnForeign(value: object, as: string): void {
  const name = className(value);
  warnOnce(
    `class:${name}`,
    'RETRYSAFE_UNLISTED_CLASS',
    `A result contains an instance of ${name}: it replays as ${as}. To replay it as an instance, list its class in \`classes\`; a library's, or one with state outside its fields, as { class, name, to, from }.`,
  );
}

function compactView(view: ArrayBufferView) {
  const bytes = new Uint8Array(bytesIn(view));
  const { byteLength } = bytes;
  const length = (view as { length?: number }).length ?? byteLength;
  return { buffer: bytes.buffer, byteOffset: 0, byteLength, length, bufferByteLength: byteLength };
}
