// By name on the global object: import and require, bundles and double installs have a copy of this module each.
const slot = Symbol.for('retrysafe.shared.1');
const holder = globalThis as { [slot]?: Map<string, unknown> };

holder[slot] ??= new Map();
const values: Map<string, unknown> = holder[slot];

/** What every copy of this library in one process has in common under `name`; made by the first that asks. */
export function shared<T>(name: string, make: () => T): T {
  if (!values.has(name)) values.set(name, make());
  return values.get(name) as T;
}
