import { registeredMetadata } from '../process/libraries/libraries.js';

type Key = string | symbol;

/** What of a metadata polyfill is called here. A polyfill may lack any of it, or throw. */
interface MetadataFunctions {
  getOwnMetadataKeys?(target: object): readonly Key[];
  getOwnMetadata?(key: Key, target: object): unknown;
  hasOwnMetadata?(key: Key, target: object): boolean;
  defineMetadata?(key: Key, value: unknown, target: object): void;
}

// reflect-metadata 0.2 keeps this one registry for all its copies, those without a global included.
const registry = Symbol.for('@reflect-metadata:registry');

/**
 * Copies what other decorators noted about a function by `Reflect.defineMetadata`, by whichever functions the process
 * has at this moment: the ones by which it was noted, and by which frameworks read it.
 */
export function copyMarks(from: object, to: object): void {
  copyBy(Reflect as MetadataFunctions, from, to);
  if (registry in Reflect) copyBy(registeredMetadata() as MetadataFunctions, from, to);
}

function copyBy(metadata: MetadataFunctions, from: object, to: object): void {
  const { getOwnMetadataKeys, getOwnMetadata, defineMetadata } = metadata;
  if (!getOwnMetadataKeys || !getOwnMetadata || !defineMetadata) return;
  try {
    for (const key of getOwnMetadataKeys.call(metadata, from)) {
      const value = getOwnMetadata.call(metadata, key, from);
      // Two polyfills of which each gave some of the functions do not see each other's marks.
      const isThere = value !== undefined || metadata.hasOwnMetadata?.(key, from);
      if (isThere && !metadata.hasOwnMetadata?.(key, to)) defineMetadata.call(metadata, key, value, to);
    }
  } catch {
    // Then they are not its own, but inherited like those of a polyfill that lists no keys.
  }
}
