import { shared } from './shared.js';

/** What one process remembers: a map of objects for each name. */
export type ProcessMemories = Map<string, WeakMap<object, unknown>>;

/** What a process remembers of each object under one name. */
export interface ProcessMemory<T> {
  get(of: object): T | undefined;
  set(of: object, value: T): unknown;
  delete(of: object): boolean;
  /** Returns what is remembered of an object. The first time it is made. */
  known(of: object, make: () => T): T;
}

const memories = new Set<ProcessMemory<unknown>>();

/** Says which memories the running code has. Only tests set it that simulate processes. */
const simulation = shared(
  'simulated-memories',
  (): { memoriesHere?: () => ProcessMemories | undefined } => ({}),
);

/** Returns what this process remembers of objects, such as stores beside their records, under a name that all copies of the library share. */
export function processMemory<T>(name: string): ProcessMemory<T> {
  const own = shared(name, () => new WeakMap<object, T>());
  const memory: ProcessMemory<T> = {
    get: (of) => at(name, own).get(of),
    set: (of, value) => at(name, own).set(of, value),
    delete: (of) => at(name, own).delete(of),
    known(of, make) {
      const here = at(name, own);
      const known = here.get(of) ?? make();
      here.set(of, known);
      return known;
    },
  };
  memories.add(memory as ProcessMemory<unknown>);
  return memory;
}

/** Drops all that this process remembers of a store, because the store was emptied. */
export function dropMemoryOf(store: object): void {
  for (const memory of memories) memory.delete(store);
}

/**
 * Lets `memoriesHere` say whose memories the running code has; where it returns none, those of this process. Returns a function that ends
 * that.
 */
export function simulateMemories(memoriesHere: () => ProcessMemories | undefined): () => void {
  simulation.memoriesHere = memoriesHere;
  return () => {
    delete simulation.memoriesHere;
  };
}

function at<T>(name: string, own: WeakMap<object, T>): WeakMap<object, T> {
  const simulated = simulation.memoriesHere?.();
  if (!simulated) return own;
  const known = simulated.get(name) as WeakMap<object, T> | undefined;
  if (known) return known;
  const made = new WeakMap<object, T>();
  simulated.set(name, made);
  return made;
}
