import { sameKeys } from '../../support/same-keys.js';
import { useSqlite } from '../../support/sqlite.js';
import { sqliteDrivers } from '../../support/sqlite-drivers.js';

// Its processes use no decorators, so it is run in one mode only.
for (const driver of sqliteDrivers) {
  describe(`eight processes with the same 200 keys on one file of SQLite, by ${driver}`, function () {
    this.timeout(180_000);
    const sqlite = useSqlite(driver);

    sameKeys(async () => ({ kind: 'sqlite', driver, file: sqlite.createFile() }));
  });
}
