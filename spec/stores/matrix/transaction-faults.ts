import { expect } from 'chai';
import { type Completion, currentExecution, OutcomeUnknownError } from 'retrysafe';
import { defer } from '../../support/defer.js';
import { rejection } from '../../support/rejection.js';
import type { Fate, WriteKind } from './lost-answers.js';
import type { TransferringApplication } from './transfer.js';
import { doneOnce, type TransferScene } from './transfer-scene.js';

type Write = Extract<WriteKind, 'renewal' | 'release' | 'unknown'>;

interface Obstacle {
  /** Puts it before the next transaction. */
  arise(): void;
  /** Expects the error that the transaction throws then. */
  expect(error: unknown): void;
}

/** Where an application does transfers in its own transactions, and one of its processes is behind a network. */
export interface FaultStage {
  readonly scene: () => TransferScene<TransferringApplication>;
  readonly network: {
    /** The next writes of that kind meet these fates, one each. */
    next(kind: Write, ...fates: Fate[]): void;
    count(kind: Write): number;
    arrived(kind: Write): Promise<void>;
    held(): number;
    /** Delivers the oldest request that was held back. Where the server's answer tells how it ended, expects that. */
    deliver(end?: 'accepted' | 'refused'): Promise<unknown>;
  };
  /** How many transactions have begun behind the network, and how many of these the server undid. */
  transactions(): { readonly begun: number; readonly refused: number };
  /** Has the next transaction commit, and its answer get lost. */
  loseAnswer(): void;
  expectLostConnection(error: unknown): void;
  /** Expects the error of a transaction whose completion was done before. */
  expectRefused(error: unknown): void;
  /** What keeps a transaction from committing, by how a title says it. */
  readonly obstacles: Readonly<Record<string, Obstacle>>;
  /** Leaves a transaction behind. It commits when the returned function is called. */
  leaveOpen(completion: Completion): Promise<() => Promise<unknown>>;
}

/** Registers what a renewal that is in flight means for a completion. */
export function renewalsInFlight(stage: FaultStage): void {
  const { scene, network, transactions } = stage;

  it('does not: the completion is handed out when that is answered', async () => {
    const { running } = await duringRenewal(stage, () => network.next('renewal', 'hold'));
    await scene().time.pass(1_000);
    expect(transactions().begun, 'it waits').to.equal(0);
    await network.deliver('accepted');
    expect(await scene().time.until(running)).to.deep.equal({ run: 1 });
    expect(transactions()).to.deep.equal({ begun: 1, refused: 0 });
    expect(await scene().traces()).to.deep.equal(doneOnce);
  });

  for (const [what, fate] of [
    ['was applied and its answer is lost', 'lose'],
    ['was applied and is never answered', 'swallow'],
    ['was not applied and is never answered', 'hang'],
  ] as const) {
    it(`does not, where that ${what}`, async () => {
      const { running } = await duringRenewal(stage, () => network.next('renewal', fate));
      await expectDone(stage, running);
    });
  }

  for (const [when, order] of [
    ['between the completion and the transaction', ['renewal', 'transaction']],
    ['after the transaction', ['transaction', 'renewal']],
  ] as const) {
    it(`does not, where that was cut off and arrives ${when}`, async () => {
      const { transfer } = scene();
      const { running } = await duringRenewal(
        stage,
        () => network.next('renewal', 'late'),
        async (at) => {
          const completion = await currentExecution().completion({ run: 1 });
          const steps = {
            renewal: () => network.deliver(),
            transaction: () => at.commit(transfer.account, completion),
          };
          for (const step of order) await steps[step]();
          return { run: 1 };
        },
      );
      await expectDone(stage, running);
    });
  }
}

/** A run that asks for its completion when its first renewal, after 2 s, has met its fate. */
export async function duringRenewal(
  { scene, network }: FaultStage,
  prepare: () => void,
  work = (at: TransferringApplication): Promise<unknown> => scene().transfer.commitReceipt(at),
): Promise<{ readonly running: Promise<unknown> }> {
  const { here, time, transfer } = scene();
  prepare();
  const goOn = defer();
  const running = transfer.at(here, (at) => goOn.promise.then(() => work(at)));
  await time.pass(2_050);
  expect(network.count('renewal')).to.equal(1);
  goOn.resolve();
  return { running };
}

/** Expects that a run does its transfer at the first try. */
export async function expectDone(
  { scene, transactions }: FaultStage,
  running: Promise<unknown>,
): Promise<void> {
  expect(await scene().time.until(running)).to.deep.equal({ run: 1 });
  expect(transactions()).to.deep.equal({ begun: 1, refused: 0 });
  expect(await scene().callElsewhere()).to.deep.equal({ run: 1 });
  expect(await scene().traces()).to.deep.equal(doneOnce);
}

