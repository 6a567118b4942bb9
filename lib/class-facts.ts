import { isGeneratorObject, isProxy, isTypedArray } from 'node:util/types';

/** An object that holds data and nothing else, of this realm or another. */
export function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || isPlainPrototype(prototype as object);
}

function isPlainPrototype(value: object): boolean {
  return Object.getPrototypeOf(value) === null && Object.hasOwn(value, 'isPrototypeOf');
}

/** What the language calls this kind of object. */
export function tagOf(value: object): string {
  return Object.prototype.toString.call(value).slice(8, -1);
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
  if (Symbol.iterator in value || Symbol.asyncIterator in value)
    return 'an iterable, whose members are not its fields';
  const isNative = classSources(Object.getPrototypeOf(value)).some(isNativeSource);
  return isNative ? `an instance of ${className(value)}, whose content is hidden` : undefined;
}

// A private field that matters is read somewhere in its class. Compilers turn that into calls of these helpers
// where the target has no private fields.
const privateField = /[.?]\s*#[\p{ID_Start}$_]/u;
const privateHelper = /__classPrivateField|__private(?:Add|Get|Set)|_class_?[pP]rivate/;

/** Whether instances of this prototype have `#private` fields. */
export function hasPrivateFields(prototype: object): boolean {
  return classSources(prototype).some(readsPrivateField);
}

/** Whether instances of this prototype have content that is not in their fields. Errors have none. */
export function hasHiddenContent(prototype: object): boolean {
  const isError = (source: string) => /^function \w*Error\(\)/.test(source);
  return (
    hasPrivateFields(prototype) ||
    classSources(prototype).some((source) => isNativeSource(source) && !isError(source))
  );
}

function readsPrivateField(source: string): boolean {
  // Most classes have no #, and the letters of all languages take a while to get ready.
  return (source.includes('#') && privateField.test(source)) || privateHelper.test(source);
}

function isNativeSource(source: string): boolean {
  return source.includes('[native code]');
}

function classSources(prototype: object): string[] {
  const sources: string[] = [];
  for (let at: object | null = prototype; at && !isPlainPrototype(at); at = Object.getPrototypeOf(at)) {
    // It may have a parent without end.
    if (isProxy(at)) return [...sources, '[native code]'];
    const maker: unknown = Object.getOwnPropertyDescriptor(at, 'constructor')?.value;
    sources.push(typeof maker === 'function' ? Function.prototype.toString.call(maker) : '[native code]');
  }
  return sources;
}
