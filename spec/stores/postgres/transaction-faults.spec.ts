import { expect } from 'chai';
import { ClaimLostError, currentExecution, type IdempotentOptions, OutcomeUnknownError } from 'retrysafe';
import { PostgresStore } from 'retrysafe/postgres';
import { defer } from '../../support/defer.js';
import { PassingTime } from '../../support/passing-time.js';
import { usePostgres } from '../../support/postgres.js';
import { statement, usePostgresProxy } from '../../support/postgres-proxy.js';
import { RecordedEvents } from '../../support/recorded-events.js';
import { rejection } from '../../support/rejection.js';
import type { TcpFate } from '../../support/tcp-proxy.js';
import { Application, createTables, type Tables, Transfer } from './transfers.js';

// Lease 6 s, renewed at 2 s; it lapses at 6 s and is taken over from 7 s on. A store call is given up after 2 s.
const options = { lease: 6, clockTolerance: 1, wait: 10 } as const satisfies IdempotentOptions;
const doneOnce = { runs: 1, transfers: 1, status: 'completed' };

describe('a transaction with a completion that goes wrong, on PostgreSQL', () => {
  const postgres = usePostgres();
  const proxy = usePostgresProxy(postgres);
  let tables: Tables;
  let time: PassingTime;
  let here: Application;
  let elsewhere: Application;
  let transfer: Transfer;
  let events: RecordedEvents;

  before(async () => {
    tables = await createTables(postgres);
    elsewhere = application(proxy.directPool());
  });

  beforeEach(() => {
    transfer = new Transfer(options);
    here = application(proxy.pool());
    events = new RecordedEvents();
    time = new PassingTime(proxy);
  });

  afterEach(() => {
    events.stop();
    time.restore();
  });

  function application(client: Application['pool']): Application {
    return new Application(client, new PostgresStore({ client, table: tables.records }), tables.accounts);
  }

  const call = (work?: (application: Application) => Promise<unknown>) => time.until(transfer.at(here, work));
  const callElsewhere = (more?: IdempotentOptions) => time.until(transfer.at(elsewhere, undefined, more));
  const traces = () => transfer.traces(elsewhere);
  const lostConnection = /Connection terminated unexpectedly/;

  describe('because a renewal is in flight', () => {
    /** A run that asks for its completion when its first renewal, after 2 s, has met that fate. */
    async function duringRenewal(fate: TcpFate, work = (at: Application) => transfer.commitReceipt(at)) {
      proxy.next(statement.renewal, fate);
      const goOn = defer();
      const running = transfer.at(here, (at) => goOn.promise.then(() => work(at)));
      await time.pass(2_050);
      expect(proxy.count(statement.renewal)).to.equal(1);
      goOn.resolve();
      return { running };
    }

    it('does not: the completion is handed out when that is answered', async () => {
      const { running } = await duringRenewal('hold');
      await time.pass(1_000);
      expect(proxy.count(statement.begin), 'it waits').to.equal(0);
      await proxy.deliver();
      expect(await time.until(running)).to.deep.equal({ run: 1 });
      expect(proxy.count(statement.rollback)).to.equal(0);
      expect(await traces()).to.deep.equal(doneOnce);
    });

    for (const [what, fate] of [
      ['was done and its answer is lost', 'lose'],
      ['was done and is never answered', 'swallow'],
      ['was not done and is never answered', 'hang'],
    ] as const) {
      it(`does not, where that ${what}`, async () => {
        const { running } = await duringRenewal(fate);
        expect(await time.until(running)).to.deep.equal({ run: 1 });
        expect(proxy.count(statement.rollback)).to.equal(0);
        expect(await callElsewhere()).to.deep.equal({ run: 1 });
        expect(await traces()).to.deep.equal(doneOnce);
      });
    }

    for (const [when, order] of [
      ['between the completion and the transaction', ['renewal', 'transaction']],
      ['after the transaction', ['transaction', 'renewal']],
    ] as const) {
      it(`does not, where that was cut off and arrives ${when}`, async () => {
        const { running } = await duringRenewal('late', async (at) => {
          const completion = await currentExecution().completion({ run: 1 });
          const steps = {
            renewal: () => proxy.deliver(),
            transaction: () => at.commit(transfer.account, completion),
          };
          for (const step of order) await steps[step]();
          return { run: 1 };
        });
        expect(await time.until(running)).to.deep.equal({ run: 1 });
        expect(proxy.count(statement.rollback)).to.equal(0);
        expect(await callElsewhere()).to.deep.equal({ run: 1 });
        expect(await traces()).to.deep.equal(doneOnce);
      });
    }
  });

  describe('after it committed, since the answer to its COMMIT is lost', () => {
    beforeEach(() => {
      proxy.next(statement.commit, 'lose');
    });

    it('leaves the outcome standing though the method throws: its caller gets the recorded value', async () => {
      let caught: unknown;
      const throwing = (at: Application) =>
        transfer.commitReceipt(at).catch((error: unknown) => {
          caught = error;
          throw error;
        });
      expect(await call(throwing)).to.deep.equal({ run: 1 });
      expect(caught).to.have.property('message').that.matches(lostConnection);
      expect(events.names).to.include('completed').and.not.include('released');
      expect(await callElsewhere()).to.deep.equal({ run: 1 });
      expect(await traces()).to.deep.equal(doneOnce);
    });

    it('does so where the write that shows it loses its answer too', async () => {
      proxy.next(statement.release, 'lose');
      expect(await call()).to.deep.equal({ run: 1 });
      expect(await traces()).to.deep.equal(doneOnce);
    });

    it('does so where nothing shows it: the caller gets its own error, and its retry the recorded value', async () => {
      proxy.next(statement.release, 'lose', 'lose');
      const error = await time.until(rejection(transfer.at(here)));
      expect(error).to.have.property('message').that.matches(lostConnection);
      expect(await callElsewhere()).to.deep.equal({ run: 1 });
      expect(await traces()).to.deep.equal(doneOnce);
    });

    it('does so where the method swallows that and returns the same', async () => {
      const swallowing = (at: Application) => rejection(transfer.commitReceipt(at)).then(() => ({ run: 1 }));
      expect(await call(swallowing)).to.deep.equal({ run: 1 });
      expect(await traces()).to.deep.equal(doneOnce);
    });

    it('does its business once where the method repeats it with the same completion: ClaimLostError', async () => {
      let second: unknown;
      const repeating = async (at: Application) => {
        const completion = await currentExecution().completion({ run: 1 });
        await rejection(at.commit(transfer.account, completion));
        second = await rejection(at.commit(transfer.account, completion));
        return { run: 1 };
      };
      expect(await call(repeating)).to.deep.equal({ run: 1 });
      expect(second).to.be.instanceOf(ClaimLostError);
      expect(await callElsewhere()).to.deep.equal({ run: 1 });
      expect(await traces()).to.deep.equal(doneOnce);
    });

    it('does its business once where the method asks for another completion and begins again', async () => {
      const repeating = async (at: Application) => {
        await rejection(transfer.commitReceipt(at));
        return transfer.commitReceipt(at);
      };
      expect(await call(repeating)).to.deep.equal({ run: 1 });
      expect(proxy.count(statement.begin)).to.equal(1);
      expect(await traces()).to.deep.equal(doneOnce);
    });
  });

  for (const [kind, what] of [
    ['begin', 'BEGIN'],
    ['complete', 'the completion'],
  ] as const) {
    for (const fate of ['lose', 'late'] as const) {
      it(`is rolled back where the connection breaks at ${what} (${fate}), and the retry does the business once`, async () => {
        proxy.next(statement[kind], fate);
        const error = await time.until(rejection(transfer.at(here)));
        expect(error).to.have.property('message').that.matches(lostConnection);
        while (proxy.held.length > 0) await proxy.deliver();
        expect(await traces()).to.deep.equal({ runs: 1, transfers: 0, status: 'released' });
        expect(await callElsewhere()).to.deep.equal({ run: 2 });
        expect(await traces()).to.deep.equal({ ...doneOnce, runs: 2 });
      });
    }
  }

  describe('and whose method swallows that and returns', () => {
    for (const kind of ['begin', 'complete'] as const) {
      it(`is never reported as completed: the connection broke at ${kind}`, async () => {
        proxy.next(statement[kind], 'lose');
        const swallowing = (at: Application) =>
          rejection(transfer.commitReceipt(at)).then(() => ({ run: 1 }));
        const error = await time.until(rejection(transfer.at(here, swallowing)));
        expect(error).to.be.instanceOf(OutcomeUnknownError);
        expect(events.names).to.include('unknown').and.not.include('completed');
        expect(await traces()).to.deep.equal({ runs: 1, transfers: 0, status: 'unknown' });
        const refused = time.until(rejection(transfer.at(elsewhere, undefined, { onAbandoned: 'refuse' })));
        expect(await refused).to.be.instanceOf(OutcomeUnknownError);
        expect(await callElsewhere()).to.deep.equal({ run: 2 });
        expect(await traces()).to.deep.equal({ ...doneOnce, runs: 2 });
      });
    }

    it('is completed where it commits between the look and the write of "unknown"', async () => {
      proxy.next(statement.unknown, 'hold');
      const swallowing = async (at: Application) => {
        const completion = await currentExecution().completion({ run: 1 });
        // Somebody else holds the connection, and will commit.
        const late = proxy.arrived(statement.unknown).then(() => at.commit(transfer.account, completion));
        late.then(() => proxy.deliver());
        return { run: 1 };
      };
      expect(await call(swallowing)).to.deep.equal({ run: 1 });
      expect(await callElsewhere()).to.deep.equal({ run: 1 });
      expect(await traces()).to.deep.equal(doneOnce);
    });
  });
});
