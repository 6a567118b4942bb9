import { isGeneratorObject, isProxy, isTypedArray } from 'node:util/types';
import { ownValue, parentOf, sourceOf } from '../options/reading.js';
import { isExtensibleKind, typedArrays } from './built-in-kinds.js';

export { isObject } from '../options/reading.js';

/** Whether an object holds data and nothing else, in this realm or another. */
export function isPlain(value: object): boolean {
  const prototype: unknown = parentOf(value);
  return prototype === Object.prototype || prototype === null || isPlainPrototype(prototype as object);
}

function isPlainPrototype(value: object): boolean {
  return parentOf(value) === null && Object.hasOwn(value, 'isPrototypeOf');
}

/** Returns the prototypes of an object, the nearest first. It stops at a proxy, whose parents may never end. */
export function* prototypesOf(value: object): Iterable<object> {
  for (let at = parentOf(value); at && !isProxy(at); at = parentOf(at)) yield at;
}

/**
 * Whether these are bytes or numbers without any property of their own. A megabyte of them has a million names, which
 * take a hundred times as long as this comparison.
 */
export function isBareBytes(value: object): boolean {
  if (!isTypedArray(value)) return false;
  const isBuiltIn = Buffer.isBuffer(value) || parentOf(parentOf(value) as object) === typedArrays;
  return isBuiltIn && process.getBuiltinModule('node:util').isDeepStrictEqual(value, value.subarray());
}

/** Returns the name of an object's class, or an empty text where it has none. */
export function className(value: object): string {
  const name: unknown = (value as { constructor?: { name?: unknown } }).constructor?.name;
  return typeof name === 'string' ? name : '';
}

/** Whether an instance's class has the name of its built-in kind. That is also true for the class of another realm. */
export function hasNameOfKind(value: object, kind: string): boolean {
  return className(value) === kind.replace('Temporal.', '');
}

/** Says what an object is whose content cannot be read from outside. */
export function hiddenState(value: object): string | undefined {
  const { then, pipe, getReader } = value as Record<string, unknown>;
  if (typeof then === 'function') return 'a promise';
  if (typeof pipe === 'function' || typeof getReader === 'function') return 'a stream';
  if (isGeneratorObject(value)) return 'a generator';
  if (makersOf(parentOf(value)).some(isBuiltIn))
    return `an instance of ${className(value)}, whose content is hidden`;
  const isIterable = Symbol.iterator in value || Symbol.asyncIterator in value;
  return isIterable ? 'an iterable, whose members are not its fields' : undefined;
}

// The class reads each private field that matters somewhere in its source. For targets without private fields, compilers
// replace that by calls of these functions.
const privateField = /[.?]\s*#[\p{ID_Start}$_]/u;
const privateHelper = /__classPrivateField|__private(?:Add|Get|Set)|_class_?[pP]rivate/;

/** Whether instances of this prototype have `#private` fields. */
export function hasPrivateFields(prototype: object | null): boolean {
  return makersOf(prototype).some(readsPrivateField);
}

/** Says why instances of this class cannot be made again from their fields alone. Returns nothing where they can. */
export function revivalFault(one: Maker & { readonly prototype: object }): string | undefined {
  const { prototype } = one;
  // A prototype that was assigned as an object literal does not name its class.
  const makers = Object.hasOwn(prototype, 'constructor')
    ? makersOf(prototype)
    : [one, ...makersOf(parentOf(prototype))];
  const ownMakers = makers.filter((maker) => !isExtensible(maker));
  if (ownMakers.some(isBuiltIn))
    return 'is a built-in class, or extends one, whose content a replay cannot restore';
  if (ownMakers.some(readsPrivateField)) return 'has private fields';
  if (typeof (prototype as { then?: unknown }).then === 'function')
    return 'has a then(), which makes its instances promises';
  const refusesRevived =
    hasOwnInstanceTest(one) && !(prototype instanceof Error) && !isInstance(Object.create(prototype), one);
  return refusesRevived
    ? 'decides by Symbol.hasInstance what its instances are, and their fields alone do not satisfy it'
    : undefined;
}

type Maker = (...args: never[]) => unknown;

/** Whether a class has a `Symbol.hasInstance` of its own, so that the prototype alone does not decide. */
export function hasOwnInstanceTest(one: unknown): boolean {
  return (one as Maker)[Symbol.hasInstance] !== Function.prototype[Symbol.hasInstance];
}

/** Does what `instanceof` does. A class whose `Symbol.hasInstance` throws has no instances. */
export function isInstance(value: unknown, one: unknown): boolean {
  try {
    return value instanceof (one as Maker);
  } catch {
    return false;
  }
}

/** Whether a function is part of the language or of Node.js. */
export function isNativeFunction(fn: object): boolean {
  return sourceOf(fn).includes('[native code]');
}

// What a replay makes by the built-in class itself, and then turns into an instance of a class that extends it.
function isExtensible(maker: Maker | undefined): boolean {
  if (maker === undefined) return false;
  const { name, prototype } = maker;
  return (
    (isNativeFunction(maker) && /^\w*Error$/.test(name)) ||
    [Buffer.prototype, DOMException.prototype, typedArrays].includes(prototype) ||
    isExtensibleKind(prototype)
  );
}

// Built-in classes are native, or properties of the global object that are not enumerable. A class that an application puts there
// by assignment can be listed.
function isBuiltIn(maker: Maker | undefined): boolean {
  if (maker === undefined || isNativeFunction(maker)) return true;
  const place = Object.getOwnPropertyDescriptor(globalThis, maker.name);
  return place?.enumerable === false && Reflect.get(globalThis, maker.name) === maker;
}

function readsPrivateField(maker: Maker | undefined): boolean {
  const source = maker ? sourceOf(maker) : '';
  // Most classes have no `#`, and the Unicode pattern is slow the first time.
  return (source.includes('#') && privateField.test(source)) || privateHelper.test(source);
}

/** Returns the classes that made the instances of a prototype; `undefined` stands for one that is not named. */
function makersOf(prototype: object | null): (Maker | undefined)[] {
  const makers: (Maker | undefined)[] = [];
  for (let at = prototype; at && !isPlainPrototype(at); at = parentOf(at)) {
    // The parents of a proxy may never end.
    if (isProxy(at)) return [...makers, undefined];
    const maker = ownValue(at, 'constructor');
    makers.push(typeof maker === 'function' ? (maker as Maker) : undefined);
  }
  return makers;
}
