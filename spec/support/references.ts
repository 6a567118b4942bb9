/** Every object that can be reached from a value, the value itself included. */
export function objectsIn(value: unknown, found = new Set<object>()): Set<object> {
  if (typeof value !== 'object' || value === null || found.has(value)) return found;
  found.add(value);
  if (value instanceof Map) for (const part of [...value.keys(), ...value.values()]) objectsIn(part, found);
  if (value instanceof Set) for (const part of value) objectsIn(part, found);
  // Small Buffers share one pool of bytes by design of Node.js, each with a range of its own.
  if (ArrayBuffer.isView(value) && !Buffer.isBuffer(value)) objectsIn(value.buffer, found);
  for (const key of Reflect.ownKeys(value)) {
    if (!ArrayBuffer.isView(value)) objectsIn(Reflect.get(value, key), found);
  }
  return found;
}
