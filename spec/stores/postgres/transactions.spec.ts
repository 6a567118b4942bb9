import { expect } from 'chai';
import { ClaimLostError, currentExecution, OutcomeUnknownError } from 'retrysafe';
import { statement } from '../../support/postgres-proxy.js';
import { rejection } from '../../support/rejection.js';
import { doneOnce } from '../matrix/transfer-scene.js';
import { useTransactions } from './transfer-stages.js';
import type { Application } from './transfers.js';

describe('a completion in a transaction of PostgreSQL', () => {
  const { expectUndone, proxy, scene } = useTransactions();

  it('is all that the method writes but for its claim', async () => {
    expect(await scene().call()).to.deep.equal({ run: 1 });
    const kinds = ['claim', 'begin', 'complete', 'commit', 'find'] as const;
    for (const kind of kinds) expect(proxy.count(statement[kind]), kind).to.equal(1);
    for (const kind of ['completion', 'renewal', 'unknown', 'release'] as const) {
      expect(proxy.count(statement[kind]), kind).to.equal(0);
    }
  });

  for (const level of ['READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE']) {
    const begin = `BEGIN ISOLATION LEVEL ${level}`;

    it(`commits with a business that works at ${level}`, async () => {
      const work = async (at: Application) => {
        await at.commit(scene().transfer.account, await currentExecution().completion({ run: 1 }), begin);
        return { run: 1 };
      };
      expect(await scene().call(work)).to.deep.equal({ run: 1 });
      expect(await scene().callElsewhere()).to.deep.equal({ run: 1 });
      expect(await scene().traces()).to.deep.equal(doneOnce);
    });

    it(`throws ClaimLostError where its claim is lost and the business works at ${level}`, async () => {
      const late = await scene().lateRun((at, completion) =>
        at.commit(scene().transfer.account, completion, begin),
      );
      expect(await scene().callElsewhere()).to.deep.equal({ run: 2 });
      const before = await scene().traces();
      expect(before).to.deep.equal({ ...doneOnce, runs: 2 });
      late.begin();
      expect(await scene().time.until(late.answer)).to.deep.equal({ run: 2 });
      expectUndone(late.fault);
      expect(await scene().traces()).to.deep.equal(before);
    });
  }

  describe('with savepoints', () => {
    /** Completes, and then goes back to before the completion or the business, or to neither. */
    const returning = (undone: 'completion' | 'business' | 'neither') => async (application: Application) => {
      const completion = await currentExecution().completion('done');
      const { account } = scene().transfer;
      await application.transaction(async (tx) => {
        await tx.query('SAVEPOINT one');
        await application.add(tx, account, undone === 'business' ? 1_001 : 1).catch(async () => {
          await tx.query('ROLLBACK TO one');
          await application.add(tx, account);
        });
        await tx.query('SAVEPOINT two');
        await application.store.complete(tx, completion);
        await tx.query(undone === 'completion' ? 'ROLLBACK TO two' : 'RELEASE two');
      });
      return 'done';
    };

    it('is part of the transaction where they are released', async () => {
      expect(await scene().call(returning('neither'))).to.equal('done');
      expect(await scene().traces()).to.deep.equal(doneOnce);
    });

    it('is part of the transaction where the business tried something else before', async () => {
      expect(await scene().call(returning('business'))).to.equal('done');
      expect(await scene().traces()).to.deep.equal(doneOnce);
    });

    it('is undone with the savepoint before it, and then no call is reported as completed', async () => {
      const error = await rejection(scene().call(returning('completion')));
      expect(error).to.be.instanceOf(OutcomeUnknownError);
      expect(await scene().traces()).to.deep.equal({ ...doneOnce, status: 'unknown' });
    });
  });

  describe('whose claim is lost while the transaction is open', () => {
    /** Takes the key over between the business of the transaction and its completion. */
    const overtaken = (begin: string, tries = 1) => {
      const { time, transfer } = scene();
      const caught: unknown[] = [];
      const work = async (application: Application) => {
        const completion = await currentExecution().completion({ run: 'late' });
        for (let left = tries; left > 0; left -= 1) {
          const attempt = application.transaction(async (tx) => {
            await application.add(tx, `${transfer.account} of the late runner`);
            await time.pass(7_100);
            // It has nothing of the successor in its way, so that only its claim can tell.
            if (caught.length === 0) await scene().callElsewhere();
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
    const lateTransfers = () => {
      const { elsewhere, transfer } = scene();
      return elsewhere.transfersOf(`${transfer.account} of the late runner`);
    };

    it('throws ClaimLostError and is rolled back', async () => {
      const { caught, work } = overtaken('BEGIN');
      expect(await scene().transfer.at(scene().here, work)).to.deep.equal({ run: 2 });
      expect(caught[0]).to.be.instanceOf(ClaimLostError);
      expect(await lateTransfers()).to.equal(0);
      expect(await scene().traces()).to.deep.equal({ ...doneOnce, runs: 2 });
    });

    for (const level of ['REPEATABLE READ', 'SERIALIZABLE']) {
      it(`at ${level} is to be repeated (40001), as an application knows it, and then throws ClaimLostError`, async () => {
        const { caught, work } = overtaken(`BEGIN ISOLATION LEVEL ${level}`, 2);
        expect(await scene().transfer.at(scene().here, work)).to.deep.equal({ run: 2 });
        expect(caught[0]).to.have.property('code', '40001');
        expect(caught[1]).to.be.instanceOf(ClaimLostError);
        expect(await lateTransfers()).to.equal(0);
        expect(await scene().traces()).to.deep.equal({ ...doneOnce, runs: 2 });
      });
    }
  });
});
