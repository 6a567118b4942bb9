import { shared } from './shared.js';

/** What this process remembers of objects, in one map for each name. */
export type ProcessMemory<T> = WeakMap<object, T>;

/** All of them. A test that simulates processes gives each its own. */
export const memories = shared('memories', () => new Set<ProcessMemory<unknown>>());

/** Returns what this process remembers of objects, such as stores beside their records, under a name that all copies of the library share. */
export function processMemory<T>(name: string): ProcessMemory<T> {
  const memory = shared(name, () => new WeakMap<object, T>());
  memories.add(memory);
  return memory;
}

/** Drops all that this process remembers of a store, because the store was emptied. */
export function dropMemoryOf(store: object): void {
  for (const memory of memories) memory.delete(store);
}

/** Returns what is remembered of an object. The first time it is made. */
export function known<T>(memory: ProcessMemory<T>, of: object, make: () => T): T {
  const found = memory.get(of) ?? make();
  memory.set(of, found);
  return found;
}
