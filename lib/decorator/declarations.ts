import type { Operation } from '../engine/operation.js';
import { noteBorrowedName } from '../process/names/build-names.js';
import { checkBorrowedName, registerName } from '../process/names/names.js';
import { shared } from '../process/shared.js';
import { type Class, homeOf, metadataOf } from '../values/classes.js';
import { ownDefaults } from './class-defaults.js';

// Standard decorators identify a class by its metadata. Compilers make metadata only if this symbol exists. esbuild and swc fall
// back to the registered symbol.
if (Object.isExtensible(Symbol)) {
  (Symbol as { metadata?: symbol }).metadata ??= Symbol.for('Symbol.metadata');
}

/** One decorated method of a class. */
export interface Declaration {
  readonly method: string | symbol;
  readonly isStatic: boolean;
  readonly operation: Operation;
}

/** Legacy decorators add by the home of the class, standard decorators by its metadata. */
const declarations = shared('declarations', () => new WeakMap<object, readonly Declaration[]>());

/** Adds a declaration to a class, given by its home or its metadata. The class itself may not exist yet. */
export function declareIn(homeOrMetadata: object, declaration: Declaration): void {
  declarations.set(homeOrMetadata, [...(declarations.get(homeOrMetadata) ?? []), declaration]);
}

/** Returns the methods that `target` itself declares, without inherited ones. */
export function declaredBy(target: Class): readonly Declaration[] {
  return [homeOf(target), ...metadataOf(target)].flatMap((one) => declarations.get(one) ?? []);
}

/**
 * Returns `Class.method`. The class is the one that declares the method.
 *
 * @throws {ConfigurationError} if the class has no usable name.
 */
export function operationName(
  target: Class,
  method: string | symbol,
  implementation: Operation['facts']['method'],
): string {
  const { name: className = nameOf(target) } = ownDefaults(target);
  const name = `${className}.${printedName(method)}`;
  if (ownDefaults(target).name === undefined) {
    checkBorrowedName(className, 'class', className ? name : `(anonymous class)${name}`);
    noteClassName(target, method);
  }
  registerName(name, implementation);
  return name;
}

/** Notes that an operation is named after its class. `@IdempotencyDefaults` may still set a name in this turn. */
export function noteClassName(target: Class, method: string | symbol): void {
  noteBorrowedName('class', () =>
    ownDefaults(target).name === undefined ? `${nameOf(target)}.${printedName(method)}` : undefined,
  );
}

/** The class's name, or an empty string if a static member hides it. */
function nameOf({ name }: Class): string {
  return typeof name === 'string' ? name : '';
}

/**
 * Checks that a method's name can be part of an operation's name.
 *
 * @throws {ConfigurationError}
 */
export function checkMethodName(method: string | symbol, where: string): void {
  const name = typeof method === 'symbol' ? (method.description ?? '') : method.replace('#', '');
  checkBorrowedName(name, 'method', where);
}

function printedName(method: string | symbol): string {
  return typeof method === 'symbol' ? `[${method.description}]` : method;
}
