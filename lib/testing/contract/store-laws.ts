import assert from 'node:assert/strict';
import type { PersistenceStore } from '../../record/persistence-store.js';
import { changedLaws, lostConnectionLaw } from './changed-laws.js';
import { claimLaws } from './claim-laws.js';
import { type Law, law } from './law.js';
import { recordsLaws } from './records-laws.js';
import { replaceLaws } from './replace-laws.js';
import { simultaneityLaws } from './simultaneity-laws.js';
import { storageLaws } from './storage-laws.js';

/** The optional methods of a `PersistenceStore`. */
export interface StoreAbilities {
  /** Whether the store has `changed()`. Default: `false`. */
  readonly changed?: boolean;
  /** Whether the store has `records()` and `planRecords()`. Default: `false`. */
  readonly records?: boolean;
}

/** What a test says about its store. */
export interface LawOptions {
  /** The optional methods that the store has. The laws of each are checked too. Default: none. */
  readonly supports?: StoreAbilities;
  /**
   * Breaks the connection on which the store listens, in a test that can: then the law about it is checked too.
   * Needs `supports: { changed: true }`. Default: the law is left out.
   */
  readonly loseConnection?: (store: PersistenceStore) => unknown;
}

/** The laws that every `PersistenceStore` keeps, for any test runner. */
export const storeLaws: readonly Law[] = [...claimLaws, ...replaceLaws, ...simultaneityLaws, ...storageLaws];

/**
 * Returns the laws that a store with these abilities keeps, for any test runner: `storeLaws`, one law that says that the
 * store has exactly the abilities that are declared, and the laws of each ability.
 *
 * @throws {TypeError} for `loseConnection` without `supports: { changed: true }`.
 */
export function lawsFor({ supports = {}, loseConnection }: LawOptions = {}): readonly Law[] {
  const { changed = false, records = false } = supports;
  if (loseConnection && !changed) {
    throw new TypeError(
      'retrysafe/testing: loseConnection is for a store that listens; declare supports: { changed: true }',
    );
  }
  return [
    ...storeLaws,
    declarationLaw({ changed, records }),
    ...(changed ? changedLaws : []),
    ...(loseConnection ? [lostConnectionLaw(loseConnection)] : []),
    ...(records ? recordsLaws : []),
  ];
}

function declarationLaw(declared: Required<StoreAbilities>): Law {
  return law('the optional methods of the store are those that are declared', async (store) => {
    for (const ability of Object.keys(declared) as (keyof StoreAbilities)[]) {
      const isDeclared = declared[ability];
      assert.equal(
        typeof store[ability],
        isDeclared ? 'function' : 'undefined',
        isDeclared
          ? `supports: { ${ability}: true } is declared, so the store has a method ${ability}()`
          : `the store has a method ${ability}(), so its test declares supports: { ${ability}: true }`,
      );
    }
  });
}
