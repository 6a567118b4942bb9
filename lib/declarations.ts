import { defineMetadata, getOwnMetadata } from 'reflect-metadata/no-conflict';
import { noteBorrowedName } from './kept-names.js';
import { checkBorrowedName, looksMinified, missingName, registerName } from './names.js';
import type { Operation } from './operation.js';
import { type ClassOptions, given } from './options.js';

// Standard decorators keep what they learn about a class in its metadata, which compilers make only where this
// symbol exists. The registered one is the one that esbuild and swc fall back to.
(Symbol as { metadata?: symbol }).metadata ??= Symbol.for('Symbol.metadata');

type Class = abstract new (...args: never[]) => unknown;

/** One decorated method of a class. */
export interface Declaration {
  readonly method: string | symbol;
  readonly isStatic: boolean;
  readonly operation: Operation;
}

// By name and not by identity: import and require have a copy of this module each.
const declarationsKey = Symbol.for('retrysafe.declarations');
const defaultsKey = Symbol.for('retrysafe.defaults');

type Metadata = Record<PropertyKey, unknown>;

/** Notes a declaration on its class, where legacy decorators know the class. */
export function declareOn(target: Class, declaration: Declaration): void {
  defineMetadata(declarationsKey, [...(getOwnMetadata(declarationsKey, target) ?? []), declaration], target);
}

/** Notes a declaration in the metadata of a class that does not exist yet. */
export function declareIn(metadata: Metadata, declaration: Declaration): void {
  const own = Object.hasOwn(metadata, declarationsKey) ? (metadata[declarationsKey] as Declaration[]) : [];
  metadata[declarationsKey] = [...own, declaration];
}

/** What `target` itself declares, not what it inherits. */
export function declaredBy(target: Class): readonly Declaration[] {
  const legacy: Declaration[] = getOwnMetadata(declarationsKey, target) ?? [];
  const metadata = ownMetadata(target);
  const hasStandard = metadata && Object.hasOwn(metadata, declarationsKey);
  return hasStandard ? [...legacy, ...(metadata[declarationsKey] as Declaration[])] : legacy;
}

function ownMetadata(target: Class): Metadata | undefined {
  const symbol = (Symbol as { metadata?: symbol }).metadata as symbol;
  return Object.getOwnPropertyDescriptor(target, symbol)?.value;
}

/** The classes of an instance, or of a class itself, the nearest first. */
export function classesOf(self: unknown): Class[] {
  const classes: Class[] = [];
  let at: unknown = typeof self === 'function' ? self : Object.getPrototypeOf(Object(self));
  for (; at && at !== Function.prototype && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    const one: unknown =
      typeof at === 'function' ? at : Object.getOwnPropertyDescriptor(at, 'constructor')?.value;
    if (typeof one === 'function') classes.push(one as unknown as Class);
  }
  return classes;
}

/** Keeps the defaults that `@IdempotencyDefaults` gives a class. */
export function setDefaults(target: Class, options: ClassOptions): void {
  // A decorator below may have answered with a proxy or a wrapping function: instances know the class behind it.
  const behind: unknown = target.prototype?.constructor;
  for (const one of new Set([target, ...(typeof behind === 'function' ? [behind as Class] : [])]))
    defineMetadata(defaultsKey, given(options), one);
}

/** The defaults that apply to calls on `self`, option by option those of its nearest class. */
export function defaultsFor(self: unknown): ClassOptions {
  return Object.assign({}, ...classesOf(self).reverse().map(ownDefaults));
}

function ownDefaults(target: Class): ClassOptions {
  return getOwnMetadata(defaultsKey, target) ?? {};
}

/** The class whose metadata this is, among the classes of `self`. */
export function classWithMetadata(metadata: Metadata | undefined, self: unknown): Class | undefined {
  return metadata && classesOf(self).find((one) => ownMetadata(one) === metadata);
}

/**
 * `Class.method`, of the class that declares the method.
 *
 * @throws {ConfigurationError} where the class has no telling name.
 */
export function operationName(
  target: Class,
  method: string | symbol,
  isRegistered: Operation['facts']['method'],
): string {
  const { name: className = nameOf(target) } = ownDefaults(target);
  const name = `${className}.${printedName(method)}`;
  if (ownDefaults(target).name === undefined) {
    checkBorrowedName(className, 'class', className ? name : `(anonymous class)${name}`);
    noteClassName(target, method);
  }
  registerName(name, isRegistered);
  return name;
}

/** Notes an operation whose class may still be given a name by `@IdempotencyDefaults`. */
export function noteClassName(target: Class, method: string | symbol): void {
  noteBorrowedName('class', () =>
    ownDefaults(target).name === undefined ? `${nameOf(target)}.${printedName(method)}` : undefined,
  );
}

/** What the class is called, which a static member can hide. */
function nameOf({ name }: Class): string {
  return typeof name === 'string' ? name : '';
}

/**
 * Refuses a method whose own name cannot be part of an operation's.
 *
 * @throws {ConfigurationError}
 */
export function checkMethodName(method: string | symbol, where: string): void {
  const name = typeof method === 'symbol' ? (method.description ?? '') : method.replace('#', '');
  if (looksMinified(name)) throw missingName(where, 'method', name, 'looks minified');
}

function printedName(method: string | symbol): string {
  return typeof method === 'symbol' ? `[${method.description}]` : method;
}
