import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'chai';
import { currentExecution } from 'retrysafe';
import { type Fate, fault } from '../../support/dynamodb-proxy.js';
import { rejection } from '../../support/rejection.js';
import { duringRenewal, expectDone } from '../matrix/transaction-faults.js';
import { doneOnce, options } from '../matrix/transfer-scene.js';
import { useTransactionFaults } from './transfer-stages.js';
import type { Assignment } from './transferring-process.js';
import type { Application } from './transfers.js';

describe('a transaction of DynamoDB that goes wrong', () => {
  const stage = useTransactionFaults();
  const { dynamoDB, proxy, scene, tables, throughProxy } = stage;

  it('does not because a renewal is in flight that meets a fault', async () => {
    const { running } = await duringRenewal(stage, () =>
      proxy.next('renewal', fault('InternalServerError', 500)),
    );
    await expectDone(stage, running);
  });

  describe('and is repeated', () => {
    it('does its business once where the client itself repeats it after its answer was lost', async () => {
      proxy.next('transaction', 'lose');
      expect(await scene().time.until(scene().transfer.at(throughProxy(3)))).to.deep.equal({ run: 1 });
      expect(proxy.of('transaction')).to.have.length(2);
      expect(await scene().traces()).to.deep.equal(doneOnce);
    });

    it('does its business once where the client itself repeats it, and the first arrives afterwards', async () => {
      proxy.next('transaction', 'late');
      expect(await scene().time.until(scene().transfer.at(throughProxy(3)))).to.deep.equal({ run: 1 });
      expect(await proxy.deliver())
        .to.have.property('status')
        .that.is.oneOf([200, 400]);
      expect(await scene().callElsewhere()).to.deep.equal({ run: 1 });
      expect(await scene().traces()).to.deep.equal(doneOnce);
    });

    for (const [what, token, then] of [
      ['as the same request', 'the same', undefined],
      ['as a new request', 'another', 'TransactionCanceledException'],
    ] as const) {
      it(`does its business once where the method repeats it after its answer was lost, ${what}`, async () => {
        const { account, name } = scene().transfer;
        proxy.next('transaction', 'lose');
        const repeating = async (at: Application) => {
          const completion = await currentExecution().completion({ run: 1 });
          await rejection(at.commit(account, completion, `${name} the same`));
          await at.commit(account, completion, `${name} ${token}`);
          return { run: 1 };
        };
        expect(await scene().call(repeating)).to.deep.equal({ run: 1 });
        const faults = proxy.of('transaction').map(({ answer }) => answer?.fault);
        expect(faults).to.deep.equal([undefined, then]);
        expect(await scene().callElsewhere()).to.deep.equal({ run: 1 });
        expect(await scene().traces()).to.deep.equal(doneOnce);
      });
    }
  });

  it('is cancelled where it arrives after a successor has committed', async () => {
    proxy.next('transaction', 'late');
    await rejection(scene().call());
    expect(await scene().callElsewhere()).to.deep.equal({ run: 2 });
    expect(await proxy.deliver()).to.have.property('fault', 'TransactionCanceledException');
    expect(await scene().callElsewhere()).to.deep.equal({ run: 2 });
    expect(await scene().traces()).to.deep.equal({ ...doneOnce, runs: 2 });
  });

  describe('and a duplicate that arrives meanwhile', () => {
    let running: Promise<unknown>;

    beforeEach(async () => {
      proxy.next('transaction', 'hold');
      running = scene().transfer.at(throughProxy(1));
      await proxy.arrived('transaction');
    });

    afterEach(async () => {
      expect(await scene().traces()).to.deep.equal(doneOnce);
    });

    it('is turned away by the transaction for a moment, asks again, and replays', async () => {
      proxy.always('claim', fault('TransactionConflictException'));
      const duplicate = scene().transfer.at(scene().here);
      await scene().time.pass(300);
      expect(proxy.count('claim')).to.be.above(2);
      await proxy.deliver();
      proxy.heal();
      expect(await scene().time.until(Promise.all([running, duplicate]))).to.deep.equal([
        { run: 1 },
        { run: 1 },
      ]);
    });

    it('waits where it sees the claim, and replays', async () => {
      const duplicate = scene().transfer.at(scene().here);
      await scene().time.pass(2_000);
      expect(proxy.count('find')).to.be.above(1);
      await proxy.deliver();
      expect(await scene().time.until(Promise.all([running, duplicate]))).to.deep.equal([
        { run: 1 },
        { run: 1 },
      ]);
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
      const { transfer } = scene();
      const { account, name } = transfer;
      const connection = { ...dynamoDB.connection, endpoint: proxy.endpoint, maxAttempts: 1 };
      child.send({
        connection,
        tables: tables(),
        account,
        options: { ...options, name },
      } satisfies Assignment);
      await until();
      child.kill('SIGKILL');
      expect((await exit)[1]).to.equal('SIGKILL');
      transfer.key = String(proxy.of('claim')[0]?.key);
    }

    it('before it committed: the retry runs, and the business is done once', async () => {
      await killed('hang', () => proxy.arrived('transaction'));
      expect(await scene().traces()).to.deep.equal({ runs: 0, transfers: 0, status: 'in-progress' });
      await scene().time.pass(30_000);
      expect(await scene().callElsewhere()).to.deep.equal({ run: 1 });
      expect(await scene().traces()).to.deep.equal(doneOnce);
    });

    it('after it committed: the retry replays at once, and the business is done once', async () => {
      await killed('swallow', () => proxy.applied('transaction'));
      expect(await scene().traces()).to.deep.equal({ ...doneOnce, runs: 0 });
      expect(await scene().callElsewhere({ wait: 0 })).to.deep.equal(itsReceipt);
      expect(await scene().traces()).to.deep.equal({ ...doneOnce, runs: 0 });
    });

    it('and it arrives after the retry: it is cancelled, and the business is done once', async () => {
      await killed('late', () => proxy.arrived('transaction'));
      await scene().time.pass(30_000);
      expect(await scene().callElsewhere()).to.deep.equal({ run: 1 });
      expect(await proxy.deliver()).to.have.property('fault', 'TransactionCanceledException');
      expect(await scene().callElsewhere()).to.deep.equal({ run: 1 });
      expect(await scene().traces()).to.deep.equal(doneOnce);
    });

    it('and it arrives before the retry, though the lease has lapsed: that replays, and the business is done once', async () => {
      await killed('late', () => proxy.arrived('transaction'));
      await scene().time.pass(30_000);
      expect(await proxy.deliver()).to.have.property('fault', undefined);
      expect(await scene().callElsewhere()).to.deep.equal(itsReceipt);
      expect(await scene().traces()).to.deep.equal({ ...doneOnce, runs: 0 });
    });
  });
});
