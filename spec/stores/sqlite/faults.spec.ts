import { expect } from 'chai';
import {
  currentExecution,
  type IdempotencyRecord,
  makeIdempotent,
  OutcomeUnavailableError,
  StoreError,
} from 'retrysafe';
import { type SqliteDatabase, SqliteStore, schema } from 'retrysafe/sqlite';
import { deployable, restOfTurn } from '../../support/deployment.js';
import { PassingTime } from '../../support/passing-time.js';
import { rejection } from '../../support/rejection.js';
import { useSqlite } from '../../support/sqlite.js';
import { type OpenDatabase, openAsItIs, openReadOnly, sqliteDrivers } from '../../support/sqlite-drivers.js';

const record = (key: string): IdempotencyRecord => ({
  key,
  token: `${key}.1`,
  expiresAt: Date.now() + 60_000,
  state: { format: 1, status: 'released', attempt: 1, fencingToken: 1 },
});

function completed(key: string, json: unknown): IdempotencyRecord {
  const outcome = { kind: 'value', json } as const;
  return {
    ...record(key),
    state: { format: 1, status: 'completed', attempt: 1, fencingToken: 1, completedAt: 1, outcome },
  };
}

for (const driver of sqliteDrivers) {
  describe(`what SQLite cannot do, by ${driver}`, () => {
    const sqlite = useSqlite(driver);
    let path: string;
    let here: OpenDatabase;
    let elsewhere: OpenDatabase;
    let store: SqliteStore;
    let operation: ReturnType<typeof deployable>;
    let key: string;
    let runs: number;

    beforeEach(() => {
      path = sqlite.createFile();
      here = sqlite.open(path);
      elsewhere = sqlite.open(path);
      // Nothing is waited for.
      here.exec('PRAGMA busy_timeout = 0');
      store = new SqliteStore({ database: here });
      operation = deployable();
      runs = 0;
    });

    const work = async () => {
      key = currentExecution().key;
      runs += 1;
      return `run ${runs}`;
    };
    const call = (in_: SqliteStore = store) => operation(in_, work)('a');

    /** A call that is refused: its method has not run, and the cause says what to do. */
    async function expectRefused(advice: RegExp, in_: SqliteStore = store): Promise<StoreError> {
      const before = runs;
      const error = (await rejection(call(in_))) as StoreError;
      expect(error).to.be.instanceOf(StoreError);
      expect(error).to.include({ step: 'claim', statusCode: 503, tooLarge: false });
      expect(error.message).to.match(advice);
      expect(runs).to.equal(before);
      return error;
    }

    describe('since another connection writes', () => {
      it('is a StoreError that says how to wait for it; the key is free afterwards', async () => {
        elsewhere.exec('BEGIN IMMEDIATE');
        const { cause } = await expectRefused(
          /busy with the write of another connection.*busy_timeout = 5000.*WAL/,
        );
        expect(cause, 'what the driver says').to.have.nested.property('cause.message', 'database is locked');
        elsewhere.exec('COMMIT');
        expect(await call()).to.equal('run 1');
      });

      it('is no obstacle to a replay', async () => {
        expect(await call()).to.equal('run 1');
        elsewhere.exec('BEGIN IMMEDIATE');
        expect(await call()).to.equal('run 1');
        expect(await store.claim({ ...record(key), token: 'other.1' }, Date.now())).to.have.nested.property(
          'state.status',
          'completed',
        );
        elsewhere.exec('COMMIT');
      });

      it('is waited for as long as `busy_timeout` says', async () => {
        here.exec('PRAGMA busy_timeout = 200');
        elsewhere.exec('BEGIN IMMEDIATE');
        const from = performance.now();
        await rejection(store.claim(record('k'), Date.now()));
        expect(performance.now() - from).to.be.within(180, 2_000);
        elsewhere.exec('COMMIT');
      });

      it('does not take the result from its caller where it meets the completion', async () => {
        const time = new PassingTime({ quiet: restOfTurn });
        try {
          const running = operation(store, async () => {
            elsewhere.exec('BEGIN IMMEDIATE');
            return work();
          })('a');
          await time.pass(1_000);
          elsewhere.exec('COMMIT');
          expect(await time.until(running)).to.equal('run 1');
          expect(await time.until(call())).to.equal('run 1');
        } finally {
          time.restore();
        }
      });
    });

    it('is never taken for done: a claim whose commit fails is none', async () => {
      // Without WAL a reader keeps others from committing, though not from writing.
      for (const database of [here, elsewhere]) database.close();
      here = sqlite.owned(openAsItIs(driver, path));
      here.exec('PRAGMA journal_mode = DELETE; PRAGMA busy_timeout = 0');
      elsewhere = sqlite.owned(openAsItIs(driver, path));
      elsewhere.exec('BEGIN');
      elsewhere.prepare('SELECT * FROM idempotency').all();
      store = new SqliteStore({ database: here });
      await expectRefused(/busy/);
      expect(here.prepare('SELECT * FROM idempotency').all()).to.deep.equal([]);
      elsewhere.exec('COMMIT');
      expect(await call()).to.equal('run 1');
    });

    describe('since the database is read-only', () => {
      it('is a StoreError that says so; what was recorded is replayed', async () => {
        expect(await call()).to.equal('run 1');
        const readOnly = new SqliteStore({ database: sqlite.owned(openReadOnly(driver, path)) });
        expect(await call(readOnly)).to.equal('run 1');
        expect(await readOnly.find(key)).to.have.nested.property('state.status', 'completed');
        operation = deployable();
        await expectRefused(/the database is read-only; open it for writing/, readOnly);
        expect(await rejection(readOnly.removeExpired())).to.be.instanceOf(StoreError);
      });
    });

    describe('since the table is not there', () => {
      it('is a StoreError that names it, and says how to create it', async () => {
        const typo = new SqliteStore({ database: here, table: 'idempotence' });
        await expectRefused(
          /there is no table "idempotence"; create it by `database\.exec\(schema\(\)\)`/,
          typo,
        );
        for (const step of [
          () => typo.find('k'),
          () => typo.replace(record('k'), 'k.0'),
          () => typo.removeExpired(),
        ]) {
          expect(await rejection(step())).to.be.instanceOf(StoreError);
        }
        here.exec(schema('idempotence'));
        expect(await call(typo)).to.equal('run 1');
      });

      it('is told the same by complete(), inside of a transaction', () => {
        const typo = new SqliteStore({ database: here, table: 'idempotence' });
        here.exec('BEGIN');
        expect(() => typo.complete({ record: record('k'), token: 'k.0' })).to.throw(
          StoreError,
          'there is no table "idempotence"',
        );
        here.exec('ROLLBACK');
      });
    });

    describe('since the table is another one', () => {
      for (const [what, columns] of Object.entries({
        'lacks a column': 'key TEXT PRIMARY KEY, token TEXT, state TEXT',
        'has nothing of it': 'id INTEGER PRIMARY KEY, email TEXT',
        'lets a key be there twice': 'key TEXT, token TEXT, expires_at INTEGER, state TEXT',
      })) {
        it(`that ${what}: a StoreError names it`, async () => {
          here.exec(`CREATE TABLE other (${columns})`);
          const other = new SqliteStore({ database: here, table: 'other' });
          await expectRefused(
            /the table "other" has other columns than a store needs; create another by/,
            other,
          );
          expect(here.prepare('SELECT * FROM other').all()).to.deep.equal([]);
        });
      }
    });

    it('since the disk is full is a StoreError that says so; what was recorded stays', async () => {
      expect(await call()).to.equal('run 1');
      const [pages] = Object.values(here.prepare('PRAGMA page_count').all()[0] as object);
      here.exec(`PRAGMA max_page_count = ${pages}`);
      const full = makeIdempotent(async (_id: string) => 'x'.repeat(1_000_000), { name: 'full', store });
      const error = await rejection(store.claim(completed('big', 'x'.repeat(1_000_000)), Date.now()));
      expect(error).to.be.instanceOf(StoreError);
      expect(error).to.have.property('message', 'SqliteStore: the disk is full');
      expect(error).to.have.property('tooLarge', false);
      expect(await store.find('big')).to.equal(undefined);
      expect(await call()).to.equal('run 1');
      here.exec('PRAGMA max_page_count = 1000000');
      expect(await full('a')).to.have.length(1_000_000);
    });

    describe('since a record is larger than it takes', () => {
      it('is a StoreError with tooLarge: true, and the holder stays', async () => {
        const holder = record('k');
        await store.claim(holder, Date.now());
        // No text of JavaScript's is that long; `sizes.spec.ts` has one that is a little shorter.
        const json = { toJSON: () => 'x'.repeat(2 ** 29) };
        const large = completed('k', json);
        for (const write of [
          () => store.replace({ ...large, token: 'k.2' }, 'k.1'),
          () => store.claim({ ...large, key: 'new' }, Date.now()),
        ]) {
          const error = await rejection(write());
          expect(error).to.be.instanceOf(StoreError);
          expect(error).to.include({
            tooLarge: true,
            message: 'SqliteStore: the record is larger than the store takes, which is 1000 MB',
          });
        }
        expect(await store.find('k')).to.deep.equal(holder);
        expect(await store.find('new')).to.equal(undefined);
      });

      // Only node:sqlite of Node.js 24 lets one set a limit.
      const isLimited = driver === 'node:sqlite' && Number.parseInt(process.versions.node, 10) >= 24;
      const itIsLimited = isLimited ? it : it.skip;
      itIsLimited(
        'or than the database was told to take: the key is completed without its outcome',
        async () => {
          (here as unknown as { readonly limits: { length: number } }).limits.length = 5_000;
          const large = deployable();
          expect(await large(store, async () => 'x'.repeat(10_000))('a')).to.have.length(10_000);
          const error = await rejection(large(store, async () => expect.fail('it ran again'))('a'));
          expect(error).to.be.instanceOf(OutcomeUnavailableError);
        },
      );
    });

    it('since it is closed is a StoreError', async () => {
      here.close();
      const error = await expectRefused(/the store failed at claim/);
      expect((error.cause as Error).message).to.match(/not open/);
    });

    it('since it is closed is over when it is opened again', async () => {
      // As that of node:sqlite, which is one object before and after.
      let open = here;
      const reopened = {
        prepare: (sql: string) => open.prepare(sql),
        get inTransaction() {
          return 'inTransaction' in open ? open.inTransaction : open.isTransaction;
        },
      } as unknown as SqliteDatabase;
      store = new SqliteStore({ database: reopened });
      await call();
      here.close();
      await expectRefused(/the store failed at claim/);
      open = elsewhere;
      expect(await call()).to.equal('run 1');
    });

    describe('with a row that is damaged', () => {
      const damage = (set: string) => elsewhere.exec(`UPDATE idempotency SET ${set}`);

      for (const expiresAt of ["'soon'", "''", "'2026-01-01'", "x'00'"]) {
        it(`is to tell when it expires, with ${expiresAt} there: a StoreError names the key, and nothing runs`, async () => {
          await call();
          damage(`expires_at = ${expiresAt}`);
          await expectRefused(/what is kept under deployed operation \d+#\S+ is no record of retrysafe/);
          operation = deployable();
          expect(await call(), 'another key').to.equal('run 2');
        });
      }

      for (const state of ["'{'", "''", "'null'", "x'00ff'", "'{}'"]) {
        it(`is to tell its state, with ${state} there: an OutcomeUnavailableError, and nothing runs`, async () => {
          await call();
          damage(`state = ${state}`);
          expect(await rejection(call())).to.be.instanceOf(OutcomeUnavailableError);
          expect(runs).to.equal(1);
        });
      }
    });

    it('has no word of what a driver says in its message, which may reach a stranger', async () => {
      here.exec(
        "CREATE TRIGGER t BEFORE INSERT ON idempotency BEGIN SELECT RAISE(ABORT, 'secret 4111'); END",
      );
      const error = await expectRefused(/for the reason that is this error's `cause`/);
      expect(error.message).to.not.include('4111');
      expect((error.cause as Error).message).to.equal('secret 4111');
    });
  });
}
