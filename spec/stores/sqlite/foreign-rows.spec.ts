import { expect } from 'chai';
import { ConfigurationError, type IdempotencyRecord } from 'retrysafe';
import { SqliteStore, schema } from 'retrysafe/sqlite';
import { rejection } from '../../support/rejection.js';
import { useSqlite } from '../../support/sqlite.js';
import { type OpenDatabase, sqliteDrivers } from '../../support/sqlite-drivers.js';

const record = (key: string): IdempotencyRecord => ({
  key,
  token: 'own.1',
  expiresAt: Date.now() + 60_000,
  state: { format: 1, status: 'released', attempt: 1, fencingToken: 1 },
});

for (const driver of sqliteDrivers) {
  describe(`somebody else's rows in the table of a SqliteStore, by ${driver}`, () => {
    const sqlite = useSqlite(driver);
    let database: OpenDatabase;
    let store: SqliteStore;

    beforeEach(() => {
      database = sqlite.open(sqlite.path());
      database.exec(schema());
      store = new SqliteStore({ database });
    });

    const rows = () => database.prepare('SELECT * FROM idempotency').all();

    for (const token of ['theirs', 'eyJh.eyJz.c2ln', '.1', 'own.', 'own.1a']) {
      it(`are left as they are, though they have expired, with the token ${token}`, async () => {
        database.exec(`INSERT INTO idempotency VALUES ('session', '${token}', 1, 'xyz')`);
        const before = rows();
        for (const step of [
          () => store.claim(record('session'), Date.now()),
          () => store.replace(record('session'), 'none.1'),
          () => store.find('session'),
        ]) {
          const error = (await rejection(step())) as Error;
          expect(error).to.be.instanceOf(ConfigurationError);
          expect(error.message).to.equal(
            'SqliteStore: what is kept under session is no record of retrysafe; keep records apart from what else is there, or name the operation differently',
          );
        }
        expect(await store.removeExpired()).to.equal(0);
        expect(rows()).to.deep.equal(before);
      });
    }
  });
}
