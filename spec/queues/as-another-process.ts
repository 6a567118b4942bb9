import type { PersistenceStore } from 'retrysafe';

/** The same records as another process sees them: calls do not join those of this one. */
export function asAnotherProcess(store: PersistenceStore): PersistenceStore {
  return {
    claim: (...args) => store.claim(...args),
    replace: (...args) => store.replace(...args),
    find: (...args) => store.find(...args),
  };
}
