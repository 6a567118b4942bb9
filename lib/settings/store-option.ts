import { ConfigurationError } from '../errors.js';
import type { PersistenceStore } from '../record/persistence-store.js';
import { askOption } from './asked-option.js';
import { checkStore } from './option-checks.js';
import type { Settings } from './settings.js';

/**
 * Returns the store that a call uses.
 *
 * @throws {ConfigurationError} if the option is a function that throws or returns no store.
 */
export function storeFor(operation: string, { store }: Settings, self: unknown): PersistenceStore {
  if (typeof store !== 'function') return store;
  const asked = askOption(() => store(self));
  if ('value' in asked) {
    checkStore(operation, asked.value);
    return asked.value as PersistenceStore;
  }
  throw new ConfigurationError(
    `${operation}: option "store" is a function that returned no store, since ${asked.fault}; expected a synchronous function (self) => store`,
    { operation, ...('error' in asked && { cause: asked.error }) },
  );
}
