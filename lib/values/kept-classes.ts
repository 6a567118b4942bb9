import { isNativeError, isProxy } from 'node:util/types';
import type { AnyClass, ClassEntry } from '../options/options.js';
import { isLate } from '../options/synchronous.js';
import { isInstance, isPlain, tellsByItself } from './class-facts.js';
import { NotKept } from './not-kept.js';

/** A class whose instances are kept, from the options `classes` and `remember`. */
export interface KeptClass {
  readonly class: { readonly prototype: object };
  /** What records and keys call it. */
  readonly name: string;
  /** Whether it was given a name of its own, which keys then have in place of the class's. */
  readonly isNamed: boolean;
  /** Whether instances of subclasses are its instances, as for everything that `remember` lists. */
  readonly isInherited: boolean;
  readonly to?: ((instance: unknown) => unknown) | undefined;
  readonly from?: ((data: unknown) => unknown) | undefined;
}

const nativeErrorNames = [
  ...['Error', 'EvalError', 'RangeError', 'ReferenceError', 'SyntaxError', 'TypeError', 'URIError'],
  ...['AggregateError', 'SuppressedError', 'DOMException'],
];

type ErrorClass = new (...args: never[]) => Error;

/** The error classes that the language and Node.js bring, by name. */
export const nativeErrors: ReadonlyMap<string, ErrorClass> = new Map(
  nativeErrorNames.flatMap((name) => {
    const found = (globalThis as Record<string, unknown>)[name];
    return typeof found === 'function' ? [[name, found as unknown as ErrorClass]] : [];
  }),
);

const nativePrototypes = new Map<object, string>(
  [...nativeErrors].map(([name, { prototype }]) => [prototype as object, name]),
);

/** The name of the native error class that has this prototype. */
export function nativeErrorOf(prototype: object): string | undefined {
  return nativePrototypes.get(prototype);
}

export function isError(value: unknown): value is Error {
  return isNativeError(value) || value instanceof Error;
}

/** The one test of what is an instance of which listed class: for remembering, for replays and for keys. */
export class KeptClasses {
  readonly #byPrototype: ReadonlyMap<object, KeptClass>;
  readonly #tellingByThemselves: readonly KeptClass[];

  constructor(readonly all: readonly KeptClass[]) {
    this.#byPrototype = new Map(all.map((one) => [one.class.prototype, one]));
    this.#tellingByThemselves = all.filter((one) => tellsByItself(one.class));
  }

  /** The listed class that a value is an instance of: its own; of what may be thrown also the nearest that it extends. */
  of(value: unknown): KeptClass | undefined {
    if (this.all.length === 0 || typeof value !== 'object' || value === null) return undefined;
    const own = Object.getPrototypeOf(value) as object | null;
    const found = own && this.#byPrototype.get(own);
    if (found) return found;
    const inherited = this.#inheritedBy(value, own);
    if (inherited && !isNative(inherited)) return inherited;
    // Plain data may look like an instance, and what was made of one does.
    if (isPlain(value)) return inherited;
    const isThrowable = isError(value);
    const telling = this.#tellingByThemselves.find(
      (one) => (isThrowable || one.isInherited || one.to) && isInstance(value, one.class),
    );
    return telling ?? inherited;
  }

  /** The listed class as which a value is kept. A native error is kept as what it is, whatever parent of it is listed. */
  keeping(value: unknown): KeptClass | undefined {
    const one = this.of(value);
    return one && !one.to && isNative(one) ? undefined : one;
  }

  #inheritedBy(value: object, own: object | null): KeptClass | undefined {
    // It may have a parent without end.
    for (let at = own; at && !isProxy(at); at = Object.getPrototypeOf(at)) {
      const found = this.#byPrototype.get(at);
      if (found && (found.isInherited || isError(value))) return found;
    }
    return undefined;
  }
}

function isNative({ class: { prototype } }: KeptClass): boolean {
  return nativePrototypes.has(prototype) || prototype === Object.prototype;
}

type Listed = readonly (AnyClass | ClassEntry)[] | undefined;

/**
 * The classes of both options. A class that is listed twice is kept as its entry says.
 *
 * @returns the fault where two of them cannot be told apart.
 */
export function keptClasses(classes: Listed, remember: Listed): KeptClasses | { readonly twin: string } {
  const kept = new Map<object, KeptClass>();
  for (const one of [...(remember ?? []).map(inheritedClass), ...(classes ?? []).map(ownClass)]) {
    const known = kept.get(one.class);
    const differs = known?.isNamed && one.isNamed && !isSameEntry(known, one);
    const other = [...kept.values()].find(({ name, class: of }) => name === one.name && of !== one.class);
    if (differs || other) return { twin: one.name };
    const isInherited = one.isInherited || known?.isInherited === true;
    kept.set(one.class, { ...(known?.isNamed ? known : one), isInherited });
  }
  return new KeptClasses([...kept.values()]);
}

/** The classes of `remember` alone. */
export function rememberedClasses(remember: Listed): KeptClasses {
  return new KeptClasses((remember ?? []).map(inheritedClass));
}

function inheritedClass(listed: AnyClass | ClassEntry): KeptClass {
  return { ...ownClass(listed), isInherited: true };
}

function ownClass(listed: AnyClass | ClassEntry): KeptClass {
  return typeof listed === 'function'
    ? { class: listed as { prototype: object }, name: listed.name, isNamed: false, isInherited: false }
    : { ...listed, isNamed: true, isInherited: false };
}

function isSameEntry(one: KeptClass, other: KeptClass): boolean {
  return one.name === other.name && one.to === other.to && one.from === other.from;
}

/** What `to` makes of an instance. */
export function dataOf(one: KeptClass, instance: object): unknown {
  const data = answerOf(one, 'to', () => one.to?.(instance));
  if (data === instance)
    throw new NotKept(`\`to\` of the entry "${one.name}" answered with the instance itself`);
  return data;
}

/** The same, for a key: who cannot have it is told where it is. */
export function dataForKey(
  one: KeptClass,
  instance: object,
  path: string,
  onFault: (path: string, why: string) => never,
): unknown {
  try {
    return dataOf(one, instance);
  } catch (error) {
    if (error instanceof NotKept)
      return onFault(path, `is an instance of a class in \`classes\` where ${error.message}`);
    throw error;
  }
}

/** The instance that `from` makes of what `to` made. */
export function instanceOf(one: KeptClass, data: unknown): unknown {
  const instance = answerOf(one, 'from', () => one.from?.(data));
  if (isInstance(instance, one.class)) return instance;
  throw new NotKept(`\`from\` of the entry "${one.name}" answered with no instance of its class`);
}

// What an application's function throws may have a payload in its message.
function answerOf(one: KeptClass, which: 'to' | 'from', ask: () => unknown): unknown {
  let answer: unknown;
  try {
    answer = ask();
  } catch (error) {
    if (error instanceof NotKept) throw error;
    throw new NotKept(`\`${which}\` of the entry "${one.name}" threw`);
  }
  if (!isLate(answer)) return answer;
  throw new NotKept(
    `\`${which}\` of the entry "${one.name}" answered with a promise; it must be synchronous`,
  );
}
