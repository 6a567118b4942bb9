import {
  isAnyArrayBuffer,
  isBoxedPrimitive,
  isDate,
  isMap,
  isNativeError,
  isProxy,
  isRegExp,
  isSet,
  isTypedArray,
} from 'node:util/types';
import stringify from 'fast-json-stable-stringify';
import { describeBorrowedNameFault } from '../process/names/names.js';
import { bytesIn, entriesOf, isIndex, kindOf, membersOf } from '../values/built-in-kinds.js';
import {
  className,
  hasNameOfKind,
  hasPrivateFields,
  hiddenState,
  isBareBytes,
  isNativeFunction,
  isPlain,
} from '../values/class-facts.js';
import { withExactNumbers } from '../values/json/exact-json.js';
import { type AnyNumber, ExactNumber, isJsonNumber, plain } from '../values/json/exact-number.js';
import { dataForKey, type ListedClasses } from '../values/listed-classes.js';
import { isItsClass } from '../values/own-properties.js';
import { nameInPath, unlessListed } from '../values/part-path.js';

/** Reports where and why a value cannot be told apart from another. It never returns. */
export type OnFault = (path: string, why: string) => never;

/** The most parts that are compared. They take about a second. An object in several places counts for each place. */
const MOST_PARTS = 250_000;

/**
 * Returns the text by which a value is compared. Two values have the same text exactly when they are deep-equal, where
 * the order of properties, Map entries and Set members does not count. Plain JSON is its own form. The form of any other
 * value is an object with the single property `$`. A plain property that begins with `$` gets one more `$`, so that it
 * never equals such a form.
 */
export function canonicalText(value: unknown, listed: ListedClasses, onFault: OnFault): string {
  try {
    if (isOwnForm(value, listed, { parts: 0 })) return stringify(value);
    return stringify(canonical(value, '', { listed, ancestors: new Set(), parts: 0 }, onFault));
  } catch (error) {
    if (error instanceof RangeError) return onFault('', 'is nested too deeply');
    throw error;
  }
}

/** How far a value is searched for what is no plain JSON. Larger ones are few, and so are those that contain themselves. */
const MOST_SEARCHED = 1_000;

/** Whether a value is plain JSON, of which no form has to be made. For what is large it may be `false`, too. */
function isOwnForm(value: unknown, listed: ListedClasses, search: { parts: number }): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      return isJsonNumber(value);
    case 'object':
      return value === null || areOwnForms(value, listed, search);
    default:
      return false;
  }
}

function areOwnForms(value: object, listed: ListedClasses, search: { parts: number }): boolean {
  // A proxy, like a getter, may say something else when it is read again.
  if (isProxy(value) || listed.of(value)) return false;
  const isList = Array.isArray(value);
  if (Object.getPrototypeOf(value) !== (isList ? Array : Object).prototype) return false;
  // Before its names are listed, which for millions of elements takes a second.
  if (isList && value.length > MOST_SEARCHED) return false;
  if (Object.getOwnPropertySymbols(value).length > 0) return false;
  const names = Object.keys(withExactNumbers(value));
  search.parts += names.length + 1;
  if (search.parts > MOST_SEARCHED) return false;
  // Other names come after the indices.
  if (isList && (names.length !== value.length || !isIndex(names.at(-1) ?? '0'))) return false;
  return names.every((name) => {
    const part = Object.getOwnPropertyDescriptor(value, name);
    if (name.startsWith('$') || !part || !('value' in part)) return false;
    // A property that is `undefined` has no text either.
    return (part.value === undefined && !isList) || isOwnForm(part.value, listed, search);
  });
}

/** The form of what is no plain JSON. No plain value has an equal form. */
function special(kind: string, ...parts: readonly unknown[]): { readonly $: readonly unknown[] } {
  return { $: [kind, ...parts] };
}

/** How far the comparison has come. */
interface Progress {
  readonly listed: ListedClasses;
  readonly ancestors: Set<object>;
  parts: number;
}

function canonical(value: unknown, path: string, progress: Progress, onFault: OnFault): unknown {
  progress.parts += 1;
  // The length of a list counts at once, holes included, before any element is read.
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
  const form = canonicalObject(withExactNumbers(value), path, progress, onFault);
  progress.ancestors.delete(value);
  return form;
}

/** One form for all ways to write a number: a double where one holds it, else the form of a bigint or a decimal. */
function numberForm(value: AnyNumber): unknown {
  const number = plain(value);
  if (typeof number === 'number')
    return isJsonNumber(number) ? number : special('number', Object.is(number, -0) ? '-0' : String(number));
  const exact = number instanceof ExactNumber ? number : new ExactNumber(String(number));
  return special(exact.isInteger ? 'bigint' : 'number', exact.text);
}

