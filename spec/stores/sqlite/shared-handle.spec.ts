import { expect } from 'chai';
import {
  ConfigurationError,
  currentExecution,
  type IdempotencyRecord,
  type IdempotentOptions,
  InProgressError,
  StoreError,
} from 'retrysafe';
import { type Deferred, defer } from '../../support/defer.js';
import { restOfTurn } from '../../support/deployment.js';
import { PassingTime } from '../../support/passing-time.js';
import { RecordedEvents } from '../../support/recorded-events.js';
import { rejection } from '../../support/rejection.js';
import { useSqlite } from '../../support/sqlite.js';
import { sqliteDrivers } from '../../support/sqlite-drivers.js';
import { Application, Transfer } from './transfers.js';

// Lease 6 s, renewed at 2 s and, where that fails, each 0.6 s; it is taken over from 7 s on.
const options = { lease: 6, clockTolerance: 1, wait: 10 } as const satisfies IdempotentOptions;

const record = (token: string, change: Partial<IdempotencyRecord> = {}): IdempotencyRecord => ({
  key: 'k',
  token,
  expiresAt: Date.now() + 60_000,
  state: { format: 1, status: 'released', attempt: 1, fencingToken: 1 },
  ...change,
});

for (const driver of sqliteDrivers) {
  describe(`while a transaction is open on the database handle that the store uses, by ${driver}`, () => {
    const sqlite = useSqlite(driver);
    let time: PassingTime;
    let here: Application;
    let elsewhere: Application;
    let transfer: Transfer;

    beforeEach(() => {
      const path = sqlite.createFile();
      here = new Application(sqlite.open(path));
      elsewhere = new Application(sqlite.open(path));
      transfer = new Transfer(options);
      time = new PassingTime({ quiet: restOfTurn });
    });

    afterEach(() => time.restore());

    const rows = () => elsewhere.database.prepare('SELECT * FROM idempotency').all();

    for (const begin of ['BEGIN', 'BEGIN IMMEDIATE', 'SAVEPOINT s']) {
      const [commit, rollBack] = begin.startsWith('SAVEPOINT')
        ? ['RELEASE s', 'ROLLBACK TO s; RELEASE s']
        : ['COMMIT', 'ROLLBACK'];

      it(`by ${begin}, every operation is refused, and is no part of it`, async () => {
        const { store, database } = here;
        await store.claim(record('first.1'), Date.now());
        const before = rows();
        const operations = {
          claim: () => store.claim(record('new.1', { key: 'new' }), Date.now()),
          'claim that meets a holder': () => store.claim(record('second.1'), Date.now()),
          replace: () => store.replace(record('first.2'), 'first.1'),
          find: () => store.find('k'),
          removeExpired: () => store.removeExpired(),
        };
        for (const end of [commit, rollBack]) {
          database.exec(begin);
          here.add(transfer.account, end);
          for (const [what, operate] of Object.entries(operations)) {
            const error = await rejection(operate());
            expect(error, what).to.be.instanceOf(ConfigurationError);
            expect(error, what)
              .to.have.property('message')
              .that.matches(/^SqliteStore: a transaction is open on the database/)
              .and.includes('end it before anything is awaited')
              .and.includes('give the store a database handle of its own');
          }
          database.exec(end as string);
          expect(rows()).to.deep.equal(before);
        }
        expect(elsewhere.transfersOf(transfer.account), 'the transaction is as it was').to.equal(1);
        expect(await store.find('k')).to.deep.equal(record('first.1', { expiresAt: Date.now() + 60_000 }));
      });
    }

    for (const onStoreFailure of ['throw', 'run'] as const) {
      it(`a call is refused with a StoreError, and its method does not run, with onStoreFailure: '${onStoreFailure}'`, async () => {
        here.database.exec('BEGIN');
        const refused = transfer.at(here, async () => expect.fail('it ran'), { onStoreFailure });
        const error = await time.until(rejection(refused));
        expect(error).to.be.instanceOf(StoreError);
        expect(error).to.include({ step: 'claim', statusCode: 503 });
        expect(error).to.have.property('message').that.includes('a transaction is open on the database');
        expect(error).to.have.property('cause').that.is.instanceOf(ConfigurationError);
        here.database.exec('ROLLBACK');
        expect(rows()).to.deep.equal([]);
        expect(transfer.runs).to.equal(0);
        expect(await time.until(transfer.at(here))).to.deep.equal({ run: 1 });
      });
    }

    it('a call on a store with a handle of its own goes on', async () => {
      here.database.exec('BEGIN');
      here.database.prepare('SELECT count(*) FROM transfers').all();
      expect(await time.until(transfer.at(elsewhere))).to.deep.equal({ run: 1 });
      here.database.exec('COMMIT');
    });

    describe('and a method runs', () => {
      let end: Deferred<void>;
      let running: Promise<unknown>;
      let events: RecordedEvents;

      beforeEach(async () => {
        end = defer();
        events = new RecordedEvents();
        running = transfer.at(here, async () => {
          await end.promise;
          return 'done';
        });
        await restOfTurn();
      });

      afterEach(() => events.stop());

      const duplicate = () =>
        time.until(rejection(transfer.at(elsewhere, async () => expect.fail('it ran beside'), { wait: 0 })));

      it('a renewal is tried again when it has ended: the claim holds', async () => {
        here.database.exec('BEGIN');
        await time.pass(4_000);
        expect(events.named('renewed')).to.have.length(0);
        here.database.exec('COMMIT');
        await time.pass(1_000);
        expect(events.named('renewed')).to.have.length(1);
        await time.pass(4_000);
        expect(await duplicate(), '9 s after a claim of 6 s').to.be.instanceOf(InProgressError);
        end.resolve();
        expect(await time.until(running)).to.equal('done');
        expect(events.names).to.not.include('claim-lost');
      });

      it('a completion of a method is recorded when it has ended, and no earlier', async () => {
        here.database.exec('BEGIN');
        end.resolve();
        await time.pass(1_000);
        expect(await transfer.traces(elsewhere)).to.have.property('status', 'in-progress');
        here.database.exec('ROLLBACK');
        expect(await time.until(running)).to.equal('done');
        expect(await transfer.traces(elsewhere)).to.have.property('status', 'completed');
      });

      it('the signal tells when it lasts longer than the lease, and a duplicate takes over', async () => {
        here.database.exec('BEGIN');
        await time.pass(7_100);
        expect(events.names).to.include('claim-lost');
        expect(await time.until(transfer.at(elsewhere))).to.deep.equal({ run: 2 });
        here.database.exec('ROLLBACK');
        end.resolve();
        expect(await time.until(running), 'the outcome of the successor').to.deep.equal({ run: 2 });
      });
    });

    describe('a completion that is asked for inside of it', () => {
      async function askedInside(before: () => Promise<unknown>): Promise<{ error: unknown; took: number }> {
        let took = Number.NaN;
        const inside = transfer.at(here, async (application) => {
          await before();
          application.database.exec('BEGIN');
          const from = Date.now();
          try {
            const completion = await currentExecution().completion('done');
            application.add(transfer.account, 'done');
            application.store.complete(completion);
            application.database.exec('COMMIT');
            return 'done';
          } catch (error) {
            took = Date.now() - from;
            application.database.exec('ROLLBACK');
            throw error;
          }
        });
        return {
          error: await time.until(
            inside.then(
              () => undefined,
              (error: unknown) => error,
            ),
          ),
          took,
        };
      }

      it('is to be had while enough of the lease is left', async () => {
        expect(await askedInside(async () => {})).to.have.property('error', undefined);
        expect(await transfer.traces(elsewhere)).to.deep.equal({
          runs: 1,
          transfers: 1,
          status: 'completed',
        });
      });

      it('fails at once where it has to renew, and the advice says to ask for it before', async () => {
        // The second one makes the first one void.
        const { error, took } = await askedInside(() => currentExecution().completion('first'));
        expect(error).to.be.instanceOf(StoreError);
        expect(error).to.include({ step: 'replace' });
        expect(error).to.have.property('message').that.includes('do not begin the transaction');
        expect(error)
          .to.have.nested.property('cause.message')
          .that.includes('ask for a completion before it begins');
        expect(took).to.equal(0);
        expect(await transfer.traces(elsewhere)).to.deep.equal({ runs: 1, transfers: 0, status: 'released' });
        expect(await time.until(transfer.at(elsewhere))).to.deep.equal({ run: 2 });
      });
    });
  });
}
