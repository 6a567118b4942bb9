import type { StoreFactory } from './law.js';
import { storeLaws } from './store-laws.js';

/** A test runner's functions, where they are not global as in mocha, Jest, and Vitest with `globals`. */
export interface ContractOptions {
  readonly describe?: (title: string, body: () => void) => void;
  readonly it?: (title: string, body: () => Promise<void>) => void;
}

/**
 * Registers a test for each law that a `PersistenceStore` keeps.
 *
 * @param createStore Makes a store over its own empty storage, or over storage whose keys it does not share:
 * the laws use fresh keys. It is called once for each law.
 */
export function storeContract(createStore: StoreFactory, options: ContractOptions = {}): void {
  const runner = globalThis as unknown as Required<ContractOptions>;
  const { describe = runner.describe, it = runner.it } = options;
  if (typeof describe !== 'function' || typeof it !== 'function') {
    throw new TypeError(
      'storeContract: there is no global describe and it; hand over those of your test runner: { describe, it }',
    );
  }
  describe('the contract of a PersistenceStore', () => {
    for (const { title, check } of storeLaws) it(title, () => check(createStore));
  });
}
