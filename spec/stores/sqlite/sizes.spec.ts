import { expect } from 'chai';
import { type IdempotencyRecord, StoreError } from 'retrysafe';
import { SqliteStore } from 'retrysafe/sqlite';
import { rejection } from '../../support/rejection.js';
import { useSqlite } from '../../support/sqlite.js';
import { sqliteDrivers } from '../../support/sqlite-drivers.js';

for (const driver of sqliteDrivers) {
  // It takes seconds to make such a text, and no decorators: it is run in one mode only.
  describe(`a record of 1,000,000,001 bytes in SQLite, by ${driver}`, function () {
    this.timeout(60_000);
    const sqlite = useSqlite(driver);

    it('is refused as too large by a look at it, and the holder stays', async () => {
      const store = new SqliteStore({ database: sqlite.open() });
      const holder: IdempotencyRecord = {
        key: 'k',
        token: 'k.1',
        expiresAt: Date.now() + 60_000,
        state: { format: 1, status: 'released', attempt: 1, fencingToken: 1 },
      };
      await store.claim(holder, Date.now());
      const bytes = 1_000_000_001 - JSON.stringify({ ...holder.state, fingerprint: '' }).length;
      // Three bytes each, so that the length of the text alone does not tell.
      const fingerprint = '€'.repeat(bytes / 3) + 'x'.repeat(bytes % 3);
      const large = { ...holder, token: 'k.2', state: { ...holder.state, fingerprint } };
      const error = await rejection(store.replace(large, 'k.1'));
      expect(error).to.be.instanceOf(StoreError).and.include({ tooLarge: true });
      expect(error).to.not.have.property('cause');
      expect(await store.find('k')).to.deep.equal(holder);
    });
  });
}
