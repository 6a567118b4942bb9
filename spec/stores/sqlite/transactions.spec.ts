import { expect } from 'chai';
import { ClaimLostError, ConfigurationError, currentExecution, OutcomeUnknownError } from 'retrysafe';
import { rejection, thrown } from '../../support/rejection.js';
import { sqliteDrivers } from '../../support/sqlite-drivers.js';
import { doneOnce } from '../matrix/transfer-scene.js';
import { useTransactions } from './transfer-stages.js';
import type { Application } from './transfers.js';

for (const driver of sqliteDrivers) {
  describe(`a completion in a transaction of SQLite, by ${driver}`, () => {
    const { scene } = useTransactions(driver);

    it('may be in a savepoint of the transaction', async () => {
      const inSavepoint = async (at: Application) => {
        const completion = await currentExecution().completion('done');
        at.inTransaction(() => {
          at.database.exec('SAVEPOINT inner');
          at.store.complete(completion);
          at.database.exec('RELEASE inner');
          at.add(scene().transfer.account, 'done');
        });
        return 'done';
      };
      expect(await scene().call(inSavepoint)).to.equal('done');
      expect(await scene().traces()).to.deep.equal(doneOnce);
    });

    for (const [what, leave] of [
      ['rolls it back', (database) => database.exec('ROLLBACK')],
      ['forgets to commit', () => {}],
    ] as [string, (database: Application['database']) => void][]) {
      it(`is never reported as completed where the method ${what}`, async () => {
        const { events, here, time } = scene();
        const forgetful = async ({ database, store }: Application) => {
          const completion = await currentExecution().completion('done');
          database.exec('BEGIN');
          store.complete(completion);
          leave(database);
          return 'done';
        };
        expect(await rejection(scene().call(forgetful))).to.be.instanceOf(OutcomeUnknownError);
        expect(events.names).to.not.include('completed');
        if (isInTransaction(here)) here.database.exec('ROLLBACK');
        await time.pass(7_100);
        const refusing = scene().callElsewhere({ onAbandoned: 'refuse' });
        expect(await rejection(refusing)).to.be.instanceOf(OutcomeUnknownError);
        expect(await scene().callElsewhere()).to.deep.equal({ run: 2 });
        expect(await scene().traces()).to.deep.equal({ ...doneOnce, runs: 2 });
      });
    }

    it('does its business once, however often it is repeated', async () => {
      const { elsewhere, transfer } = scene();
      const refusals: unknown[] = [];
      const repeating = async (at: Application) => {
        const completion = await currentExecution().completion('done');
        const commit = () => at.commit(transfer.account, completion);
        commit();
        refusals.push(thrown(commit), thrown(commit));
        refusals.push(thrown(() => elsewhere.commit(transfer.account, completion)));
        return 'done';
      };
      expect(await scene().call(repeating)).to.equal('done');
      expect(refusals).to.have.length(3);
      for (const refusal of refusals) {
        expect(refusal).to.be.instanceOf(ClaimLostError);
        expect(refusal)
          .to.have.property('message')
          .that.matches(/was completed before; roll the transaction back$/);
      }
      expect(await scene().traces()).to.deep.equal(doneOnce);
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
      expect(await rejection(scene().call(bare))).to.equal(refusal);
      expect(refusal).to.be.instanceOf(ConfigurationError);
      expect(refusal)
        .to.have.property('message')
        .that.includes('no transaction is open on the database; begin one')
        .and.includes('before its COMMIT');
      expect(await scene().traces()).to.deep.equal({ runs: 1, transfers: 0, status: 'released' });
    });
  });
}

function isInTransaction({ database }: Application): boolean {
  return 'isTransaction' in database ? database.isTransaction : database.inTransaction;
}
