// Found by name on the global object: `import`, `require`, bundles and double installs each have a copy of this module.
const slot = Symbol.for('retrysafe.shared.1');
const holder = globalThis as { [slot]?: Map<string, unknown> };

holder[slot] ??= new Map();
const values: Map<string, unknown> = holder[slot];

/** Returns the value that all copies of this library in the process share under `name`. The first call makes it. */
export function shared<T>(name: string, make: () => T): T {
  if (!values.has(name)) values.set(name, make());
  return values.get(name) as T;
}
