import { ConfigurationError } from '../errors.js';
import type { PersistenceStore } from '../record/persistence-store.js';
import { askOption } from './asked-option.js';
import { checkStore } from './option-checks.js';
import type { Settings } from './settings.js';

/**
 * The store that a call uses.
 *
 * @throws {ConfigurationError} where the option's function throws, or answers with something else.
 */
export function storeFor(operation: string, { store }: Settings, self: unknown): PersistenceStore {
  if (typeof store !== 'function') return store;
  const asked = askOption(() => store(self));
  if ('answer' in asked) {
    checkStore(operation, asked.answer);
    return asked.answer as PersistenceStore;
  }
  throw new ConfigurationError(
    `${operation}: option "store" is a function that gave no store, since ${asked.fault}; right would be a function (self) => store that answers at once`,
    { operation, ...('error' in asked && { cause: asked.error }) },
  );
}