function canonicalObject(value: object, path: string, progress: Progress, onFault: OnFault): unknown {
  const inner = (part: unknown, name: string) => canonical(part, `${path}${name}`, progress, onFault);
  const fields = () => ownFields(value, path, inner, onFault);
  const entry = progress.listed.of(value);
  if (entry?.to) return special('entry', entry.name, inner(dataForKey(entry, value, path, onFault), ''));
  const name = entry?.isNamed ? entry.name : className(value);
  const shown = () => (entry?.isNamed ? [] : shownState(value, path, inner, onFault));

  if (Array.isArray(value)) return canonicalArray(value, name, fields, shown, inner);
  if (isPlain(value)) return fields();
  const builtIn = canonicalBuiltIn(value, inner);
  if (builtIn) return extendedBuiltIn(builtIn, name, fields(), shown);
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
  // It has no prototype, so that a property named __proto__ is a property like any other.
  const fields: Record<string, unknown> = Object.create(null);
  // The bytes are compared apart, so their elements are left out here. Integer names always come first.
  const names = isBareBytes(value) ? [] : Object.keys(value).slice(isTypedArray(value) ? value.length : 0);
  for (const name of names) {
    const part = (value as Record<string, unknown>)[name];
    if (isItsClass(value, name) || isAbsent(value, name, part)) continue;
    fields[name.startsWith('$') ? `$${name}` : name] = inner(part, nameInPath(name));
  }
  return fields;
}

/**
 * Whether a property counts as absent. One that is `undefined` does, since every wire format drops it. An element of a
 * list does not.
 */
function isAbsent(
  value: object,
  name: string | symbol,
  part = (value as Record<string | symbol, unknown>)[name],
): boolean {
  return part === undefined && !(Array.isArray(value) && isIndex(name));
}

function extendedBuiltIn(
  [kind, ...parts]: readonly [string, ...unknown[]],
  name: string,
  extra: object,
  shown: () => readonly unknown[],
): unknown {
  // An instance of a subclass, or one with properties of its own, differs from one of the built-in class.
  if (name !== kind) return special(kind, ...parts, name, extra, ...shown());
  return special(kind, ...parts, ...(Object.keys(extra).length > 0 ? [name, extra] : []));
}

/** Returns what an instance shows of its private state, where it has any. */
function shownState(value: object, path: string, inner: Inner, onFault: OnFault): readonly unknown[] {
  const name = className(value);
  const fault = describeBorrowedNameFault(name);
  if (fault) return onFault(path, `is an instance of a class named "${name}", which ${fault}${unlessListed}`);
  if (!hasPrivateFields(Object.getPrototypeOf(value))) return [];
  const { toJSON } = value as { toJSON?: unknown };
  // A toJSON that a built-in class brings does not know the private fields.
  if (typeof toJSON !== 'function' || isNativeFunction(toJSON))
    return onFault(path, `is an instance of ${name}, which has private fields${unlessListed}`);
  return [inner(toJSON.call(value, ''), '.toJSON()')];
}

/** Returns the kind and the content of an instance of a class of the language or of Node.js. */
function canonicalBuiltIn(value: object, inner: Inner): readonly [string, ...unknown[]] | undefined {
  if (isDate(value)) return ['Date', Number.isNaN(value.getTime()) ? null : value.toISOString()];
  if (isRegExp(value)) return ['RegExp', value.source, value.flags, value.lastIndex];
  if (isMap(value)) {
    const entries = [...entriesOf(value)];
    return ['Map', sorted(entries, ([key, part]) => [inner(key, '.key'), inner(part, '.value')])];
  }
  if (isSet(value)) return ['Set', sorted([...membersOf(value)], (part) => inner(part, '.member'))];
  if (isAnyArrayBuffer(value))
    return [kindOf(value) ?? 'SharedArrayBuffer', Buffer.from(value).toString('base64')];
  if (ArrayBuffer.isView(value)) {
    const kind = Buffer.isBuffer(value) ? 'Buffer' : (kindOf(value) ?? 'ArrayBufferView');
    return [kind, bytesIn(value).toString('base64')];
  }
  if (isBoxedPrimitive(value)) return [kindOf(value) ?? 'Symbol', inner(value.valueOf(), '.valueOf()')];
  if (isNativeError(value)) {
    const { name, message, cause } = value;
    const errors = (value as { errors?: unknown }).errors;
    return ['Error', name, message, inner(cause, '.cause'), inner(errors, '.errors')];
  }
  const kind = kindOf(value);
  return kind !== undefined && hasNameOfKind(value, kind) ? [kind, String(value)] : undefined;
}

function sorted<T>(parts: readonly T[], form: (part: T) => unknown): unknown[] {
  return parts
    .map((part) => form(part))
    .map((part) => ({ part, text: stringify(part) }))
    .sort((a, b) => (a.text < b.text ? -1 : Number(a.text > b.text)))
    .map(({ part }) => part);
}
