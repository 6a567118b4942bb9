/** An object of which properties are replaced. */
export type Globals = Record<string, unknown>;

/** A property that is replaced by what is made of the former one. Some environments of tests have no such object. */
export type Replacement = readonly [
  object: Globals | undefined,
  name: string,
  make: (former: never) => unknown,
];

/** Replaces properties, also for who has imported them by name from a module of Node.js. Returns a function that puts all back. */
export function replaceAll(replacements: readonly Replacement[]): () => void {
  const { syncBuiltinESMExports } = process.getBuiltinModule('node:module');
  const undo: (() => void)[] = [];
  const putBack = () => {
    for (const one of undo.reverse()) one();
    syncBuiltinESMExports();
  };
  try {
    for (const each of replacements) undo.push(replace(...each));
  } catch (error) {
    putBack();
    throw error;
  }
  syncBuiltinESMExports();
  return putBack;
}

function replace(...[object, name, make]: Replacement): () => void {
  if (!object) return () => {};
  const descriptor = Object.getOwnPropertyDescriptor(object, name);
  Object.defineProperty(object, name, {
    value: make(object[name] as never),
    configurable: true,
    enumerable: descriptor?.enumerable ?? false,
    writable: true,
  });
  return () => {
    if (descriptor) Object.defineProperty(object, name, descriptor);
    else delete object[name];
  };
}
