import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import type { IdempotencyRecord } from 'retrysafe';
import { SqliteStore } from 'retrysafe/sqlite';
import { randomBytes, recordOfBytes, recordOfRun } from '../../support/bytes.js';
import { useSqlite } from '../../support/sqlite.js';
import { type OpenDatabase, openAsItIs, sqliteDrivers } from '../../support/sqlite-drivers.js';

/** What a row has besides the bytes. */
const HEAD_BYTES = 500;

/** As an earlier version created it. */
const earlierSchema = `CREATE TABLE idempotency (
  key TEXT PRIMARY KEY,
  token TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  state TEXT NOT NULL
);`;

/** The statement of UPGRADING.md. */
function upgrade(): string {
  const document = readFileSync(new URL('../../../../UPGRADING.md', import.meta.url), 'utf8');
  const [, statement] = document.match(/```sql\n(ALTER TABLE \w+ ADD COLUMN \w+ BLOB;)\n```/) ?? [];
  return statement ?? expect.fail('UPGRADING.md does not say how to change a table');
}

for (const driver of sqliteDrivers) {
  describe(`bytes of an outcome in a row of SQLite, by ${driver}`, () => {
    const sqlite = useSqlite(driver);
    let database: OpenDatabase;
    let store: SqliteStore;

    beforeEach(() => {
      database = sqlite.open();
      store = new SqliteStore({ database });
    });

    function rowOf(key: string): Record<string, unknown> {
      const [row] = database.prepare('SELECT * FROM idempotency WHERE key = ?').all(key);
      return row as Record<string, unknown>;
    }

    const outcomeIn = (row: Record<string, unknown>) => JSON.parse(String(row.state)).outcome;

    function sizeOf(key: string): number {
      const columns = ['key', 'token', 'expires_at', 'state', 'outcome_bytes'];
      const size = columns.map((column) => `coalesce(length(CAST(${column} AS BLOB)), 0)`).join(' + ');
      const [row] = database.prepare(`SELECT ${size} AS size FROM idempotency WHERE key = ?`).all(key);
      return (row as { readonly size: number }).size;
    }

    /** Expects that a store returns a record, also to a claim and a replace that lose. */
    async function expectFound(record: IdempotencyRecord, by = store): Promise<void> {
      expect(await by.find(record.key)).to.deep.equal(record);
      expect(await by.claim(recordOfRun(record.key), Date.now())).to.deep.equal(record);
      expect(await by.replace(recordOfRun(record.key), 'another.1')).to.deep.equal(record);
    }

    it('take as much as they are, and not a third more', async () => {
      const record = recordOfBytes('random', randomBytes(100_000));
      expect(await store.claim(record, Date.now())).to.deep.equal(record);
      expect(sizeOf('random')).to.be.within(100_000, 101_000 + HEAD_BYTES);
      expect(outcomeIn(rowOf('random'))).to.have.all.keys('kind', 'head');
      await expectFound(record);
      await expectFound(record, new SqliteStore({ database }));
    });

    it('take as much in a transaction of the application', async () => {
      const record = recordOfBytes('completed', randomBytes(100_000));
      await store.claim(recordOfRun('completed', { token: 'own.0' }), Date.now());
      database.exec('BEGIN IMMEDIATE');
      store.complete({ record, token: 'own.0' });
      database.exec('COMMIT');
      expect(sizeOf('completed')).to.be.within(100_000, 101_000 + HEAD_BYTES);
      await expectFound(record);
    });

    it('are read alike, whatever a database makes of rows', async () => {
      const own = sqlite.owned(
        openAsItIs(driver, sqlite.createFile(), { returnArrays: true, readBigInts: true }),
      ) as OpenDatabase & { defaultSafeIntegers?(): void };
      own.defaultSafeIntegers?.();
      const record = recordOfBytes('k', randomBytes(5_000));
      const other = new SqliteStore({ database: own });
      expect(await other.claim(record, Date.now())).to.deep.equal(record);
      await expectFound(record, other);
    });

    it('are gone when a record without any takes the place, by a claim and by a replace', async () => {
      const record = recordOfBytes('k', randomBytes(5_000));
      await store.claim(record, Date.now());
      await store.claim(recordOfRun('k'), record.expiresAt);
      expect(rowOf('k').outcome_bytes).to.equal(null);
      await store.replace(record, 'next.1');
      expect(rowOf('k').outcome_bytes).not.to.equal(null);
      await store.replace(recordOfRun('k'), record.token);
      expect(rowOf('k').outcome_bytes).to.equal(null);
    });

    it('of which an earlier version left some beside its own record count for nothing', async () => {
      const record = recordOfBytes('k', randomBytes(5_000));
      await store.claim(record, Date.now());
      const { key, token, state } = recordOfRun('k');
      // An earlier version knows these columns.
      database
        .prepare('UPDATE idempotency SET token = ?, state = ? WHERE key = ? RETURNING key')
        .all(token, JSON.stringify(state), key);
      await expectFound({ ...record, token, state });
      await store.replace(recordOfRun('k', { token: 'next.2' }), token);
      expect(rowOf('k').outcome_bytes).to.equal(null);
    });

    describe('where an earlier version created the table', () => {
      beforeEach(() => {
        database = sqlite.open(sqlite.path());
        database.exec(earlierSchema);
        store = new SqliteStore({ database });
      });

      it('stay in its text, also in a transaction of the application', async () => {
        const record = recordOfBytes('text', randomBytes(5_000));
        await store.claim(recordOfRun('text', { token: 'own.0' }), Date.now());
        database.exec('BEGIN IMMEDIATE');
        store.complete({ record, token: 'own.0' });
        database.exec('COMMIT');
        await expectFound(record);
        expect(outcomeIn(rowOf('text'))).to.have.all.keys('kind', 'head', 'base64');
      });

      it('get their column without a restart: stores read what others write, before and after', async () => {
        const other = new SqliteStore({ database });
        const before = recordOfBytes('before', randomBytes(5_000));
        await store.claim(before, Date.now());
        expect(await other.find('none')).to.equal(undefined);
        database.exec(upgrade());
        const after = recordOfBytes('after', randomBytes(5_000));
        await store.claim(after, Date.now());
        expect(outcomeIn(rowOf('after'))).to.have.all.keys('kind', 'head');
        // The other one has not met the column yet.
        for (const by of [other, store]) {
          await expectFound(after, by);
          await expectFound(before, by);
        }
      });
    });
  });
}
