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

const typedArrays: object = Object.getPrototypeOf(Uint8Array.prototype);
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

/**
 * The kind of a value that has a built-in's content, by what it has inside: what it calls itself, by `Symbol.toStringTag`
 * or by its class, is no proof. Only those kinds whose content can be read and made again have a name here.
 */
export function kindOf(value: object): string | undefined {
  if (isTypedArray(value)) return typedArrayName.call(value) as string;
  const test = tests.find(([, is]) => is(value));
  if (test) return test[0];
  // These have no test of their own. What they call themselves leaves few to be asked for their content.
  const tag = tagOf(value);
  if (tag === 'URL') return reads(textOfUrl, value) ? tag : undefined;
  if (tag === 'URLSearchParams') return reads(textOfParams, value) ? tag : undefined;
  return tag.startsWith('Temporal.') && isTemporal(value, tag) ? tag : undefined;
}

/** What an object calls itself. */
export function tagOf(value: object): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}

/** The prototype that a built-in kind's own instances have. */
export function prototypeOfKind(kind: string): object | undefined {
  const [outer, inner] = kind.split('.') as [string, string?];
  const found = (globalThis as Record<string, unknown>)[outer] as Record<string, unknown> | undefined;
  return ((inner === undefined ? found : found?.[inner]) as { prototype?: object } | undefined)?.prototype;
}

// A library that brings Temporal along is not the one that a replay asks.
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
