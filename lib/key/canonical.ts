import {
  isAnyArrayBuffer,
  isBoxedPrimitive,
  isDate,
  isMap,
  isNativeError,
  isRegExp,
  isSet,
  isTypedArray,
} from 'node:util/types';
import stringify from 'fast-json-stable-stringify';
import { describeBorrowedNameFault } from '../process/names/names.js';
import { kindOf } from '../values/built-in-kinds.js';
import { className, hasPrivateFields, hiddenState, isBareBytes, isPlain } from '../values/class-facts.js';
import { ExactNumber } from '../values/json/exact-number.js';
import { read } from '../values/json/json-text.js';
import { dataForKey, type KeptClasses } from '../values/kept-classes.js';
import { isItsClass } from '../values/own-properties.js';
import { nameInPath, unlessListed } from '../values/part-path.js';
import { isAbsent } from './absent-properties.js';
import { numberForm, special } from './canonical-forms.js';

/** Says where and why a value cannot be told apart from another, and never returns. */
export type OnFault = (path: string, why: string) => never;

/** No more parts than this are compared: it takes about a second, and one object in many places counts each time. */
const MOST_PARTS = 250_000;

/**
 * The text of a value by which it is compared: equal for two values exactly when they are deep-equal, the order of
 * properties, Map entries and Set members apart. Plain JSON is its own form. Anything else is an object with the
 * single property `$`; a plain property that begins with `$` gets one `$` more, so the two never meet.
 */
export function canonicalText(value: unknown, kept: KeptClasses, onFault: OnFault): string {
  try {
    return stringify(canonical(value, '', { kept, ancestors: new Set(), parts: 0 }, onFault));
  } catch (error) {
    if (error instanceof RangeError) return onFault('', 'is nested too deeply');
    throw error;
  }
}

/** Where the comparison is, and how many parts it has seen. */
interface Progress {
  readonly kept: KeptClasses;
  readonly ancestors: Set<object>;
  parts: number;
}

function canonical(value: unknown, path: string, progress: Progress, onFault: OnFault): unknown {
  progress.parts += 1;
  // A list says how many it has, holes included, before anybody looks at them.
  const parts = progress.parts + (Array.isArray(value) ? value.length : 0);
  if (parts > MOST_PARTS) return onFault('', `has more than ${MOST_PARTS.toLocaleString('en')} parts`);
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
    case 'bigint':
      return numberForm(value);
    case 'undefined':
      return special('undefined');
    case 'object':
      break;
    default:
      return onFault(path, `is a ${typeof value}`);
  }
  if (value === null) return null;
  if (value instanceof ExactNumber) return numberForm(value);
  if (progress.ancestors.has(value)) return onFault(path, 'contains itself');
  progress.ancestors.add(value);
  const form = canonicalObject(read(value), path, progress, onFault);
  progress.ancestors.delete(value);
  return form;
}

function canonicalObject(value: object, path: string, progress: Progress, onFault: OnFault): unknown {
  const inner = (part: unknown, name: string) => canonical(part, `${path}${name}`, progress, onFault);
  const fields = () => ownFields(value, path, inner, onFault);
  const entry = progress.kept.of(value);
  if (entry?.to) return special('entry', entry.name, inner(dataForKey(entry, value, path, onFault), ''));
  const name = entry?.isNamed ? entry.name : className(value);
  const shown = () => (entry?.isNamed ? [] : shownState(value, path, inner, onFault));

  if (Array.isArray(value)) return canonicalArray(value, name, fields, shown, inner);
  if (isPlain(value)) return fields();
  const built = canonicalBuiltIn(value, inner);
  if (built) return extendedBuiltIn(built, name, fields(), shown);
  const hidden = entry ? undefined : hiddenState(value);
  if (hidden) return onFault(path, `is ${hidden}${unlessListed}`);
  return special('class', name, fields(), ...shown());
}

type Inner = (part: unknown, name: string) => unknown;

function canonicalArray(
  array: readonly unknown[],
  name: string,
  fields: () => object,
  shown: () => readonly unknown[],
  inner: Inner,
): unknown {
  // A hole is no undefined, and an array may bear properties besides its elements.
  const names = Object.keys(array).filter((name) => !isAbsent(array, name));
  const isDense = names.length === array.length && names.every((name, index) => name === String(index));
  if (name !== 'Array') return special('Array', name, array.length, fields(), ...shown());
  if (!isDense || Object.getOwnPropertySymbols(array).some((symbol) => !isAbsent(array, symbol)))
    return special('Array', name, array.length, fields());
  return array.map((part, index) => inner(part, `[${index}]`));
}

