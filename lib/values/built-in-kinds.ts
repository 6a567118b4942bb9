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
import { parentOf } from '../options/reading.js';

/** The prototype that all typed arrays share. */
export const typedArrays = parentOf(Uint8Array.prototype) as object;

const tests: readonly (readonly [kind: string, is: (value: object) => boolean])[] = Object.entries({
  Array: Array.isArray,
  Map: isMap,
  Set: isSet,
  Date: isDate,
  RegExp: isRegExp,
  ArrayBuffer: isArrayBuffer,
  DataView: isDataView,
  Number: isNumberObject,
  String: isStringObject,
  Boolean: isBooleanObject,
  BigInt: isBigIntObject,
});

/** Whether a replay can make this kind again for a class that extends it, too. Typed arrays are known by their parent. */
export function isExtensibleKind(prototype: object | undefined): boolean {
  return (
    parentOf(Object(prototype)) === typedArrays ||
    [...tests.map(([kind]) => kind), 'URL', 'URLSearchParams'].some(
      (kind) => prototypeOfKind(kind) === prototype,
    )
  );
}

/**
 * Returns the kind of a value that has a built-in's content. It reads internal slots: `Symbol.toStringTag` and the class
 * prove nothing. Only kinds whose content can be read and made again have a name here.
 */
export function kindOf(value: object): string | undefined {
  if (isTypedArray(value)) return Reflect.get(typedArrays, Symbol.toStringTag, value) as string;
  const test = tests.find(([, is]) => is(value));
  if (test) return test[0];
  // These kinds have no test of their own. The tag tells which few values are worth a try at their content.
  const tag = Object.prototype.toString.call(value).slice(8, -1);
  return /^(?:URL(?:SearchParams)?$|Temporal\.)/.test(tag) && hasTextOf(tag, value) ? tag : undefined;
}

/** Returns the prototype of a built-in kind's own instances. */
export function prototypeOfKind(kind: string): object | undefined {
  // biome-ignore lint/suspicious/noExplicitAny: a property of the global object, or of a property of it
  return kind.split('.').reduce<any>((found, name) => found?.[name], globalThis)?.prototype;
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

/**
 * Whether the method that writes such a kind as text accepts a value. A replay makes Temporal's values by the global classes, so an
 * instance of a library's own Temporal is of no such kind.
 */
function hasTextOf(kind: string, value: object): boolean {
  try {
    (prototypeOfKind(kind) as object).toString.call(value);
    return true;
  } catch {
    return false;
  }
}
