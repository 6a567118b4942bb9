import { declaredBy } from '../decorator/declarations.js';
import { operationBehind } from '../decorator/make-idempotent.js';
import { ConfigurationError } from '../errors.js';
import { kindOf } from '../options/wrong-option.js';
import type { Settings } from '../settings/settings.js';
import { type Class, classesOf, homeOf } from '../values/classes.js';

/** What a desk can be told of operations: their classes, instances of these, and functions that `makeIdempotent` returned. */
export type OperationSource = object;

/** The options of the operations that a desk was told of, by their names. */
export type KnownOperations = ReadonlyMap<string, Settings>;

/**
 * Returns the options of all operations of these classes and functions.
 *
 * @throws {ConfigurationError} for anything that has no operation.
 */
export function knownOperations(sources: readonly OperationSource[]): KnownOperations {
  return new Map(sources.flatMap((source) => operationsOf(source)));
}

function operationsOf(source: OperationSource): readonly (readonly [string, Settings])[] {
  const behind = operationBehind(source);
  if (behind) return [[behind.facts.name(undefined), behind.settingsFor(undefined)]];
  const found = classesOf(source).flatMap((one) =>
    declaredBy(one).map(({ operation, isStatic }) => {
      // Options of a class are those of its instances. None is at hand, and their prototype stands for it.
      const self = isStatic ? one : typeof source === 'function' ? standIn(source as Class) : source;
      return [operation.facts.name(self), operation.settingsFor(self)] as const;
    }),
  );
  if (found.length > 0) return found;
  throw new ConfigurationError(
    `operator: ${kindOf(source)} has no idempotent operation; expected classes with decorated methods, instances of them, or functions that makeIdempotent returned`,
  );
}

function standIn(target: Class): object {
  return Object.create(homeOf(target)) as object;
}
