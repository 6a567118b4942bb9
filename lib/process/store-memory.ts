import { shared } from './shared.js';

/** What this process remembers of stores besides what is in them: runs that calls may join, outcomes that it keeps. */
const names = ['local-runs', 'kept-outcomes', 'keeping-calls'];

/** Lets this process remember nothing of a store, as where it was emptied. */
export function dropMemoryOf(store: object): void {
  for (const name of names) shared(name, () => new WeakMap<object, unknown>()).delete(store);
}
