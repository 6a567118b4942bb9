import type { Operation } from '../engine/operation.js';
import { noteBorrowedName } from '../process/names/kept-names.js';
import { checkBorrowedName, looksMinified, missingName, registerName } from '../process/names/names.js';
import { shared } from '../process/shared.js';
import { type Class, homeOf, metadataOf } from '../values/classes.js';
import { ownDefaults } from './class-defaults.js';

// Standard decorators know a class by its metadata, which compilers make only where this symbol exists. The registered
// one is the one that esbuild and swc fall back to.
if (Object.isExtensible(Symbol)) {
  (Symbol as { metadata?: symbol }).metadata ??= Symbol.for('Symbol.metadata');
}

/** One decorated method of a class. */
export interface Declaration {
  readonly method: string | symbol;
  readonly isStatic: boolean;
  readonly operation: Operation;
}

/** By the home of a class with legacy decorators, and by the metadata of one with standard decorators. */
const declarations = shared('declarations', () => new WeakMap<object, readonly Declaration[]>());

/** Notes a declaration by the home or the metadata of its class, which need not exist yet. */
export function declareIn(classKnownBy: object, declaration: Declaration): void {
  declarations.set(classKnownBy, [...(declarations.get(classKnownBy) ?? []), declaration]);
}

/** What `target` itself declares, not what it inherits. */
export function declaredBy(target: Class): readonly Declaration[] {
  return [homeOf(target), ...metadataOf(target)].flatMap((one) => declarations.get(one) ?? []);
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
