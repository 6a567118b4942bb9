import { expect } from 'chai';
import {
  ClaimLostError,
  type Completion,
  ConfigurationError,
  currentExecution,
  type IdempotentOptions,
  OutcomeUnknownError,
  recordOf,
} from 'retrysafe';
import { type Deferred, defer } from '../../support/defer.js';
import { restOfTurn } from '../../support/deployment.js';
import { PassingTime } from '../../support/passing-time.js';
import { RecordedEvents } from '../../support/recorded-events.js';
import { rejection, thrown } from '../../support/rejection.js';
import { useSqlite } from '../../support/sqlite.js';
import { sqliteDrivers } from '../../support/sqlite-drivers.js';
import { Application, Transfer } from './transfers.js';

// Lease 6 s; it is taken over from 7 s on.
const options = { lease: 6, clockTolerance: 1, wait: 10 } as const satisfies IdempotentOptions;

for (const driver of sqliteDrivers) {
  describe(`a completion in a transaction of the application, by ${driver}`, () => {
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

    const call = (work?: (application: Application) => Promise<unknown>) =>
      time.until(transfer.at(here, work));
    const callElsewhere = (more?: IdempotentOptions) => time.until(transfer.at(elsewhere, undefined, more));
    const traces = () => transfer.traces(elsewhere);

    /** A transaction that the business itself refuses, after everything was done in it. */
    function commitRefused(application: Application, completion: Completion, refusal: Error): void {
      application.inTransaction(() => {
        application.store.complete(completion);
        application.add(transfer.account, 'never');
        throw refusal;
      });
    }

    it('commits with the business, and the outcome is replayed', async () => {
      expect(await call()).to.deep.equal({ run: 1 });
      expect(await callElsewhere()).to.deep.equal({ run: 1 });
      expect(await call()).to.deep.equal({ run: 1 });
      expect(await traces()).to.deep.equal({ runs: 1, transfers: 1, status: 'completed' });
    });

    it('may be the first or the last that the transaction does, and in a savepoint of it', async () => {
      const inFront = async (application: Application) => {
        const completion = await currentExecution().completion('done');
        application.inTransaction(() => {
          application.database.exec('SAVEPOINT inner');
          application.store.complete(completion);
          application.database.exec('RELEASE inner');
          application.add(transfer.account, 'done');
        });
        return 'done';
      };
      expect(await call(inFront)).to.equal('done');
      expect(await traces()).to.deep.equal({ runs: 1, transfers: 1, status: 'completed' });
    });

    it('does not commit without the business: where that is refused, the key is free, and the caller has the error of the method', async () => {
      const refusal = new Error('no money');
      const refused = async (application: Application) =>
        commitRefused(application, await currentExecution().completion('never'), refusal);
      expect(await rejection(call(refused))).to.equal(refusal);
      expect(await traces()).to.deep.equal({ runs: 1, transfers: 0, status: 'released' });
      expect(await callElsewhere()).to.deep.equal({ run: 2 });
      expect(await traces()).to.deep.equal({ runs: 2, transfers: 1, status: 'completed' });
    });

    it('may be written again after a transaction that was refused: nothing moves the token meanwhile', async () => {
      const patient = async (application: Application) => {
        const completion = await currentExecution().completion('done');
        thrown(() => commitRefused(application, completion, new Error('not yet')));
        await time.pass(4_000);
        application.commit(transfer.account, completion);
        return 'done';
      };
      expect(await transfer.at(here, patient)).to.equal('done');
      expect(await callElsewhere()).to.equal('done');
      expect(await traces()).to.deep.equal({ runs: 1, transfers: 1, status: 'completed' });
    });

    it('is the answer although the method throws after its transaction committed', async () => {
      const throwing = async (application: Application) => {
        await transfer.commitReceipt(application);
        throw new Error('the line is down');
      };
      expect(await call(throwing)).to.deep.equal({ run: 1 });
      expect(await callElsewhere()).to.deep.equal({ run: 1 });
      expect(await traces()).to.deep.equal({ runs: 1, transfers: 1, status: 'completed' });
    });

    for (const [what, leave] of [
      ['swallows that it was refused', (database) => database.exec('ROLLBACK')],
      ['forgets to commit', () => {}],
    ] as [string, (database: Application['database']) => void][]) {
      it(`is never reported as completed where the method ${what}`, async () => {
        const events = new RecordedEvents();
        const forgetful = async (application: Application) => {
          const completion = await currentExecution().completion('done');
          application.database.exec('BEGIN');
          application.store.complete(completion);
          leave(application.database);
          return 'done';
        };
        const error = await rejection(call(forgetful));
        events.stop();
        expect(error).to.be.instanceOf(OutcomeUnknownError);
        expect(events.names).to.not.include('completed');
        if (isInTransaction(here)) here.database.exec('ROLLBACK');
        await time.pass(7_100);
        const refusing = callElsewhere({ onAbandoned: 'refuse' });
        expect(await rejection(refusing)).to.be.instanceOf(OutcomeUnknownError);
        expect(await callElsewhere()).to.deep.equal({ run: 2 });
        expect(await traces()).to.deep.equal({ runs: 2, transfers: 1, status: 'completed' });
      });
    }

    it('does its business once, however often it is repeated', async () => {
      const refusals: unknown[] = [];
      const repeating = async (application: Application) => {
        const completion = await currentExecution().completion('done');
        const commit = () => application.commit(transfer.account, completion);
        commit();
        refusals.push(thrown(commit), thrown(commit));
        refusals.push(thrown(() => elsewhere.commit(transfer.account, completion)));
        return 'done';
      };
      expect(await call(repeating)).to.equal('done');
      expect(refusals).to.have.length(3);
      for (const refusal of refusals) {
        expect(refusal).to.be.instanceOf(ClaimLostError);
        expect(refusal)
          .to.have.property('message')
          .that.matches(/was completed before; roll the transaction back$/);
      }
      expect(await traces()).to.deep.equal({ runs: 1, transfers: 1, status: 'completed' });
    });

    it('is refused outside of a transaction: a ConfigurationError says what to do, and nothing is changed', async () => {
      let refusal: unknown;
      const bare = async ({ store, database }: Application) => {
        const completion = await currentExecution().completion('done');
        const before = database.prepare('SELECT * FROM idempotency').all();
        refusal = thrown(() => store.complete(completion));
        expect(database.prepare('SELECT * FROM idempotency').all()).to.deep.equal(before);
        throw refusal;
      };
      expect(await rejection(call(bare))).to.equal(refusal);
      expect(refusal).to.be.instanceOf(ConfigurationError);
      expect(refusal)
        .to.have.property('message')
        .that.includes('no transaction is open on the database; begin one')
        .and.includes('before its COMMIT');
      expect(await traces()).to.deep.equal({ runs: 1, transfers: 0, status: 'released' });
    });

    describe('whose claim is lost', () => {
      let goOn: Deferred<void>;
      let caught: unknown;
      let late: Promise<unknown>;

      /** A run that has its completion, and begins its transaction when others may have taken over already. */
      beforeEach(async () => {
        goOn = defer();
        caught = undefined;
        late = transfer.at(here, async (application) => {
          const completion = await currentExecution().completion({ run: 'late' });
          await goOn.promise;
          try {
            application.commit(transfer.account, completion);
          } catch (error) {
            caught = error;
            throw error;
          }
        });
        late.catch(() => {});
        await time.pass(7_100);
      });

      function expectRolledBack(): void {
        expect(caught).to.be.instanceOf(ClaimLostError);
        expect(caught).to.have.property('key', transfer.key);
      }

      it('is rolled back as a whole, and the answer is the outcome of the successor', async () => {
        expect(await callElsewhere()).to.deep.equal({ run: 2 });
        goOn.resolve();
        expect(await time.until(late)).to.deep.equal({ run: 2 });
        expectRolledBack();
        expect(await traces()).to.deep.equal({ runs: 2, transfers: 1, status: 'completed' });
      });

      it('is rolled back as a whole while the successor still runs, and its outcome is waited for', async () => {
        const successor = defer();
        const second = transfer.at(elsewhere, async (application) => {
          await successor.promise;
          return transfer.commitReceipt(application);
        });
        await restOfTurn();
        goOn.resolve();
        await time.pass(3_000);
        expectRolledBack();
        expect(await traces()).to.deep.equal({ runs: 2, transfers: 0, status: 'in-progress' });
        successor.resolve();
        expect(await time.until(Promise.all([late, second]))).to.deep.equal([{ run: 2 }, { run: 2 }]);
        expect(await traces()).to.deep.equal({ runs: 2, transfers: 1, status: 'completed' });
      });

      it('is rolled back as a whole where the key was forgotten: ClaimLostError, since nobody has an outcome', async () => {
        const operation = transfer.operation(elsewhere, async () => 'never called');
        expect(await time.until(recordOf(operation, transfer.account).forget({ force: true }))).to.equal(
          true,
        );
        goOn.resolve();
        expect(await time.until(rejection(late))).to.be.instanceOf(ClaimLostError);
        expectRolledBack();
        expect(await traces()).to.deep.equal({ runs: 1, transfers: 0, status: 'released' });
      });

      it('commits all the same where nobody took over', async () => {
        goOn.resolve();
        await time.until(late);
        expect(caught).to.equal(undefined);
        expect(await traces()).to.deep.equal({ runs: 1, transfers: 1, status: 'completed' });
      });
    });

    const nonsense: Record<string, unknown> = {
      'the promise of a completion': Promise.resolve({ record: {}, token: 'x.1' }),
      nothing: undefined,
      'the result': { hold: 7 },
      'a token with half a record': { record: { key: 'k' }, token: 'x.1' },
      'the record alone': { key: 'k', token: 'x.2', expiresAt: 1, state: {} },
      'a text': 'completion',
    };
    for (const [what, value] of Object.entries(nonsense)) {
      it(`is not ${what}: a ConfigurationError says what to hand over`, () => {
        const error = thrown(() => here.inTransaction(() => here.store.complete(value as Completion)));
        expect(error).to.be.instanceOf(ConfigurationError);
        expect(error)
          .to.have.property('message')
          .that.includes('await currentExecution().completion(result)');
      });
    }
  });
}

function isInTransaction({ database }: Application): boolean {
  return 'isTransaction' in database ? database.isTransaction : database.inTransaction;
}