/** Registers what follows when a transaction committed and its process does not know. */
export function lostAnswers(stage: FaultStage): void {
  const { scene, network, transactions, expectLostConnection } = stage;

  beforeEach(() => stage.loseAnswer());

  it('leaves the outcome standing though the method throws: its caller gets the recorded value', async () => {
    let caught: unknown;
    const throwing = (at: TransferringApplication) =>
      scene()
        .transfer.commitReceipt(at)
        .catch((error: unknown) => {
          caught = error;
          throw error;
        });
    expect(await scene().call(throwing)).to.deep.equal({ run: 1 });
    expectLostConnection(caught);
    expect(scene().events.names).to.include('completed').and.not.include('released');
    expect(await scene().callElsewhere()).to.deep.equal({ run: 1 });
    expect(await scene().traces()).to.deep.equal(doneOnce);
  });

  it('does so where the write that shows it loses its answer too', async () => {
    network.next('release', 'lose');
    expect(await scene().call()).to.deep.equal({ run: 1 });
    expect(await scene().traces()).to.deep.equal(doneOnce);
  });

  it('does so where nothing shows it: the caller gets its own error, and its retry the recorded value', async () => {
    network.next('release', 'lose', 'lose');
    expectLostConnection(await rejection(scene().call()));
    expect(await scene().callElsewhere()).to.deep.equal({ run: 1 });
    expect(await scene().traces()).to.deep.equal(doneOnce);
  });

  it('does so where the method swallows that and returns the same', async () => {
    expect(await scene().callSwallowing()).to.deep.equal({ run: 1 });
    expect(await scene().traces()).to.deep.equal(doneOnce);
  });

  for (const end of ['throws', 'returns'] as const) {
    it(`does its business once where the method repeats it with the same completion and ${end}`, async () => {
      const { account } = scene().transfer;
      let second: unknown;
      const repeating = async (at: TransferringApplication) => {
        const completion = await currentExecution().completion({ run: 1 });
        await rejection(Promise.resolve(at.commit(account, completion)));
        second = await rejection(Promise.resolve(at.commit(account, completion)));
        if (end === 'throws') throw second;
        return { run: 1 };
      };
      expect(await scene().call(repeating)).to.deep.equal({ run: 1 });
      stage.expectRefused(second);
      expect(transactions()).to.deep.equal({ begun: 2, refused: 1 });
      expect(await scene().callElsewhere()).to.deep.equal({ run: 1 });
      expect(await scene().traces()).to.deep.equal(doneOnce);
    });
  }

  it('does its business once where the method asks for another completion and begins again', async () => {
    const { transfer } = scene();
    const repeating = async (at: TransferringApplication) => {
      await rejection(transfer.commitReceipt(at));
      return transfer.commitReceipt(at);
    };
    expect(await scene().call(repeating)).to.deep.equal({ run: 1 });
    expect(transactions().begun).to.equal(1);
    expect(await scene().traces()).to.deep.equal(doneOnce);
  });
}

/** Registers what follows when a transaction does not commit. */
export function obstacles(stage: FaultStage): void {
  const { scene, network } = stage;
  const deliver = async () => {
    while (network.held() > 0) await network.deliver('refused');
  };

  for (const [what, obstacle] of Object.entries(stage.obstacles)) {
    it(`is undone where it ${what}: the caller has the method's error, and the retry does the business once`, async () => {
      obstacle.arise();
      let caught: unknown;
      const throwing = (at: TransferringApplication) =>
        scene()
          .transfer.commitReceipt(at)
          .catch((error: unknown) => {
            caught = error;
            throw error;
          });
      const error = await rejection(scene().call(throwing));
      expect(error).to.equal(caught);
      obstacle.expect(error);
      await deliver();
      expect(await scene().traces()).to.deep.equal({ runs: 1, transfers: 0, status: 'released' });
      expect(await scene().callElsewhere()).to.deep.equal({ run: 2 });
      expect(await scene().traces()).to.deep.equal({ ...doneOnce, runs: 2 });
    });

    it(`is never reported as completed where it ${what}, and its method swallows that and returns`, async () => {
      obstacle.arise();
      const error = await rejection(scene().callSwallowing());
      expect(error).to.be.instanceOf(OutcomeUnknownError);
      expect(scene().events.names).to.include('unknown').and.not.include('completed');
      await deliver();
      expect(await scene().traces()).to.deep.equal({ runs: 1, transfers: 0, status: 'unknown' });
      const refused = await rejection(scene().callElsewhere({ onAbandoned: 'refuse' }));
      expect(refused).to.be.instanceOf(OutcomeUnknownError);
      expect(await scene().callElsewhere()).to.deep.equal({ run: 2 });
      expect(await scene().traces()).to.deep.equal({ ...doneOnce, runs: 2 });
    });
  }

  it('is completed where it commits between the read and the write of "unknown"', async () => {
    const { here, time, transfer } = scene();
    network.next('unknown', 'hold');
    let commit = async (): Promise<unknown> => expect.fail('the method did not run');
    const running = transfer.at(here, async () => {
      commit = await stage.leaveOpen(await currentExecution().completion({ run: 1 }));
      return { run: 1 };
    });
    await network.arrived('unknown');
    await commit();
    await network.deliver();
    expect(await time.until(running)).to.deep.equal({ run: 1 });
    expect(await scene().callElsewhere()).to.deep.equal({ run: 1 });
    expect(await scene().traces()).to.deep.equal(doneOnce);
  });
}
