/** What every polyfill has that Nest works with. Nest loads one. */
interface MetadataFunctions {
  getMetadata(key: string, target: object): unknown;
  defineMetadata(key: string, value: unknown, target: object): void;
}

const metadata = Reflect as unknown as MetadataFunctions;

/** Returns what decorators have set on a class or a method. */
export function metadataOf(key: string, target: object): unknown {
  return metadata.getMetadata(key, target);
}

export function setMetadata(key: string, value: unknown, target: object): void {
  metadata.defineMetadata(key, value, target);
}
