import { expect } from 'chai';
import {
  ClaimLostError,
  ConfigurationError,
  currentExecution,
  OutcomeUnknownError,
  recordOf,
} from 'retrysafe';
import { defer } from '../../support/defer.js';
import { rejection } from '../../support/rejection.js';
import { doneOnce, type LateRun, type TransactingApplication, type TransferScene } from './transfer-scene.js';

/** Where an application does transfers in its own transactions. */
export interface TransactionStage {
  readonly scene: () => TransferScene<TransactingApplication>;
  /** Expects the error of a transaction that the business refused. */
  expectRefusal(error: unknown): void;
  /** Expects the error of a transaction whose claim was lost. Nothing of it was done. */
  expectUndone(error: unknown): void;
}

/** Registers what every store promises of a completion in a transaction of the application. */
export function transactions({ scene, expectRefusal }: TransactionStage): void {
  it('commits with the business, and the outcome is replayed', async () => {
    expect(await scene().call()).to.deep.equal({ run: 1 });
    expect(await scene().callElsewhere()).to.deep.equal({ run: 1 });
    expect(await scene().call()).to.deep.equal({ run: 1 });
    expect(await scene().traces()).to.deep.equal(doneOnce);
  });

  it('may come before the business in the transaction', async () => {
    const inFront = async (at: TransactingApplication) => {
      await at.commitInFront(scene().transfer.account, await currentExecution().completion('done'));
      return 'done';
    };
    expect(await scene().call(inFront)).to.equal('done');
    expect(await scene().traces()).to.deep.equal(doneOnce);
  });

  it('is the answer though the method throws after its transaction committed', async () => {
    const throwing = async (at: TransactingApplication) => {
      await scene().transfer.commitReceipt(at);
      throw new Error('the line is down');
    };
    expect(await scene().call(throwing)).to.deep.equal({ run: 1 });
    expect(await scene().callElsewhere()).to.deep.equal({ run: 1 });
    expect(await scene().traces()).to.deep.equal(doneOnce);
  });

  it("does not commit without the business: where that is refused, the key is free, and the caller has the method's error", async () => {
    const refused = async (at: TransactingApplication) =>
      at.commitRefused(scene().transfer.account, await currentExecution().completion('never'));
    expectRefusal(await rejection(scene().call(refused)));
    expect(await scene().traces()).to.deep.equal({ runs: 1, transfers: 0, status: 'released' });
    expect(await scene().callElsewhere()).to.deep.equal({ run: 2 });
    expect(await scene().traces()).to.deep.equal({ ...doneOnce, runs: 2 });
  });

  it('may be written again after a transaction that was refused: nothing moves the token meanwhile', async () => {
    const { here, time, transfer } = scene();
    const patient = async (at: TransactingApplication) => {
      const completion = await currentExecution().completion('done');
      await rejection(at.commitRefused(transfer.account, completion));
      await time.pass(4_000);
      await at.commit(transfer.account, completion);
      return 'done';
    };
    expect(await transfer.at(here, patient)).to.equal('done');
    expect(await scene().callElsewhere()).to.equal('done');
    expect(await scene().traces()).to.deep.equal(doneOnce);
  });

  it('is never reported as completed where the method swallows that the transaction was refused', async () => {
    const { events, transfer } = scene();
    const swallowing = async (at: TransactingApplication) => {
      const completion = await currentExecution().completion('done');
      await rejection(at.commitRefused(transfer.account, completion));
      return 'done';
    };
    expect(await rejection(scene().call(swallowing))).to.be.instanceOf(OutcomeUnknownError);
    expect(events.names).to.include('unknown').and.not.include('completed');
    expect(await scene().traces()).to.deep.equal({ runs: 1, transfers: 0, status: 'unknown' });
    const refusing = scene().callElsewhere({ onAbandoned: 'refuse' });
    expect(await rejection(refusing)).to.be.instanceOf(OutcomeUnknownError);
    expect(await scene().callElsewhere()).to.deep.equal({ run: 2 });
    expect(await scene().traces()).to.deep.equal({ ...doneOnce, runs: 2 });
  });
}

/** Registers what becomes of a transaction whose claim was lost before it began. */
export function lostClaims({ scene, expectUndone }: TransactionStage): void {
  let late: LateRun;

  beforeEach(async () => {
    late = await scene().lateRun();
  });

  it("is undone as a whole, and the answer is the successor's outcome", async () => {
    expect(await scene().callElsewhere()).to.deep.equal({ run: 2 });
    const before = await scene().traces();
    expect(before).to.deep.equal({ ...doneOnce, runs: 2 });
    late.begin();
    expect(await scene().time.until(late.answer)).to.deep.equal({ run: 2 });
    expectUndone(late.fault);
    expect(await scene().traces()).to.deep.equal(before);
  });

  it('is undone as a whole while the successor still runs, and its outcome is waited for', async () => {
    const { elsewhere, time, transfer } = scene();
    const successor = defer();
    const second = transfer.at(elsewhere, async (at) => {
      await successor.promise;
      return transfer.commitReceipt(at);
    });
    await time.traffic.quiet();
    late.begin();
    await time.pass(3_000);
    expectUndone(late.fault);
    expect(await scene().traces()).to.deep.equal({ runs: 2, transfers: 0, status: 'in-progress' });
    successor.resolve();
    expect(await time.until(Promise.all([late.answer, second]))).to.deep.equal([{ run: 2 }, { run: 2 }]);
    expect(await scene().traces()).to.deep.equal({ ...doneOnce, runs: 2 });
  });

  it('is undone as a whole where the key was forgotten: ClaimLostError, since no call has an outcome', async () => {
    const { elsewhere, time, transfer } = scene();
    const record = recordOf(
      transfer.operation(elsewhere, async () => 'never called'),
      transfer.account,
    );
    expect(await time.until(record.forget({ force: true }))).to.equal(true);
    late.begin();
    expect(await time.until(rejection(late.answer))).to.be.instanceOf(ClaimLostError);
    expectUndone(late.fault);
    expect(await scene().traces()).to.deep.equal({ runs: 1, transfers: 0, status: 'released' });
  });

  it('commits all the same where no call took over', async () => {
    late.begin();
    await scene().time.until(late.answer);
    expect(late.fault).to.equal(undefined);
    expect(await scene().traces()).to.deep.equal(doneOnce);
  });
}

const nonsense: Readonly<Record<string, unknown>> = {
  'the promise of a completion': Promise.resolve({ record: {}, token: 'x.1' }),
  nothing: undefined,
  null: null,
  'the result': { hold: 7 },
  'a token with half a record': { record: { key: 'k' }, token: 'x.1' },
  'the record alone': { key: 'k', token: 'x.2', expiresAt: 1, state: {} },
  'a text': 'completion',
};

/** Registers what is no completion. */
export function noCompletions({ scene }: TransactionStage): void {
  for (const [what, value] of Object.entries(nonsense)) {
    it(`is not ${what}: a ConfigurationError says what to hand over`, async () => {
      const error = await rejection(scene().here.completeWith(value));
      expect(error).to.be.instanceOf(ConfigurationError);
      expect(error).to.have.property('message').that.includes('await currentExecution().completion(result)');
    });
  }
}
