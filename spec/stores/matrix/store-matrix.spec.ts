import type { PersistenceStore } from 'retrysafe';
import { storeContract } from 'retrysafe/testing';
import { scenarios } from './scenarios.js';
import { storeLines } from './store-lines.js';

// It has no decorators, so it is run in one mode only.
for (const { title, use } of storeLines) {
  describe(`${title}`, () => {
    const processes = use();
    let store: PersistenceStore;

    before(async () => {
      ({ store } = await processes.start());
    });

    storeContract(() => store);

    describe('under the engine', () => scenarios(processes));
  });
}
