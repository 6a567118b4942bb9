import { expect } from 'chai';
import {
  ClaimLostError,
  type Completion,
  currentExecution,
  type IdempotentOptions,
  OutcomeUnknownError,
  recordOf,
} from 'retrysafe';
import { PostgresStore } from 'retrysafe/postgres';
import { type Deferred, defer } from '../../support/defer.js';
import { PassingTime } from '../../support/passing-time.js';
import { usePostgres } from '../../support/postgres.js';
import { statement, usePostgresProxy } from '../../support/postgres-proxy.js';
import { RecordedEvents } from '../../support/recorded-events.js';
import { rejection } from '../../support/rejection.js';
import { Application, createTables, type Tables, Transfer } from './transfers.js';

// Lease 6 s; it is taken over from 7 s on.
const options = { lease: 6, clockTolerance: 1, wait: 10 } as const satisfies IdempotentOptions;
const doneOnce = { runs: 1, transfers: 1, status: 'completed' };

describe('a completion in a transaction of the application, on PostgreSQL', () => {
  const postgres = usePostgres();
  const proxy = usePostgresProxy(postgres);
  let tables: Tables;
  let time: PassingTime;
  let here: Application;
  let elsewhere: Application;
  let transfer: Transfer;

  before(async () => {
    tables = await createTables(postgres);
    elsewhere = application(proxy.directPool());
  });

  beforeEach(() => {
    transfer = new Transfer(options);
    here = application(proxy.pool());
    time = new PassingTime(proxy);
  });

  afterEach(() => {
    time.restore();
  });

  function application(client: Application['pool']): Application {
    return new Application(client, new PostgresStore({ client, table: tables.records }), tables.accounts);
  }

  const call = (work?: (application: Application) => Promise<unknown>) => time.until(transfer.at(here, work));
  const callElsewhere = (more?: IdempotentOptions) => time.until(transfer.at(elsewhere, undefined, more));
  const traces = () => transfer.traces(elsewhere);

  /** A transaction that a rule of the business's own refuses, after the completion: the account has too many transfers. */
  function commitRefused(application: Application, completion: Completion): Promise<void> {
    return application.transaction(async (tx) => {
      await application.store.complete(tx, completion);
      await application.add(tx, transfer.account, 1_001);
    });
  }

  it('commits with the business: the method writes nothing else, and the outcome is replayed', async () => {
    expect(await call()).to.deep.equal({ run: 1 });
    const kinds = ['claim', 'begin', 'complete', 'commit', 'find'] as const;
    for (const kind of kinds) expect(proxy.count(statement[kind]), kind).to.equal(1);
    for (const kind of ['completion', 'renewal', 'unknown', 'release'] as const) {
      expect(proxy.count(statement[kind]), kind).to.equal(0);
    }
    expect(await callElsewhere()).to.deep.equal({ run: 1 });
    expect(await traces()).to.deep.equal(doneOnce);
  });

  for (const level of ['READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE']) {
    it(`commits with a business that works at ${level}`, async () => {
      const work = async (at: Application) => {
        const completion = await currentExecution().completion({ run: 1 });
        await at.commit(transfer.account, completion, `BEGIN ISOLATION LEVEL ${level}`);
        return { run: 1 };
      };
      expect(await call(work)).to.deep.equal({ run: 1 });
      expect(await callElsewhere()).to.deep.equal({ run: 1 });
      expect(await traces()).to.deep.equal(doneOnce);
    });
  }

  it('may come before the business in the transaction', async () => {
    const inFront = async (application: Application) => {
      const completion = await currentExecution().completion('done');
      await application.transaction(async (tx) => {
        await application.store.complete(tx, completion);
        await application.add(tx, transfer.account);
      });
      return 'done';
    };
    expect(await call(inFront)).to.equal('done');
    expect(await traces()).to.deep.equal(doneOnce);
  });

  it("does not commit without the business: where that is refused, the key is free, and the caller has the method's error", async () => {
    const refused = async (application: Application) =>
      commitRefused(application, await currentExecution().completion('never'));
    expect(await time.until(rejection(transfer.at(here, refused)))).to.have.property('code', '23514');
    expect(await traces()).to.deep.equal({ runs: 1, transfers: 0, status: 'released' });
    expect(await callElsewhere()).to.deep.equal({ run: 2 });
    expect(await traces()).to.deep.equal({ ...doneOnce, runs: 2 });
  });

  it('may be written again after a transaction that was rolled back: nothing moves the token meanwhile', async () => {
    const patient = async (application: Application) => {
      const completion = await currentExecution().completion('done');
      await rejection(commitRefused(application, completion));
      await time.pass(4_000);
      await application.commit(transfer.account, completion);
      return 'done';
    };
    expect(await transfer.at(here, patient)).to.equal('done');
    expect(await callElsewhere()).to.equal('done');
    expect(await traces()).to.deep.equal(doneOnce);
  });

  it('is never reported as completed where the method swallows that it was rolled back', async () => {
    const events = new RecordedEvents();
    const swallowing = async (application: Application) => {
      const completion = await currentExecution().completion('done');
      await rejection(commitRefused(application, completion));
      return 'done';
    };
    const error = await time.until(rejection(transfer.at(here, swallowing)));
    events.stop();
    expect(error).to.be.instanceOf(OutcomeUnknownError);
    expect(events.names).to.include('unknown').and.not.include('completed');
    expect(await traces()).to.deep.equal({ runs: 1, transfers: 0, status: 'unknown' });
    const refusing = callElsewhere({ onAbandoned: 'refuse' });
    expect(await rejection(refusing)).to.be.instanceOf(OutcomeUnknownError);
    expect(await callElsewhere()).to.deep.equal({ run: 2 });
    expect(await traces()).to.deep.equal({ ...doneOnce, runs: 2 });
  });

  describe('with savepoints', () => {
    /** Completes, and then goes back to before the completion or the business, or to neither. */
    const returning = (undone: 'completion' | 'business' | 'neither') => async (application: Application) => {
      const completion = await currentExecution().completion('done');
      await application.transaction(async (tx) => {
        await tx.query('SAVEPOINT one');
        await application.add(tx, transfer.account, undone === 'business' ? 1_001 : 1).catch(async () => {
          await tx.query('ROLLBACK TO one');
          await application.add(tx, transfer.account);
        });
        await tx.query('SAVEPOINT two');
        await application.store.complete(tx, completion);
        await tx.query(undone === 'completion' ? 'ROLLBACK TO two' : 'RELEASE two');
      });
      return 'done';
    };

    it('is part of the transaction where they are released', async () => {
      expect(await call(returning('neither'))).to.equal('done');
      expect(await traces()).to.deep.equal(doneOnce);
    });

    it('is part of the transaction where the business tried something else before', async () => {
      expect(await call(returning('business'))).to.equal('done');
      expect(await traces()).to.deep.equal(doneOnce);
    });

    it('is undone with the savepoint before it, and then nobody is told that the call completed', async () => {
      const error = await time.until(rejection(transfer.at(here, returning('completion'))));
      expect(error).to.be.instanceOf(OutcomeUnknownError);
      expect(await traces()).to.deep.equal({ ...doneOnce, status: 'unknown' });
    });
  });

  describe('whose claim is lost', () => {
    let goOn: Deferred<void>;
    let begin: string;
    let caught: unknown;
    let late: Promise<unknown>;

    /** A run that has its completion, and begins its transaction when others may have taken over already. */
    beforeEach(async () => {
      goOn = defer();
      caught = undefined;
      begin = 'BEGIN';
      late = transfer.at(here, async (application) => {
        const completion = await currentExecution().completion({ run: 'late' });
        await goOn.promise;
        await application.commit(transfer.account, completion, begin).catch((error: unknown) => {
          caught = error;
          throw error;
        });
      });
      late.catch(() => {});
      await time.pass(7_100);
    });

    function expectRolledBack(): void {
      expect(caught).to.be.instanceOf(ClaimLostError);
      expect((caught as Error).message).to.match(
        /is lost, or was completed before; roll the transaction back$/,
      );
      expect(caught).to.have.property('key', transfer.key);
      expect(proxy.count(statement.commit)).to.equal(0);
      expect(proxy.count(statement.rollback)).to.equal(1);
    }

    for (const level of ['READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE']) {
      it(`throws ClaimLostError and is rolled back as a whole, and the answer is the successor's outcome: ${level}`, async () => {
        begin = `BEGIN ISOLATION LEVEL ${level}`;
        expect(await callElsewhere()).to.deep.equal({ run: 2 });
        const before = await traces();
        expect(before).to.deep.equal({ ...doneOnce, runs: 2 });
        goOn.resolve();
        expect(await time.until(late)).to.deep.equal({ run: 2 });
        expectRolledBack();
        expect(await traces()).to.deep.equal(before);
      });
    }

    it('is rolled back as a whole while the successor still runs, and its outcome is waited for', async () => {
      const successor = defer();
      const second = transfer.at(elsewhere, async (application) => {
        await successor.promise;
        return transfer.commitReceipt(application);
      });
      await proxy.quiet();
      goOn.resolve();
      await time.pass(3_000);
      expectRolledBack();
      expect(await traces()).to.deep.equal({ runs: 2, transfers: 0, status: 'in-progress' });
      successor.resolve();
      expect(await time.until(Promise.all([late, second]))).to.deep.equal([{ run: 2 }, { run: 2 }]);
      expect(await traces()).to.deep.equal({ ...doneOnce, runs: 2 });
    });

    it('is rolled back as a whole where the key was forgotten: ClaimLostError, since nobody has an outcome', async () => {
      const operation = transfer.operation(elsewhere, async () => 'never called');
      expect(await time.until(recordOf(operation, transfer.account).forget({ force: true }))).to.equal(true);
      goOn.resolve();
      expect(await time.until(rejection(late))).to.be.instanceOf(ClaimLostError);
      expectRolledBack();
      expect(await traces()).to.deep.equal({ runs: 1, transfers: 0, status: 'released' });
    });

    it('commits all the same where nobody took over', async () => {
      goOn.resolve();
      await time.until(late);
      expect(caught).to.equal(undefined);
      expect(await traces()).to.deep.equal(doneOnce);
    });
  });

  describe('whose claim is lost while the transaction is open', () => {
    /** Takes the key over between the business of the transaction and its completion. */
    const overtaken = (begin: string, tries = 1) => {
      const caught: unknown[] = [];
      const work = async (application: Application) => {
        const completion = await currentExecution().completion({ run: 'late' });
        for (let left = tries; left > 0; left -= 1) {
          const attempt = application.transaction(async (tx) => {
            await application.add(tx, `${transfer.account} of the late runner`);
            await time.pass(7_100);
            // It has nothing of the successor in its way, so that only its claim can tell.
            if (caught.length === 0) await callElsewhere();
            await application.store.complete(tx, completion);
          }, begin);
          const fault = await attempt.then(
            () => undefined,
            (error: unknown) => error,
          );
          caught.push(fault);
        }
        throw caught.at(-1);
      };
      return { caught, work };
    };
    const lateTransfers = () => elsewhere.transfersOf(`${transfer.account} of the late runner`);

    it('throws ClaimLostError and is rolled back', async () => {
      const { caught, work } = overtaken('BEGIN');
      expect(await transfer.at(here, work)).to.deep.equal({ run: 2 });
      expect(caught[0]).to.be.instanceOf(ClaimLostError);
      expect(await lateTransfers()).to.equal(0);
      expect(await traces()).to.deep.equal({ ...doneOnce, runs: 2 });
    });

    for (const level of ['REPEATABLE READ', 'SERIALIZABLE']) {
      it(`at ${level} is to be repeated (40001), as an application knows it, and then throws ClaimLostError`, async () => {
        const { caught, work } = overtaken(`BEGIN ISOLATION LEVEL ${level}`, 2);
        expect(await transfer.at(here, work)).to.deep.equal({ run: 2 });
        expect(caught[0]).to.have.property('code', '40001');
        expect(caught[1]).to.be.instanceOf(ClaimLostError);
        expect(await lateTransfers()).to.equal(0);
        expect(await traces()).to.deep.equal({ ...doneOnce, runs: 2 });
      });
    }
  });
});