function ownFields(value: object, path: string, inner: Inner, onFault: OnFault): Record<string, unknown> {
  const symbols = Object.getOwnPropertySymbols(value);
  const isShown = (symbol: symbol) => Object.prototype.propertyIsEnumerable.call(value, symbol);
  if (symbols.some((symbol) => isShown(symbol) && !isAbsent(value, symbol))) {
    return onFault(path, 'has a property whose name is a symbol');
  }
  // Without a prototype, so that a property named __proto__ is a property like any other.
  const fields: Record<string, unknown> = Object.create(null);
  // The elements of bytes are told by the bytes; integer names always come first.
  const names = isBareBytes(value) ? [] : Object.keys(value).slice(isTypedArray(value) ? value.length : 0);
  for (const name of names) {
    const part = (value as Record<string, unknown>)[name];
    if (isItsClass(value, name) || isAbsent(value, name, part)) continue;
    fields[name.startsWith('$') ? `$${name}` : name] = inner(part, nameInPath(name));
  }
  return fields;
}

function extendedBuiltIn(
  [kind, ...parts]: readonly [string, ...unknown[]],
  name: string,
  extra: object,
  shown: () => readonly unknown[],
): unknown {
  // A subclass of a built-in class, or one that bears properties, is told apart from the class itself.
  if (name !== kind) return special(kind, ...parts, name, extra, ...shown());
  return special(kind, ...parts, ...(Object.keys(extra).length > 0 ? [name, extra] : []));
}

/** What an instance shows of its private state, where it has any. */
function shownState(value: object, path: string, inner: Inner, onFault: OnFault): readonly unknown[] {
  const name = className(value);
  const fault = describeBorrowedNameFault(name);
  if (fault) return onFault(path, `is an instance of a class named "${name}", which ${fault}${unlessListed}`);
  if (!hasPrivateFields(Object.getPrototypeOf(value))) return [];
  const { toJSON } = value as { toJSON?: unknown };
  // A toJSON that is inherited from a built-in class knows nothing of it.
  if (typeof toJSON !== 'function' || Function.prototype.toString.call(toJSON).includes('[native code]'))
    return onFault(path, `is an instance of ${name}, which has private fields${unlessListed}`);
  return [inner(toJSON.call(value, ''), '.toJSON()')];
}

/** The kind and the content of an instance of a class that the language or Node.js brings. */
function canonicalBuiltIn(value: object, inner: Inner): readonly [string, ...unknown[]] | undefined {
  if (isDate(value)) return ['Date', Number.isNaN(value.getTime()) ? null : value.toISOString()];
  if (isRegExp(value)) return ['RegExp', value.source, value.flags, value.lastIndex];
  // Its own entries, whatever iterator it shows.
  if (isMap(value))
    return [
      'Map',
      sorted([...Map.prototype.entries.call(value)], ([key, part]) => [
        inner(key, '.key'),
        inner(part, '.value'),
      ]),
    ];
  if (isSet(value))
    return ['Set', sorted([...Set.prototype.values.call(value)], (part) => inner(part, '.member'))];
  if (isAnyArrayBuffer(value))
    return [kindOf(value) ?? 'SharedArrayBuffer', Buffer.from(value).toString('base64')];
  if (ArrayBuffer.isView(value)) {
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64');
    return [Buffer.isBuffer(value) ? 'Buffer' : (kindOf(value) ?? 'ArrayBufferView'), bytes];
  }
  if (isBoxedPrimitive(value)) return [kindOf(value) ?? 'Symbol', inner(value.valueOf(), '.valueOf()')];
  if (isNativeError(value)) {
    const { name, message, cause } = value;
    const errors = (value as { errors?: unknown }).errors;
    return ['Error', name, message, inner(cause, '.cause'), inner(errors, '.errors')];
  }
  const kind = kindOf(value);
  return kind !== undefined && className(value) === kind.replace('Temporal.', '')
    ? [kind, String(value)]
    : undefined;
}

function sorted<T>(parts: readonly T[], form: (part: T) => unknown): unknown[] {
  return parts
    .map((part) => form(part))
    .map((part) => ({ part, text: stringify(part) }))
    .sort((a, b) => (a.text < b.text ? -1 : Number(a.text > b.text)))
    .map(({ part }) => part);
}
