import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { schema } from 'retrysafe/sqlite';
import { sameKeys } from '../support/same-keys.js';
import { openDatabase, sqliteDrivers } from '../support/sqlite-drivers.js';

// Its processes use no decorators, so it is run in one mode only.
for (const driver of sqliteDrivers) {
  describe(`eight processes with the same 200 keys on one file of SQLite, by ${driver} (3)`, function () {
    this.timeout(60_000);
    let folder: string;

    before(() => {
      folder = mkdtempSync(join(tmpdir(), 'retrysafe-'));
    });

    after(() => rmSync(folder, { recursive: true, force: true }));

    let count = 0;
    sameKeys(async () => {
      count += 1;
      const file = join(folder, `${count}.db`);
      const database = openDatabase(driver, file);
      database.exec(schema());
      database.close();
      return { kind: 'sqlite', driver, file };
    });
  });
}
