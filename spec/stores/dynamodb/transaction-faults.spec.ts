import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'chai';
import { currentExecution, type IdempotentOptions, OutcomeUnknownError } from 'retrysafe';
import { DynamoDBStore } from 'retrysafe/dynamodb';
import { defer } from '../../support/defer.js';
import { useDynamoDB } from '../../support/dynamodb.js';
import { type Fate, fault, useDynamoDBProxy } from '../../support/dynamodb-proxy.js';
import { PassingTime } from '../../support/passing-time.js';
import { RecordedEvents } from '../../support/recorded-events.js';
import { rejection } from '../../support/rejection.js';
import type { Assignment } from './transferring-process.js';
import { Application, Transfer } from './transfers.js';

// Lease 6 s, renewed at 2 s; it lapses at 6 s and is taken over from 7 s on. A store call is given up after 2 s.
const options = { lease: 6, clockTolerance: 1, wait: 10 } as const satisfies IdempotentOptions;

describe('a transaction with a completion that goes wrong', () => {
  const dynamoDB = useDynamoDB();
  const proxy = useDynamoDBProxy(dynamoDB);
  let tables: Assignment['tables'];
  let time: PassingTime;
  let here: Application;
  let elsewhere: Application;
  let transfer: Transfer;
  let events: RecordedEvents;

  before(async () => {
    tables = { records: await dynamoDB.createTable(), accounts: await dynamoDB.createTable() };
  });

  beforeEach(() => {
    transfer = new Transfer(options);
    here = throughProxy({ maxAttempts: 1 });
    elsewhere = application(proxy.directClient());
    events = new RecordedEvents();
    time = new PassingTime(proxy);
  });

  afterEach(() => {
    events.stop();
    time.restore();
  });

  function application(client: Application['client']): Application {
    return new Application(client, new DynamoDBStore({ client, tableName: tables.records }), tables.accounts);
  }

  function throughProxy(config: { readonly maxAttempts: number }): Application {
    return application(proxy.client(config));
  }

  const call = (work?: (application: Application) => Promise<unknown>) => time.until(transfer.at(here, work));
  const callElsewhere = (more?: IdempotentOptions) => time.until(transfer.at(elsewhere, undefined, more));
  const traces = () => transfer.traces(elsewhere);
  const doneOnce = { runs: 1, transfers: 1, status: 'completed' };
  const faults = () => proxy.of('transaction').map(({ answer }) => answer?.fault);

  describe('because a renewal is in flight', () => {
    /** A run that asks for its completion when its first renewal, after 2 s, has met that fate. */
    async function duringRenewal(fate: Fate, work = (at: Application) => transfer.commitReceipt(at)) {
      proxy.next('renewal', fate);
      const goOn = defer();
      const running = transfer.at(here, (at) => goOn.promise.then(() => work(at)));
      await time.pass(2_050);
      expect(proxy.count('renewal')).to.equal(1);
      goOn.resolve();
      return { running };
    }

    it('does not: the completion is handed out when that is answered', async () => {
      const { running } = await duringRenewal('hold');
      await time.pass(1_000);
      expect(proxy.count('transaction'), 'it waits').to.equal(0);
      expect(await proxy.deliver()).to.have.property('fault', undefined);
      expect(await time.until(running)).to.deep.equal({ run: 1 });
      expect(faults()).to.deep.equal([undefined]);
      expect(await traces()).to.deep.equal(doneOnce);
    });

    for (const [what, fate] of [
      ['was applied and its answer is lost', 'lose'],
      ['was applied and is never answered', 'swallow'],
      ['was not applied and is never answered', 'hang'],
      ['met a fault', fault('InternalServerError', 500)],
    ] as const) {
      it(`does not, where that ${what}`, async () => {
        const { running } = await duringRenewal(fate);
        expect(await time.until(running)).to.deep.equal({ run: 1 });
        expect(faults()).to.deep.equal([undefined]);
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
        expect(faults()).to.deep.equal([undefined]);
        expect(await callElsewhere()).to.deep.equal({ run: 1 });
        expect(await traces()).to.deep.equal(doneOnce);
      });
    }
  });

  describe('after it committed, since its answer is lost', () => {
    beforeEach(() => {
      proxy.next('transaction', 'lose');
    });

    it('leaves the outcome standing though the method throws: its caller gets the recorded value', async () => {
      expect(await call()).to.deep.equal({ run: 1 });
      expect(events.names).to.include('completed').and.not.include('released');
      expect(await callElsewhere()).to.deep.equal({ run: 1 });
      expect(await traces()).to.deep.equal(doneOnce);
    });

    it('does so where the write that shows it loses its answer too', async () => {
      proxy.next('release', 'lose');
      expect(await call()).to.deep.equal({ run: 1 });
      expect(await traces()).to.deep.equal(doneOnce);
    });

    it('does so where nothing shows it: the caller gets its own error, and its retry the recorded value', async () => {
      proxy.next('release', 'lose', 'lose');
      expect(await time.until(rejection(transfer.at(here)))).to.have.property('code', 'ECONNRESET');
      expect(await callElsewhere()).to.deep.equal({ run: 1 });
      expect(await traces()).to.deep.equal(doneOnce);
    });

    it('does so where the method swallows that and returns the same', async () => {
      const swallowing = (at: Application) => rejection(transfer.commitReceipt(at)).then(() => ({ run: 1 }));
      expect(await call(swallowing)).to.deep.equal({ run: 1 });
      expect(await traces()).to.deep.equal(doneOnce);
    });

    it('does its business once where the client itself repeats it', async () => {
      here = throughProxy({ maxAttempts: 3 });
      expect(await call()).to.deep.equal({ run: 1 });
      expect(proxy.of('transaction')).to.have.length(2);
      expect(await traces()).to.deep.equal(doneOnce);
    });

    for (const [what, token, then] of [
      ['as the same request', 'the same', undefined],
      ['as a new request', 'another', 'TransactionCanceledException'],
    ] as const) {
      it(`does its business once where the method repeats it, ${what}`, async () => {
        const repeating = async (at: Application) => {
          const completion = await currentExecution().completion({ run: 1 });
          await rejection(at.commit(transfer.account, completion, `${transfer.name} the same`));
          await at.commit(transfer.account, completion, `${transfer.name} ${token}`);
          return { run: 1 };
        };
        expect(await call(repeating)).to.deep.equal({ run: 1 });
        expect(faults()).to.deep.equal([undefined, then]);
        expect(await callElsewhere()).to.deep.equal({ run: 1 });
        expect(await traces()).to.deep.equal(doneOnce);
      });
    }

    it('does its business once where the method asks for another completion and begins again', async () => {
      const repeating = async (at: Application) => {
        await rejection(transfer.commitReceipt(at));
        return transfer.commitReceipt(at);
      };
      expect(await call(repeating)).to.deep.equal({ run: 1 });
      expect(await traces()).to.deep.equal(doneOnce);
    });
  });

  describe('before it committed, since it is cut off', () => {
    beforeEach(() => {
      proxy.next('transaction', 'late');
    });

    it('is cancelled where it arrives and the key is free again', async () => {
      expect(await time.until(rejection(transfer.at(here)))).to.have.property('code', 'ECONNRESET');
      expect(await proxy.deliver()).to.have.property('fault', 'TransactionCanceledException');
      expect(await traces()).to.deep.equal({ runs: 1, transfers: 0, status: 'released' });
      expect(await callElsewhere()).to.deep.equal({ run: 2 });
      expect(await traces()).to.deep.equal({ runs: 2, transfers: 1, status: 'completed' });
    });

    it('is cancelled where it arrives and a successor has committed', async () => {
      await time.until(rejection(transfer.at(here)));
      expect(await callElsewhere()).to.deep.equal({ run: 2 });
      expect(await proxy.deliver()).to.have.property('fault', 'TransactionCanceledException');
      expect(await callElsewhere()).to.deep.equal({ run: 2 });
      expect(await traces()).to.deep.equal({ runs: 2, transfers: 1, status: 'completed' });
    });

    it('is the same where it arrives after the client repeated it', async () => {
      here = throughProxy({ maxAttempts: 3 });
      expect(await call()).to.deep.equal({ run: 1 });
      expect(await proxy.deliver())
        .to.have.property('status')
        .that.is.oneOf([200, 400]);
      expect(await callElsewhere()).to.deep.equal({ run: 1 });
      expect(await traces()).to.deep.equal(doneOnce);
    });
  });

  describe('and whose method swallows that and returns', () => {
    for (const [what, fate] of [
      ['was cancelled', fault('TransactionCanceledException')],
      ['met a fault', fault('InternalServerError', 500)],
      ['was cut off', 'late'],
    ] as const) {
      it(`is never reported as completed: one that ${what}`, async () => {
        proxy.next('transaction', fate);
        const swallowing = (at: Application) =>
          rejection(transfer.commitReceipt(at)).then(() => ({ run: 1 }));
        const error = await time.until(rejection(transfer.at(here, swallowing)));
        expect(error).to.be.instanceOf(OutcomeUnknownError);
        expect(events.names).to.include('unknown').and.not.include('completed');
        for (const held of proxy.held) {
          expect(await held.deliver()).to.have.property('fault', 'TransactionCanceledException');
        }
        expect(await traces()).to.deep.equal({ runs: 1, transfers: 0, status: 'unknown' });
        const refused = await time.until(
          rejection(transfer.at(elsewhere, undefined, { onAbandoned: 'refuse' })),
        );
        expect(refused).to.be.instanceOf(OutcomeUnknownError);
        expect(await callElsewhere()).to.deep.equal({ run: 2 });
        expect(await traces()).to.deep.equal({ runs: 2, transfers: 1, status: 'completed' });
      });
    }

    it('is completed where it commits between the look and the write of "unknown"', async () => {
      proxy.next('transaction', 'late').next('find', 'pass').next('unknown', 'hold');
      const swallowing = (at: Application) => rejection(transfer.commitReceipt(at)).then(() => ({ run: 1 }));
      const running = transfer.at(here, swallowing);
      await proxy.arrived('unknown');
      expect(await proxy.deliver(), 'the transaction').to.have.property('fault', undefined);
      await proxy.deliver();
      expect(await time.until(running)).to.deep.equal({ run: 1 });
      expect(await callElsewhere()).to.deep.equal({ run: 1 });
      expect(await traces()).to.deep.equal(doneOnce);
    });
  });

  describe('and a duplicate that arrives meanwhile', () => {
    let running: Promise<unknown>;

    beforeEach(async () => {
      proxy.next('transaction', 'hold');
      running = transfer.at(throughProxy({ maxAttempts: 1 }));
      await proxy.arrived('transaction');
    });

    afterEach(async () => {
      expect(await traces()).to.deep.equal(doneOnce);
    });

    it('is turned away by the transaction for a moment, asks again, and replays', async () => {
      proxy.always('claim', fault('TransactionConflictException'));
      const duplicate = transfer.at(here);
      await time.pass(300);
      expect(proxy.count('claim')).to.be.above(2);
      await proxy.deliver();
      proxy.heal();
      expect(await time.until(Promise.all([running, duplicate]))).to.deep.equal([{ run: 1 }, { run: 1 }]);
    });

    it('waits where it sees the claim, and replays', async () => {
      const duplicate = transfer.at(here);
      await time.pass(2_000);
      expect(proxy.count('find')).to.be.above(1);
      await proxy.deliver();
      expect(await time.until(Promise.all([running, duplicate]))).to.deep.equal([{ run: 1 }, { run: 1 }]);
    });
  });

  describe('since its process is killed', () => {
    const itsReceipt = { by: 'the process that was killed' };
    let child: ChildProcess | undefined;

    afterEach(() => {
      child?.kill('SIGKILL');
    });

    /** Has a process of its own do the transfer, and kills that when its transaction is as far as `until` says. */
    async function killed(fate: Fate, until: () => Promise<void>): Promise<void> {
      proxy.next('transaction', fate);
      child = fork(new URL('./transferring-process.js', import.meta.url));
      const exit = once(child, 'exit');
      const { account, name } = transfer;
      const connection = { ...dynamoDB.connection, endpoint: proxy.endpoint, maxAttempts: 1 };
      child.send({ connection, tables, account, options: { ...options, name } } satisfies Assignment);
      await until();
      child.kill('SIGKILL');
      expect((await exit)[1]).to.equal('SIGKILL');
      transfer.key = String(proxy.of('claim')[0]?.key);
    }

    it('before it committed: the retry runs, and the business is done once', async () => {
      await killed('hang', () => proxy.arrived('transaction'));
      expect(await traces()).to.deep.equal({ runs: 0, transfers: 0, status: 'in-progress' });
      await time.pass(30_000);
      expect(await callElsewhere()).to.deep.equal({ run: 1 });
      expect(await traces()).to.deep.equal(doneOnce);
    });

    it('after it committed: the retry replays at once, and the business is done once', async () => {
      await killed('swallow', () => proxy.applied('transaction'));
      expect(await traces()).to.deep.equal({ ...doneOnce, runs: 0 });
      expect(await callElsewhere({ wait: 0 })).to.deep.equal(itsReceipt);
      expect(await traces()).to.deep.equal({ ...doneOnce, runs: 0 });
    });

    it('and it arrives after the retry: it is cancelled, and the business is done once', async () => {
      await killed('late', () => proxy.arrived('transaction'));
      await time.pass(30_000);
      expect(await callElsewhere()).to.deep.equal({ run: 1 });
      expect(await proxy.deliver()).to.have.property('fault', 'TransactionCanceledException');
      expect(await callElsewhere()).to.deep.equal({ run: 1 });
      expect(await traces()).to.deep.equal(doneOnce);
    });

    it('and it arrives before the retry, though the lease has lapsed: that replays, and the business is done once', async () => {
      await killed('late', () => proxy.arrived('transaction'));
      await time.pass(30_000);
      expect(await proxy.deliver()).to.have.property('fault', undefined);
      expect(await callElsewhere()).to.deep.equal(itsReceipt);
      expect(await traces()).to.deep.equal({ ...doneOnce, runs: 0 });
    });
  });
});
