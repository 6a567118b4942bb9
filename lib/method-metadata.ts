/** What is used here of the global `Reflect` that the package reflect-metadata extends. */
interface MetadataReflect {
  getOwnMetadataKeys(target: object): readonly unknown[];
  getOwnMetadata(key: unknown, target: object): unknown;
  defineMetadata(key: unknown, value: unknown, target: object): void;
}

/** The same, of a copy that leaves the global `Reflect` alone: such as reflect-metadata/no-conflict. */
interface Provider {
  OrdinaryOwnMetadataKeys(target: object, property: undefined): readonly unknown[];
  OrdinaryGetOwnMetadata(key: unknown, target: object, property: undefined): unknown;
  OrdinaryDefineOwnMetadata(key: unknown, value: unknown, target: object, property: undefined): void;
}

interface Registry {
  getProvider(target: object, property: undefined): Provider | undefined;
}

// All copies of reflect-metadata 0.2 meet here.
const registryKey = Symbol.for('@reflect-metadata:registry');

/**
 * Gives `to` the metadata that decorators left on `from`: frameworks look for it on the function that stands in place
 * of the method. It takes no copy of reflect-metadata of our own: whoever left any has loaded one.
 */
export function copyMetadata(from: object, to: object): void {
  const metadata = globalMetadata() ?? registeredMetadata(from);
  for (const key of metadata?.getOwnMetadataKeys(from) ?? [])
    metadata?.defineMetadata(key, metadata.getOwnMetadata(key, from), to);
}

function globalMetadata(): MetadataReflect | undefined {
  const { getOwnMetadataKeys, getOwnMetadata, defineMetadata } = Reflect as Partial<MetadataReflect>;
  return getOwnMetadataKeys && getOwnMetadata && defineMetadata
    ? { getOwnMetadataKeys, getOwnMetadata, defineMetadata }
    : undefined;
}

function registeredMetadata(from: object): MetadataReflect | undefined {
  const registry = (Reflect as { [registryKey]?: Registry })[registryKey];
  const provider = registry?.getProvider(from, undefined);
  return (
    provider && {
      getOwnMetadataKeys: (target) => provider.OrdinaryOwnMetadataKeys(target, undefined),
      getOwnMetadata: (key, target) => provider.OrdinaryGetOwnMetadata(key, target, undefined),
      defineMetadata: (key, value, target) =>
        provider.OrdinaryDefineOwnMetadata(key, value, target, undefined),
    }
  );
}
