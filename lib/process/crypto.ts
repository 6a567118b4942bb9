let loaded: typeof import('node:crypto') | undefined;

/**
 * Returns `node:crypto`. The first call loads it, and not the import of the library: where nothing else has loaded it, it takes
 * a quarter of an import's time.
 */
export function crypto(): typeof import('node:crypto') {
  loaded ??= process.getBuiltinModule('node:crypto');
  return loaded;
}
