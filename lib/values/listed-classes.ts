import { isNativeError } from 'node:util/types';
import type { AnyClass, ClassEntry } from '../options/options.js';
import { parentOf } from '../options/reading.js';
import { isLate } from '../options/synchronous.js';
import { className, hasOwnInstanceTest, isInstance, isObject, isPlain, prototypesOf } from './class-facts.js';
import { UnstorableError } from './unstorable-error.js';

/** A class from the options `classes` and `remember`. Its instances replay as instances. */
export interface ListedClass {
  readonly class: { readonly prototype: object };
  /** Its name in records and keys. */
  readonly name: string;
  /** Whether its entry names it. Keys then have that name, and not the class's. */
  readonly isNamed: boolean;
  /** Whether instances of subclasses count, too. They do for everything that `remember` lists. */
  readonly isInherited: boolean;
  readonly to?: ((instance: unknown) => unknown) | undefined;
  readonly from?: ((data: unknown) => unknown) | undefined;
}

const nativeErrorNames =
  'Error EvalError RangeError ReferenceError SyntaxError TypeError URIError AggregateError SuppressedError DOMException';

type ErrorClass = new (...args: never[]) => Error;

/** The error classes of the language and of Node.js, by name. */
export const nativeErrors: ReadonlyMap<string, ErrorClass> = new Map(
  nativeErrorNames
    .split(' ')
    // An older Node.js lacks the last but one.
    .filter((name) => name in globalThis)
    .map((name): [string, ErrorClass] => [name, Reflect.get(globalThis, name)]),
);

/** Returns the name of the native error class that has this prototype. */
export function nativeErrorOf(prototype: object): string | undefined {
  const name = className(prototype);
  return nativeErrors.get(name)?.prototype === prototype ? name : undefined;
}

export function isError(value: unknown): value is Error {
  return isNativeError(value) || value instanceof Error;
}

/** The one test of which listed class a value is an instance of: for remembering, for replays and for keys. */
export class ListedClasses {
  readonly #byPrototype: ReadonlyMap<object, ListedClass>;
  readonly #withOwnTest: readonly ListedClass[];

  constructor(readonly all: readonly ListedClass[]) {
    this.#byPrototype = new Map(all.map((one) => [one.class.prototype, one]));
    this.#withOwnTest = all.filter((one) => hasOwnInstanceTest(one.class));
  }

  /** Returns the class of an instance, if it is listed. Of what may be thrown, the nearest listed parent counts, too. */
  of(value: unknown): ListedClass | undefined {
    if (this.all.length === 0 || !isObject(value)) return undefined;
    const prototype = parentOf(value) as object | null;
    const own = prototype && this.#byPrototype.get(prototype);
    if (own) return own;
    const inherited = this.#inheritedBy(value);
    if (inherited && !isNative(inherited)) return inherited;
    // A class with an instance test of its own may take plain data for an instance, or what `to` made of one.
    if (isPlain(value)) return inherited;
    const isThrowable = isError(value);
    const tested = this.#withOwnTest.find(
      (one) => (isThrowable || one.isInherited || one.to) && isInstance(value, one.class),
    );
    return tested ?? inherited;
  }

  /** Returns the listed class as which a value is stored. A native error stays one where only its native parent is listed. */
  storedAs(value: unknown): ListedClass | undefined {
    const one = this.of(value);
    return one && !one.to && isNative(one) ? undefined : one;
  }

  #inheritedBy(value: object): ListedClass | undefined {
    for (const prototype of prototypesOf(value)) {
      const found = this.#byPrototype.get(prototype);
      if (found && (found.isInherited || isError(value))) return found;
    }
    return undefined;
  }
}

function isNative({ class: { prototype } }: ListedClass): boolean {
  return nativeErrorOf(prototype) !== undefined || prototype === Object.prototype;
}

type Listed = readonly (AnyClass | ClassEntry)[] | undefined;

/**
 * Returns the classes of both options. A class that is in both, once as an entry, is stored as its entry says.
 *
 * @returns the name that two of them share, where they cannot be told apart.
 */
export function listedClasses(
  classes: Listed,
  remember: Listed,
): ListedClasses | { readonly duplicate: string } {
  const found = new Map<object, ListedClass>();
  for (const one of [...(remember ?? []).map(inheritedClass), ...(classes ?? []).map(ownClass)]) {
    const known = found.get(one.class);
    const differs =
      known?.isNamed &&
      one.isNamed &&
      (known.name !== one.name || known.to !== one.to || known.from !== one.from);
    const other = [...found.values()].find(({ name, class: of }) => name === one.name && of !== one.class);
    if (differs || other) return { duplicate: one.name };
    const isInherited = one.isInherited || known?.isInherited === true;
    found.set(one.class, { ...(known?.isNamed ? known : one), isInherited });
  }
  return new ListedClasses([...found.values()]);
}

/** Returns the classes of `remember` alone. */
export function rememberedClasses(remember: Listed): ListedClasses {
  return new ListedClasses((remember ?? []).map(inheritedClass));
}

function inheritedClass(listed: AnyClass | ClassEntry): ListedClass {
  return { ...ownClass(listed), isInherited: true };
}

function ownClass(listed: AnyClass | ClassEntry): ListedClass {
  return typeof listed === 'function'
    ? { class: listed as { prototype: object }, name: listed.name, isNamed: false, isInherited: false }
    : { ...listed, isNamed: true, isInherited: false };
}

/** Returns what `to` makes of an instance. */
export function dataOf(one: ListedClass, instance: object): unknown {
  const data = resultOf(one, 'to', () => one.to?.(instance));
  if (data === instance) throw wrongEntry(one, 'to', 'returned the instance itself');
  return data;
}

/** Does the same for a key. It reports a fault with the place of the instance. */
export function dataForKey(
  one: ListedClass,
  instance: object,
  path: string,
  onFault: (path: string, why: string) => never,
): unknown {
  try {
    return dataOf(one, instance);
  } catch (error) {
    if (error instanceof UnstorableError)
      return onFault(path, `is an instance of a class in \`classes\` where ${error.message}`);
    throw error;
  }
}

/** Returns the instance that `from` makes of what `to` made. */
export function instanceOf(one: ListedClass, data: unknown): unknown {
  const instance = resultOf(one, 'from', () => one.from?.(data));
  if (isInstance(instance, one.class)) return instance;
  throw wrongEntry(one, 'from', 'returned no instance of its class');
}

// The message of an error from an application's function may contain a payload, so it is not repeated.
function resultOf(one: ListedClass, which: 'to' | 'from', convert: () => unknown): unknown {
  let fault = 'threw';
  try {
    const result = convert();
    if (!isLate(result)) return result;
    fault = 'returned a promise; it must be synchronous';
  } catch (error) {
    if (error instanceof UnstorableError) throw error;
  }
  throw wrongEntry(one, which, fault);
}

function wrongEntry({ name }: ListedClass, which: 'to' | 'from', fault: string): UnstorableError {
  return new UnstorableError(`\`${which}\` of the entry "${name}" ${fault}`);
}
