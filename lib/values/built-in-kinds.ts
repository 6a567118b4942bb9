import {
  isArrayBuffer,
  isBigIntObject,
  isBooleanObject,
  isDataView,
  isDate,
  isMap,
  isNumberObject,
  isRegExp,
  isSet,
  isStringObject,
  isTypedArray,
} from 'node:util/types';

type Read = (this: unknown) => unknown;

/** The prototype that all typed arrays share. */
export const typedArrays: object = Object.getPrototypeOf(Uint8Array.prototype);
const typedArrayName = getterOf(typedArrays, Symbol.toStringTag);
const textOfUrl = getterOf(URL.prototype, 'href');
const textOfParams = URLSearchParams.prototype.toString as Read;

const tests: readonly (readonly [kind: string, is: (value: object) => boolean])[] = [
  ['Array', Array.isArray],
  ['Map', isMap],
  ['Set', isSet],
  ['Date', isDate],
  ['RegExp', isRegExp],
  ['ArrayBuffer', isArrayBuffer],
  ['DataView', isDataView],
  ['Number', isNumberObject],
  ['String', isStringObject],
  ['Boolean', isBooleanObject],
  ['BigInt', isBigIntObject],
];

/** The kinds that a replay can make again, also for a class that extends them. */
export const extensibleKinds: readonly string[] = [
  ...tests.map(([kind]) => kind),
  ...['Uint8Array', 'Uint8ClampedArray', 'Uint16Array', 'Uint32Array', 'BigUint64Array', 'Float32Array'],
  ...['Int8Array', 'Int16Array', 'Int32Array', 'BigInt64Array', 'Float64Array', 'URL', 'URLSearchParams'],
];

/**
 * Returns the kind of a value that has a built-in's content. It reads internal slots: `Symbol.toStringTag` and the class
 * prove nothing. Only kinds whose content can be read and made again have a name here.
 */
export function kindOf(value: object): string | undefined {
  if (isTypedArray(value)) return typedArrayName.call(value) as string;
  const test = tests.find(([, is]) => is(value));
  if (test) return test[0];
  // These kinds have no test of their own. The tag tells which few values are worth a try at their content.
  const tag = tagOf(value);
  if (tag === 'URL') return reads(textOfUrl, value) ? tag : undefined;
  if (tag === 'URLSearchParams') return reads(textOfParams, value) ? tag : undefined;
  return tag.startsWith('Temporal.') && isTemporal(value, tag) ? tag : undefined;
}

/** Returns the prototype of a built-in kind's own instances. */
export function prototypeOfKind(kind: string): object | undefined {
  const [outer, inner] = kind.split('.') as [string, string?];
  const found = (globalThis as Record<string, unknown>)[outer] as Record<string, unknown> | undefined;
  return ((inner === undefined ? found : found?.[inner]) as { prototype?: object } | undefined)?.prototype;
}

/** Returns the entries of a Map, by the method of Map itself: an instance may have an iterator that never ends. */
export function entriesOf(map: object): MapIterator<[unknown, unknown]> {
  return Map.prototype.entries.call(map);
}

/** Returns the members of a Set, by the method of Set itself. */
export function membersOf(set: object): SetIterator<unknown> {
  return Set.prototype.values.call(set);
}

/** Returns the bytes of a view, over the same memory. */
export function bytesIn(view: ArrayBufferView): Buffer {
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength);
}

/** Whether a name is that of a list's element. */
export function isIndex(name: string | symbol): boolean {
  return typeof name === 'string' && /^(?:0|[1-9]\d*)$/.test(name);
}

function tagOf(value: object): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}

// A replay makes Temporal's values by the global classes, so an instance of a library's own Temporal is of no such kind.
function isTemporal(value: object, tag: string): boolean {
  const prototype = prototypeOfKind(tag);
  return prototype !== undefined && reads(prototype.toString as Read, value);
}

function reads(read: Read, value: object): boolean {
  try {
    read.call(value);
    return true;
  } catch {
    return false;
  }
}

function getterOf(prototype: object, name: PropertyKey): Read {
  return Object.getOwnPropertyDescriptor(prototype, name)?.get as Read;
}
