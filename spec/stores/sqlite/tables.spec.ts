import { expect } from 'chai';
import { type IdempotencyRecord, makeIdempotent } from 'retrysafe';
import { SqliteStore, schema } from 'retrysafe/sqlite';
import { useSqlite } from '../../support/sqlite.js';
import { type OpenDatabase, openAsItIs, sqliteDrivers } from '../../support/sqlite-drivers.js';

const hostile = [
  'a "quoted" name',
  '"',
  '""',
  "it's",
  'semi; DROP TABLE business; --',
  'x" (key TEXT); DROP TABLE business; --',
  '/* a comment',
  'select',
  'Kasse für 日本 🧾',
  'e\u0301 is not \u00e9',
  'main.idempotency',
  ' ',
  '\n',
  'back\\slash `tick` [bracket]',
  '?1 :name @name $name',
  'x'.repeat(300),
];
const minute = 60_000;

const record = (key: string, change: Partial<IdempotencyRecord> = {}): IdempotencyRecord => ({
  key,
  token: `${key}.1`,
  expiresAt: Date.now() + 60 * minute,
  state: { format: 1, status: 'released', attempt: 1, fencingToken: 1 },
  ...change,
});

for (const driver of sqliteDrivers) {
  describe(`a table of SqliteStore, by ${driver}`, () => {
    const sqlite = useSqlite(driver);
    let database: OpenDatabase;

    beforeEach(() => {
      database = sqlite.open(sqlite.path());
    });

    const tables = () =>
      (
        database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all() as { name: string }[]
      ).map(({ name }) => name);

    it('may have any name that SQLite lets it have, and nothing in it is a statement', async () => {
      database.exec('CREATE TABLE business (id TEXT)');
      for (const table of hostile) {
        database.exec(schema(table));
        const store = new SqliteStore({ database, table });
        const [first, second] = [record('k'), { ...record('k'), token: 'k.2' }];
        expect(await store.claim(first, Date.now()), table).to.deep.equal(first);
        expect(await store.claim({ ...first, token: 'other.1' }, Date.now()), table).to.deep.equal(first);
        expect(await store.replace(second, first.token), table).to.deep.equal(second);
        expect(await store.find('k'), table).to.deep.equal(second);
        expect(await store.removeExpired(), table).to.equal(0);
        database.exec('BEGIN');
        store.complete({ record: { ...second, token: 'k.3' }, token: 'k.2' });
        database.exec('COMMIT');
        expect(await store.find('k'), table).to.have.property('token', 'k.3');
      }
      expect(tables()).to.have.members(['business', ...hostile]);
    });

    it('is created once: the same statements do nothing to a table that is there', async () => {
      database.exec(schema());
      const store = new SqliteStore({ database });
      await store.claim(record('k'), Date.now());
      database.exec(schema());
      expect(await store.find('k')).to.have.property('token', 'k.1');
    });

    it('may be created after the store', async () => {
      const store = new SqliteStore({ database });
      database.exec(schema());
      expect(await store.claim(record('k'), Date.now())).to.have.property('token', 'k.1');
    });

    it('shares no key with another table', async () => {
      database.exec(schema('first') + schema('second'));
      const stores = ['first', 'second'].map((table) => new SqliteStore({ database, table }));
      for (const [index, store] of stores.entries()) {
        const own = { ...record('k'), token: `${index}.1` };
        expect(await store.claim(own, Date.now())).to.deep.equal(own);
      }
    });

    it('is looked up by its keys, and swept by an index', () => {
      database.exec(schema());
      const plan = (sql: string) =>
        (database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all() as { detail: string }[])
          .map(({ detail }) => detail)
          .join();
      expect(plan("SELECT * FROM idempotency WHERE key = 'k'")).to.match(/SEARCH .* USING INDEX/);
      expect(plan('SELECT key FROM idempotency WHERE expires_at <= 1 ORDER BY expires_at LIMIT 9')).to.match(
        /SEARCH .*idempotency_expires_at/,
      );
    });

    it('keeps records that a person can read, whatever is taken for numbers', async () => {
      database.exec(schema());
      const store = new SqliteStore({ database });
      const charge = makeIdempotent(async (_id: string) => ({ charged: 7 }), { name: 'charge', store });
      await charge('C-1');
      const [row] = database.prepare('SELECT * FROM idempotency').all() as {
        [column: string]: string | number;
      }[];
      expect(Object.keys(row ?? {})).to.deep.equal(['key', 'token', 'expires_at', 'state', 'outcome_bytes']);
      expect(row?.key).to.match(/^charge#/);
      expect(row?.expires_at).to.be.closeTo(Date.now() + 86_400_000, minute);
      expect(JSON.parse(String(row?.state))).to.deep.include({ status: 'completed', attempt: 1 });
    });

    it('is read alike, whatever a database makes of rows and integers', async () => {
      const own = sqlite.owned(
        openAsItIs(driver, sqlite.createFile(), { returnArrays: true, readBigInts: true }),
      ) as OpenDatabase & { defaultSafeIntegers?(): void };
      own.defaultSafeIntegers?.();
      const store = new SqliteStore({ database: own });
      expect(await store.claim(record('k'), 0)).to.deep.equal(await store.find('k'));
      expect(await store.find('k'))
        .to.have.property('expiresAt')
        .that.is.a('number');
      expect(await store.replace({ ...record('k'), token: 'k.2' }, 'k.1')).to.have.property('token', 'k.2');
      expect(await store.removeExpired()).to.equal(0);
    });

    describe('swept by removeExpired()', () => {
      let store: SqliteStore;

      beforeEach(async () => {
        database.exec(schema());
        store = new SqliteStore({ database });
        for (const minutes of [10, 14, 16, 20, 30, 40]) {
          const expiresAt = Date.now() - minutes * minute;
          await store.claim(record(`expired ${minutes} minutes ago`, { expiresAt }), expiresAt - 1);
        }
        await store.claim(record('not expired'), Date.now());
      });

      const keys = () =>
        (database.prepare('SELECT key FROM idempotency ORDER BY expires_at').all() as { key: string }[]).map(
          ({ key }) => key,
        );

      it('has no record left that expired more than 15 minutes ago, and all others', async () => {
        expect(await store.removeExpired()).to.equal(4);
        expect(keys()).to.deep.equal(['expired 14 minutes ago', 'expired 10 minutes ago', 'not expired']);
        expect(await store.removeExpired()).to.equal(0);
      });

      it('loses the oldest first, and no more than `limit` of them', async () => {
        expect(await store.removeExpired({ limit: 3 })).to.equal(3);
        expect(keys()).to.include('expired 16 minutes ago').and.not.include('expired 20 minutes ago');
        expect(await store.removeExpired({ limit: 3 })).to.equal(1);
      });
    });
  });
}
