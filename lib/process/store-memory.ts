import { shared } from './shared.js';

/** The slots with what this process remembers of a store besides its records: runs to join, and outcomes kept locally. */
const slotNames = ['local-runs', 'kept-outcomes', 'keeping-calls'];

/** Drops what this process remembers of a store, because the store was emptied. */
export function dropMemoryOf(store: object): void {
  for (const name of slotNames) shared(name, () => new WeakMap<object, unknown>()).delete(store);
}
