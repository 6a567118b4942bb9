import 'retrysafe/listing';
import { expect } from 'chai';
import { ConfigurationError, type IdempotencyRecord, type RecordQuery, type RecordState } from 'retrysafe';
import { SqliteStore, schema } from 'retrysafe/sqlite';
import { rejection } from '../../support/rejection.js';
import { useSqlite } from '../../support/sqlite.js';
import { type OpenDatabase, sqliteDrivers } from '../../support/sqlite-drivers.js';

const unknown: RecordState = { format: 1, status: 'unknown', attempt: 1, fencingToken: 1 };
const running: RecordState = { ...unknown, status: 'in-progress', startedAt: 1, leaseUntil: 2 };

const recordOf = (key: string, state: RecordState = unknown): IdempotencyRecord => ({
  key,
  token: 'a.1',
  expiresAt: Date.now() + 60_000,
  state,
});

/** The table that an earlier version created. */
const earlierSchema = `CREATE TABLE idempotency (key TEXT PRIMARY KEY, token TEXT NOT NULL, expires_at INTEGER NOT NULL, state TEXT NOT NULL);
CREATE INDEX idempotency_expires_at ON idempotency (expires_at);`;

for (const driver of sqliteDrivers) {
  describe(`records of a table of SQLite, listed, by ${driver}`, () => {
    const sqlite = useSqlite(driver);
    let database: OpenDatabase;
    let sent: string[];

    beforeEach(() => {
      database = sqlite.open(sqlite.path());
      sent = [];
    });

    const prepare = (text: string) => {
      sent.push(text);
      return database.prepare(text);
    };
    /** Takes note of what is prepared. */
    const watched = () =>
      new Proxy(database, {
        get(target, name) {
          if (name === 'prepare') return prepare;
          return Reflect.get(target, name);
        },
      });
    const storeOn = (statements: string) => {
      database.exec(statements);
      return new SqliteStore({ database: watched() });
    };

    const fill = (count: number) =>
      database.exec(`INSERT INTO idempotency (key, token, expires_at, state) WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n LIMIT ${count})
        SELECT printf('filled#%09d', n), 'a.1', 253402300799999, '{"format":1,"status":"completed","attempt":1,"fencingToken":1,"completedAt":1,"outcome":{"kind":"value","json":1}}' FROM n`);

    async function walk(store: SqliteStore, query: RecordQuery): Promise<readonly [number, number][]> {
      const pages: [number, number][] = [];
      let next: RecordQuery = query;
      for (;;) {
        const { records, cursor, examined } = await store.records(next);
        pages.push([records.length, examined]);
        if (cursor === undefined) return pages;
        next = { ...query, cursor };
      }
    }

    it('are found by an index where they are unknown, and no other row is read', async () => {
      const store = storeOn(schema());
      fill(5_000);
      const kept = ['b#1', 'a#1', 'z#1'].map((key) => recordOf(key));
      for (const own of kept) await store.claim(own, 0);
      const { records, examined } = await store.records({ status: 'unknown' });
      expect(records.map(({ key }) => key)).to.deep.equal(['a#1', 'b#1', 'z#1']);
      expect(examined).to.equal(3);
      expect(await store.planRecords({ status: 'unknown' })).to.deep.include({ by: 'index', records: 3 });
    });

    it('are at most 1,000 of those that are read for one page, because nothing else happens meanwhile', async () => {
      const store = storeOn(schema());
      fill(2_500);
      expect(await walk(store, { status: 'released' })).to.deep.equal([
        [0, 1_000],
        [0, 1_000],
        [0, 500],
      ]);
      expect(await walk(store, { limit: 1_000 })).to.deep.equal([
        [1_000, 1_000],
        [1_000, 1_000],
        [500, 500],
      ]);
      expect(await walk(store, { olderThan: 2, limit: 1_000, prefix: 'filled#0000000' })).to.deep.equal([
        [99, 99],
      ]);
    });

    it('are read by a scan in a table of an earlier version, and by the index once schema() has run again', async () => {
      const store = storeOn(earlierSchema);
      await store.claim(recordOf('a#1'), 0);
      await store.claim(recordOf('b#1', { ...unknown, status: 'released' }), 0);
      const plan = await store.planRecords({ status: 'unknown' });
      expect(plan).to.deep.include({ by: 'scan', records: 2 });
      expect(plan.cost).to.include('database.exec(schema())');
      expect((await store.records({ status: 'unknown' })).examined).to.equal(2);
      database.exec(schema());
      expect(await store.planRecords({ status: 'unknown' })).to.deep.include({ by: 'index', records: 1 });
      const { records, examined } = await store.records({ status: 'unknown' });
      expect(records.map(({ key }) => key)).to.deep.equal(['a#1']);
      expect(examined).to.equal(1);
    });

    it('are listed from the first again where the table gets the index between two pages', async () => {
      const store = storeOn(earlierSchema);
      for (const key of ['c#1', 'a#1', 'b#1']) await store.claim(recordOf(key), 0);
      const first = await store.records({ status: 'unknown', limit: 2 });
      expect(first.records.map(({ key }) => key)).to.deep.equal(['c#1', 'a#1']);
      database.exec(schema());
      const cursor = first.cursor ?? '';
      const second = await store.records({ status: 'unknown', limit: 2, cursor });
      expect(second.records.map(({ key }) => key)).to.deep.equal(['a#1', 'b#1']);
      database.exec('DROP INDEX idempotency_unknown');
      const third = await store.records({ status: 'unknown', limit: 9, cursor: second.cursor ?? '' });
      expect(third.records).to.have.length(3);
    });

    it('in progress are found by an index only where schema() was asked for it', async () => {
      const store = storeOn(schema());
      fill(100);
      await store.claim(recordOf('a#1', running), 0);
      expect(await store.planRecords({ status: 'abandoned' })).to.deep.include({ by: 'scan', records: 101 });
      database.exec(schema('idempotency', { indexInProgress: true }));
      expect(await store.planRecords({ status: 'abandoned' })).to.deep.include({ by: 'index', records: 1 });
      expect((await store.records({ status: 'abandoned' })).examined).to.equal(1);
    });

    it('are read in the order of their rows or of an index, and not sorted', async () => {
      const store = storeOn(schema());
      for (const [query, index] of [
        [{}, undefined],
        [{ status: 'released' }, undefined],
        [{ operation: 'o' }, 'sqlite_autoindex_idempotency_1'],
        [{ status: 'released', prefix: 'p' }, 'sqlite_autoindex_idempotency_1'],
        [{ status: 'unknown' }, 'idempotency_unknown'],
      ] as const) {
        await store.records(query);
        const text = sent.at(-1) ?? '';
        const values = Array.from(text.matchAll(/\?/g), () => '');
        const plan = JSON.stringify(database.prepare(`EXPLAIN QUERY PLAN ${text}`).all(...values));
        expect(plan)
          .to.include(index ? `USING INDEX ${index}` : 'SCAN idempotency')
          .and.not.include('TEMP B-TREE');
      }
    });

    it('are not asked for by a statement where no key can match, nor in a transaction', async () => {
      const store = storeOn(schema());
      expect(await store.records({ operation: 'pay', prefix: 'refund#' })).to.deep.equal({
        records: [],
        examined: 0,
      });
      database.exec('BEGIN');
      expect(await rejection(store.records({}))).to.be.instanceOf(ConfigurationError);
      database.exec('ROLLBACK');
      expect(sent).to.deep.equal([]);
    });
  });
}
