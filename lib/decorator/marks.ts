import { registeredMetadata } from '../process/libraries/libraries.js';

type Key = string | symbol;

/** The functions of a metadata polyfill that are called here. A polyfill may lack any of them, and they may throw. */
interface MetadataFunctions {
  getOwnMetadataKeys?(target: object): readonly Key[];
  getOwnMetadata?(key: Key, target: object): unknown;
  hasOwnMetadata?(key: Key, target: object): boolean;
  defineMetadata?(key: Key, value: unknown, target: object): void;
}

// All copies of reflect-metadata 0.2 share this registry, also those that define no global.
const registry = Symbol.for('@reflect-metadata:registry');

/**
 * Copies the metadata that other decorators set on a function with `Reflect.defineMetadata`. It uses the functions that the
 * process has at this moment: the decorators used the same ones, and frameworks read with them.
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
      // If two polyfills each defined some of the functions, one lists keys that the other does not have.
      const isThere = value !== undefined || metadata.hasOwnMetadata?.(key, from);
      if (isThere && !metadata.hasOwnMetadata?.(key, to)) defineMetadata.call(metadata, key, value, to);
    }
  } catch {
    // The metadata is then inherited and not copied, as with a polyfill that lists no keys.
  }
}
