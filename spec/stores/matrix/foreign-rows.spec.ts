import 'retrysafe/listing';
import { expect } from 'chai';
import { ConfigurationError, type IdempotencyRecord } from 'retrysafe';
import { PostgresStore } from 'retrysafe/postgres';
import { SqliteStore, schema } from 'retrysafe/sqlite';
import { usePostgres } from '../../support/postgres.js';
import { rejection } from '../../support/rejection.js';
import { useSqlite } from '../../support/sqlite.js';
import { sqliteDrivers } from '../../support/sqlite-drivers.js';
import { createTable } from '../postgres/tables.js';

/** A table that a store shares with another program. */
interface SharedTable {
  readonly store: PostgresStore | SqliteStore;
  /** Inserts a row of the other program, which has expired. */
  insert(key: string, token: string): Promise<unknown>;
  /** All rows under the key. */
  rows(key: string): Promise<unknown>;
}

const lines: Readonly<Record<string, () => () => Promise<SharedTable>>> = {
  PostgresStore: () => {
    const postgres = usePostgres();
    return async () => {
      const table = await createTable(postgres);
      return {
        store: new PostgresStore({ client: postgres, table }),
        insert: (key, token) =>
          postgres.query(`INSERT INTO "${table}" VALUES ($1, $2, 1, 'xyz')`, [key, token]),
        rows: async (key) => (await postgres.query(`SELECT * FROM "${table}" WHERE key = $1`, [key])).rows,
      };
    };
  },
  ...Object.fromEntries(
    sqliteDrivers.map((driver) => [
      `SqliteStore, by ${driver}`,
      () => {
        const sqlite = useSqlite(driver);
        return async () => {
          const database = sqlite.open(sqlite.path());
          database.exec(schema());
          return {
            store: new SqliteStore({ database }),
            insert: async (key: string, token: string) =>
              database
                .prepare("INSERT INTO idempotency (key, token, expires_at, state) VALUES (?, ?, 1, 'xyz')")
                .run(key, token),
            rows: async (key: string) => database.prepare('SELECT * FROM idempotency WHERE key = ?').all(key),
          };
        };
      },
    ]),
  ),
};

const record = (key: string): IdempotencyRecord => ({
  key,
  token: 'own.1',
  expiresAt: Date.now() + 60_000,
  state: { format: 1, status: 'released', attempt: 1, fencingToken: 1 },
});

for (const [title, use] of Object.entries(lines)) {
  describe(`rows of another program in the table of a ${title}`, () => {
    const newTable = use();

    it('are not listed, whatever their tokens, and what is damaged is', async () => {
      const { store, insert } = await newTable();
      for (const token of ['theirs', 'eyJh.eyJz.c2ln', '.1', 'own.', 'own.1a'])
        await insert(`a ${token}`, token);
      await insert('damaged', 'own.1');
      const own = record('own');
      await store.claim(own, Date.now());
      const { records, examined } = await store.records({ now: 0 });
      expect(records).to.deep.equal([
        { key: 'damaged', token: 'own.1', expiresAt: 1, state: undefined },
        own,
      ]);
      expect(examined).to.equal(7);
    });

    for (const token of ['theirs', 'eyJh.eyJz.c2ln', '.1', 'own.', 'own.1a']) {
      it(`are left as they are, though they have expired, with the token ${token}`, async () => {
        const { store, insert, rows } = await newTable();
        await insert('session', token);
        const before = await rows('session');
        expect(before).to.have.length(1);
        for (const step of [
          () => store.claim(record('session'), Date.now()),
          () => store.replace(record('session'), 'none.1'),
          () => store.find('session'),
        ]) {
          const error = (await rejection(step())) as Error;
          expect(error).to.be.instanceOf(ConfigurationError);
          expect(error.message).to.match(
            /^\w+: what is kept under session is no record of retrysafe; keep records apart from what else is there, or name the operation differently$/,
          );
        }
        expect(await store.removeExpired()).to.equal(0);
        expect(await rows('session')).to.deep.equal(before);
      });
    }
  });
}
