import 'retrysafe/listing';
import type { PersistenceStore } from 'retrysafe';
import { storeContract } from 'retrysafe/testing';
import type { StoreLine } from './processes.js';
import { scenarios } from './scenarios.js';

/** Tries a line of the matrix: the contract of a store, and what the engine promises over it. */
export function wholeLine({ title, use }: StoreLine): void {
  describe(title, () => {
    const processes = use();
    let store: PersistenceStore;

    before(async () => {
      ({ store } = await processes.start());
    });

    storeContract(() => store, { supports: { records: true } });

    describe('under the engine', () => scenarios(processes));
  });
}
