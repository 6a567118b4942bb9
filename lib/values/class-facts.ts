import { isGeneratorObject, isProxy, isTypedArray } from 'node:util/types';
import { prototypeOfKind } from './built-in-kinds.js';

/** An object that holds data and nothing else, of this realm or another. */
export function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || isPlainPrototype(prototype as object);
}

function isPlainPrototype(value: object): boolean {
  return Object.getPrototypeOf(value) === null && Object.hasOwn(value, 'isPrototypeOf');
}

const typedArrays: object = Object.getPrototypeOf(Uint8Array.prototype);

/**
 * Whether these are bytes or numbers without any property of their own. A megabyte of them has a million names, which
 * take a hundred times as long as this comparison.
 */
export function isBareBytes(value: object): boolean {
  if (!isTypedArray(value)) return false;
  const prototype: object = Object.getPrototypeOf(value);
  const isBuiltIn = Buffer.isBuffer(value) || Object.getPrototypeOf(prototype) === typedArrays;
  return isBuiltIn && process.getBuiltinModule('node:util').isDeepStrictEqual(value, value.subarray());
}

/** The name of an object's class, empty where it has none. */
export function className(value: object): string {
  const name: unknown = (value as { constructor?: { name?: unknown } }).constructor?.name;
  return typeof name === 'string' ? name : '';
}

/** What an object is whose content nobody can see from outside. */
export function hiddenState(value: object): string | undefined {
  const { then, pipe, getReader } = value as Record<string, unknown>;
  if (typeof then === 'function') return 'a promise';
  if (typeof pipe === 'function' || typeof getReader === 'function') return 'a stream';
  if (isGeneratorObject(value)) return 'a generator';
  const prototype: object | null = Object.getPrototypeOf(value);
  const hasContent = prototype && makersOf(prototype).some((one) => isNative(one) || isGlobalClass(one));
  if (hasContent) return `an instance of ${className(value)}, whose content is hidden`;
  const isIterable = Symbol.iterator in value || Symbol.asyncIterator in value;
  return isIterable ? 'an iterable, whose members are not its fields' : undefined;
}

// A private field that matters is read somewhere in its class. Compilers turn that into calls of these helpers
// where the target has no private fields.
const privateField = /[.?]\s*#[\p{ID_Start}$_]/u;
const privateHelper = /__classPrivateField|__private(?:Add|Get|Set)|_class_?[pP]rivate/;

/** Whether instances of this prototype have `#private` fields. */
export function hasPrivateFields(prototype: object): boolean {
  return makersOf(prototype).some((one) => one !== undefined && readsPrivateField(sourceOf(one)));
}

// What a replay makes anew by the built-in class itself, and then makes an instance of a class that extends it.
const extensible = [
  ...[
    'Array',
    'Map',
    'Set',
    'Date',
    'RegExp',
    'ArrayBuffer',
    'DataView',
    'Number',
    'String',
    'Boolean',
    'BigInt',
  ],
  ...['Uint8Array', 'Uint8ClampedArray', 'Uint16Array', 'Uint32Array', 'BigUint64Array', 'Float32Array'],
  ...['Int8Array', 'Int16Array', 'Int32Array', 'BigInt64Array', 'Float64Array', 'URL', 'URLSearchParams'],
];

/** Why instances of this class cannot be made again of their fields alone, where they cannot. */
export function revivalFault(one: Maker & { readonly prototype: object }): string | undefined {
  const { prototype } = one;
  // A prototype that was written down as an object does not say whose it is.
  const makers = Object.hasOwn(prototype, 'constructor')
    ? makersOf(prototype)
    : [one, ...makersOf(Object.getPrototypeOf(prototype))];
  const ownMakers = makers.filter((maker) => !isExtensible(maker));
  const isHidden = ownMakers.some((maker) => isNative(maker) || isGlobalClass(maker));
  if (isHidden) return 'is a built-in class, or extends one, whose content no record can bring back';
  if (ownMakers.some((maker) => maker !== undefined && readsPrivateField(sourceOf(maker))))
    return 'has private fields';
  if (typeof (prototype as { then?: unknown }).then === 'function')
    return 'has a then(), which makes its instances promises';
  return tellsByItself(one) && !isError(prototype) && !isInstance(Object.create(prototype), one)
    ? 'tells its instances by Symbol.hasInstance, which no fields of theirs satisfy'
    : undefined;
}

type Maker = (...args: never[]) => unknown;

/** Whether a class decides by itself, and not by its prototype, what is an instance of it. */
export function tellsByItself(one: unknown): boolean {
  return (one as Maker)[Symbol.hasInstance] !== Function.prototype[Symbol.hasInstance];
}

/** `instanceof`, which a class may have made into something that throws. */
export function isInstance(value: unknown, one: unknown): boolean {
  try {
    return value instanceof (one as Maker);
  } catch {
    return false;
  }
}

function isError(prototype: object): boolean {
  return prototype instanceof Error;
}

function isExtensible(maker: Maker | undefined): boolean {
  if (maker === undefined) return false;
  const isOwnError = isNative(maker) && /^\w*Error$/.test(maker.name);
  const isKept = [Buffer.prototype, DOMException.prototype, typedArrays].includes(maker.prototype);
  return isOwnError || isKept || extensible.some((kind) => prototypeOfKind(kind) === maker.prototype);
}

// By the place where everybody finds it. What an application puts there by itself can be listed.
function isGlobalClass(maker: Maker | undefined): boolean {
  const place = maker && Object.getOwnPropertyDescriptor(globalThis, maker.name);
  return place?.enumerable === false && (globalThis as Record<string, unknown>)[maker?.name ?? ''] === maker;
}

function isNative(maker: Maker | undefined): boolean {
  return maker === undefined || sourceOf(maker).includes('[native code]');
}

function readsPrivateField(source: string): boolean {
  // Most classes have no #, and the letters of all languages take a while to get ready.
  return (source.includes('#') && privateField.test(source)) || privateHelper.test(source);
}

function sourceOf(maker: Maker): string {
  return Function.prototype.toString.call(maker);
}

/** The classes that instances of a prototype are made by; nothing for one that does not say. */
function makersOf(prototype: object): (Maker | undefined)[] {
  const makers: (Maker | undefined)[] = [];
  for (let at: object | null = prototype; at && !isPlainPrototype(at); at = Object.getPrototypeOf(at)) {
    // It may have a parent without end.
    if (isProxy(at)) return [...makers, undefined];
    const maker: unknown = Object.getOwnPropertyDescriptor(at, 'constructor')?.value;
    makers.push(typeof maker === 'function' ? (maker as Maker) : undefined);
  }
  return makers;
}
