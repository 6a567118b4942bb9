import { shared } from './shared.js';

const memories = new Set<WeakMap<object, unknown>>();

/** Returns what this process remembers of each store besides its records, under a name that all copies of the library share. */
export function storeMemory<T>(name: string): WeakMap<object, T> {
  const memory = shared(name, () => new WeakMap<object, T>());
  memories.add(memory);
  return memory;
}

/** Drops all that this process remembers of a store, because the store was emptied. */
export function dropMemoryOf(store: object): void {
  for (const memory of memories) memory.delete(store);
}
