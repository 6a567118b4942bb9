import { type Completion, currentExecution, type IdempotentOptions } from 'retrysafe';
import { defer } from '../../support/defer.js';
import { PassingTime, type Quietable } from '../../support/passing-time.js';
import { RecordedEvents } from '../../support/recorded-events.js';
import { rejection } from '../../support/rejection.js';
import { Transfer, type TransferringApplication } from './transfer.js';

// The lease is 6 s. It is renewed at 2 s, lapses at 6 s, and is taken over from 7 s on. A store call times out after 2 s.
export const options = { lease: 6, clockTolerance: 1, wait: 10 } as const satisfies IdempotentOptions;

/** What a transfer leaves behind that was done by one run. */
export const doneOnce = { runs: 1, transfers: 1, status: 'completed' } as const;

/** An application whose transactions can also go otherwise. */
export interface TransactingApplication extends TransferringApplication {
  /** As `commit`, with the completion before the business. */
  commitInFront(account: string, completion: Completion): unknown;
  /** As `commit`, but the business itself refuses the transaction. */
  commitRefused(account: string, completion: Completion): Promise<void>;
  /** Completes a call with that value in a transaction that does nothing else. */
  completeWith(value: unknown): Promise<unknown>;
}

type Work<Application> = (application: Application) => Promise<unknown>;

/** A run that had its completion before its claim was lost, and that has not begun its transaction. */
export interface LateRun {
  readonly answer: Promise<unknown>;
  begin(): void;
  /** What its transaction threw. */
  readonly fault: unknown;
}

/** One transfer, and two processes of an application. Time passes when a spec says so. */
export class TransferScene<Application extends TransferringApplication> {
  readonly transfer = new Transfer<Application>(options);
  readonly events = new RecordedEvents();
  readonly time: PassingTime;

  constructor(
    readonly here: Application,
    readonly elsewhere: Application,
    network: Quietable,
  ) {
    this.time = new PassingTime(network);
  }

  call(work?: Work<Application>): Promise<unknown> {
    return this.time.until(this.transfer.at(this.here, work));
  }

  callElsewhere(more?: IdempotentOptions): Promise<unknown> {
    return this.time.until(this.transfer.at(this.elsewhere, undefined, more));
  }

  traces(): ReturnType<Transfer<Application>['traces']> {
    return this.transfer.traces(this.elsewhere);
  }

  /** A call whose transaction throws, and whose method returns the receipt all the same. */
  callSwallowing(): Promise<unknown> {
    return this.call(async (application) => {
      await rejection(this.transfer.commitReceipt(application));
      return { run: 1 };
    });
  }

  /** Starts a run, and resolves when other processes can take its claim over. */
  async lateRun(
    commit = (application: Application, completion: Completion): unknown =>
      application.commit(this.transfer.account, completion),
  ): Promise<LateRun> {
    const goOn = defer();
    let fault: unknown;
    const answer = this.transfer.at(this.here, async (application) => {
      const completion = await currentExecution().completion({ run: 'late' });
      await goOn.promise;
      try {
        await commit(application, completion);
      } catch (error) {
        fault = error;
        throw error;
      }
    });
    answer.catch(() => {});
    await this.time.pass(7_100);
    return {
      answer,
      begin: () => goOn.resolve(),
      get fault() {
        return fault;
      },
    };
  }

  end(): void {
    this.events.stop();
    this.time.restore();
  }
}

/** Gives each spec of a `describe` a scene of its own. */
export function useTransfers<Application extends TransferringApplication>(
  network: Quietable,
  processes: () => readonly [here: Application, elsewhere: Application],
): () => TransferScene<Application> {
  let scene: TransferScene<Application> | undefined;
  beforeEach(() => {
    scene = new TransferScene(...processes(), network);
  });
  afterEach(() => scene?.end());
  return () => {
    if (!scene) throw new Error('a scene is there inside of a spec, not before');
    return scene;
  };
}
