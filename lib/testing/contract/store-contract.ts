import type { StoreFactory } from './law.js';
import { type LawOptions, lawsFor } from './store-laws.js';

/** What the store can do, and the functions of a test runner. */
export interface ContractOptions extends LawOptions {
  /** Default: the global one, as in mocha, Jest, and Vitest with `globals`. */
  readonly describe?: (title: string, body: () => void) => void;
  /** Default: the global one. */
  readonly it?: (title: string, body: () => Promise<void>) => void;
}

/**
 * Registers a test for each law that a `PersistenceStore` keeps. A store that has `changed()` says so by
 * `supports: { changed: true }`: a store without it, and a store that has it and does not say so, each fail a test.
 *
 * @param createStore Makes a store over its own empty storage, or over storage in which no other test uses the same keys:
 * the laws use fresh keys. It is called once for each law.
 * @throws {TypeError} if there is no `describe` or `it`; for `loseConnection` without `supports: { changed: true }`.
 */
export function storeContract(createStore: StoreFactory, options: ContractOptions = {}): void {
  const runner = globalThis as unknown as Required<ContractOptions>;
  const { describe = runner.describe, it = runner.it } = options;
  if (typeof describe !== 'function' || typeof it !== 'function') {
    throw new TypeError(
      'storeContract: there is no global describe or it; pass those of your test runner: { describe, it }',
    );
  }
  const laws = lawsFor(options);
  describe('the contract of a PersistenceStore', () => {
    for (const { title, check } of laws) it(title, () => check(createStore));
  });
}
