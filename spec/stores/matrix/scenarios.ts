import { expect } from 'chai';
import {
  ClaimLostError,
  currentExecution,
  FingerprintError,
  InProgressError,
  OutcomeUnknownError,
  recordOf,
} from 'retrysafe';
import { type Deferred, defer } from '../../support/defer.js';
import { rejection } from '../../support/rejection.js';
import type { Fate } from '../../support/scripted-store.js';
import type { Process, Processes } from './processes.js';
import { Stage } from './stage.js';
import { transactions } from './transactions.js';

/** Registers what the engine promises, on one store. */
export function scenarios(processes: Processes): void {
  let stage: Stage;
  let started: Promise<[Process, Process]>;

  before(() => {
    started = Promise.all([processes.start(), processes.start()]);
    return started;
  });
  beforeEach(async () => {
    stage = new Stage(...(await started));
  });
  afterEach(() => stage.time.restore());

  duplicates(() => stage);
  takeOvers(() => stage);
  lostAnswers(() => stage);
  endings(() => stage);
  abandonedWork(() => stage);
  if (processes.countOf) transactions(() => stage, processes.countOf);
}

function duplicates(stage: () => Stage): void {
  describe('duplicates', () => {
    const result = () => ({ placedAt: new Date(1_700_000_000_000), lines: [1n, new Map([['a', 1]])] });

    async function expectOneOutcome(end: Deferred<void>, calls: Promise<unknown>[]): Promise<void> {
      const { time, runs, here } = stage();
      await time.pass(200);
      expect(runs).to.deep.equal(['attempt 1']);
      end.resolve();
      const answers = await time.until(Promise.all(calls));
      for (const answer of answers) expect(answer).to.deep.equal(result());
      expect(new Set(answers).size, 'each has a copy of its own').to.equal(calls.length);
      (answers[0] as { lines: unknown[] }).lines.length = 0;
      expect(await stage().call(here)).to.deep.equal(result());
      expect(runs).to.deep.equal(['attempt 1']);
    }

    it('in one process at once: one run, and each gets a copy of its outcome', async () => {
      const end = defer();
      const method = stage().method(() => end.promise.then(result));
      const calls = Array.from({ length: 20 }, () => stage().begin(stage().here, method));
      await expectOneOutcome(end, calls);
    });

    it('in two processes at once: one run, and each gets a copy of its outcome', async () => {
      const end = defer();
      const method = stage().method(() => end.promise.then(result));
      const { here, elsewhere } = stage();
      const calls = [here, elsewhere, here, elsewhere, here, elsewhere].map((at) =>
        stage().begin(at, method),
      );
      await expectOneOutcome(end, calls);
    });

    it('one after the other, in two processes: the outcome is replayed', async () => {
      const { here, elsewhere, runs } = stage();
      const method = stage().method(async () => result());
      for (const at of [here, elsewhere, elsewhere, here]) {
        expect(await stage().call(at, method)).to.deep.equal(result());
      }
      expect(runs).to.deep.equal(['attempt 1']);
    });

    it('that do not wait: InProgressError', async () => {
      const end = defer();
      stage().begin(stage().here, () => end.promise);
      await stage().time.pass(100);
      expect(await rejection(stage().call(stage().elsewhere, undefined, { wait: 0 }))).to.be.instanceOf(
        InProgressError,
      );
      end.resolve();
    });

    it('with another fingerprint: FingerprintError, whether the first one runs or has ended', async () => {
      const end = defer();
      const by = (amount: number) => ({ fingerprint: () => ({ amount }) });
      const { here, elsewhere, runs } = stage();
      const first = stage().begin(
        here,
        stage().method(() => end.promise.then(() => 'done')),
        by(1),
      );
      await stage().time.pass(100);
      const other = () => rejection(stage().call(elsewhere, undefined, by(2)));
      expect(await other()).to.be.instanceOf(FingerprintError);
      end.resolve();
      await stage().time.until(first);
      expect(await other()).to.be.instanceOf(FingerprintError);
      expect(await stage().call(elsewhere, undefined, by(1))).to.equal('done');
      expect(runs).to.deep.equal(['attempt 1']);
    });
  });
}

function takeOvers(stage: () => Stage): void {
  describe('a runner whose lease lapsed', () => {
    let end: Deferred<string>;
    let signal: AbortSignal;
    let late: Promise<unknown>;

    beforeEach(async () => {
      end = defer();
      const { here, time } = stage();
      here.store.always('replace', 'fail');
      late = stage().begin(
        here,
        stage().method(() => {
          signal = currentExecution().signal;
          return end.promise;
        }),
      );
      await time.pass(7_100);
      here.store.heal();
    });

    it('changes nothing any more, and returns the outcome of its successor', async () => {
      const { here, elsewhere, time, runs } = stage();
      expect(signal.aborted).to.equal(true);
      expect(await stage().call(elsewhere)).to.equal('run 2');
      const before = await stage().standing();
      const sent = here.store.count('replace');
      end.resolve('too late');
      expect(await time.until(late)).to.equal('run 2');
      expect(here.store.count('replace'), 'it tried').to.be.above(sent);
      expect(await stage().standing()).to.deep.equal(before);
      expect(runs).to.deep.equal(['attempt 1', 'attempt 2']);
    });

    it('waits for a successor that still runs', async () => {
      const { elsewhere, time } = stage();
      const second = defer<string>();
      const successor = stage().begin(
        elsewhere,
        stage().method(() => second.promise),
      );
      await time.pass(100);
      end.resolve('too late');
      await time.pass(1_000);
      second.resolve('the second');
      expect(await time.until(Promise.all([late, successor]))).to.deep.equal(['the second', 'the second']);
    });

    it('still completes where no call took over', async () => {
      const { elsewhere, time } = stage();
      end.resolve('late');
      expect(await time.until(late)).to.equal('late');
      expect(await stage().call(elsewhere)).to.equal('late');
    });

    it('gets a ClaimLostError where the key was forgotten', async () => {
      const { elsewhere, time } = stage();
      const operation = stage().operation(elsewhere);
      expect(await time.until(recordOf(operation, 'a').forget({ force: true }))).to.equal(true);
      end.resolve('too late');
      expect(await time.until(rejection(late))).to.be.instanceOf(ClaimLostError);
      expect(await stage().standing()).to.have.nested.property('state.status', 'released');
    });
  });
}

const fates = {
  'is applied and its answer is lost': 'lose',
  'is never applied': 'fail',
  'is applied and never answered': 'swallow',
  'is neither applied nor answered': 'hang',
} as const satisfies Record<string, Fate>;

function lostAnswers(stage: () => Stage): void {
  /** What happens to one write of each kind, while everything around it is as it should be. */
  const stories: Record<string, (fate: Fate) => Promise<void>> = {
    async claim(fate) {
      const { here, runs } = stage();
      here.store.next('claim', fate);
      expect(await stage().call(here)).to.equal('run 1');
      expect(runs).to.deep.equal(['attempt 1']);
    },

    async renewal(fate) {
      const { here, elsewhere, time, runs } = stage();
      const end = defer<string>();
      here.store.next('replace', fate);
      const running = stage().begin(
        here,
        stage().method(() => end.promise),
      );
      // The first lease has lapsed by now, and the claim still holds.
      await time.pass(7_500);
      const duplicate = stage().call(elsewhere, undefined, { wait: 0 });
      expect(await rejection(duplicate)).to.be.instanceOf(InProgressError);
      end.resolve('run 1');
      expect(await time.until(running)).to.equal('run 1');
      expect(runs).to.deep.equal(['attempt 1']);
    },

    async completion(fate) {
      const { here, runs } = stage();
      here.store.next('replace', fate);
      expect(await stage().call(here)).to.equal('run 1');
      expect(runs).to.deep.equal(['attempt 1']);
    },

    async 'take-over'(fate) {
      const { here, runs } = stage();
      await stage().abandon();
      here.store.next('replace', fate);
      expect(await stage().call(here)).to.equal('run 2');
      expect(runs).to.deep.equal(['attempt 1', 'attempt 2']);
    },

    async release(fate) {
      const { here, elsewhere, runs } = stage();
      const own = new Error('no money');
      here.store.next('replace', fate);
      const failing = stage().method(() => Promise.reject(own));
      expect(await rejection(stage().call(here, failing))).to.equal(own);
      expect(await stage().standing()).to.have.nested.property('state.status', 'released');
      expect(await stage().call(elsewhere)).to.equal('run 2');
      expect(runs).to.deep.equal(['attempt 1', 'attempt 2']);
    },
  };

  for (const [kind, story] of Object.entries(stories)) {
    describe(`a ${kind}`, () => {
      for (const [what, fate] of Object.entries(fates)) {
        it(`that ${what}: each call runs once, and its outcome stands`, async () => {
          await story(fate);
          const { elsewhere, runs } = stage();
          const before = await stage().standing();
          expect(before).to.have.nested.property('state.status', 'completed');
          const outcome = `run ${runs.length}`;
          expect(await stage().call(elsewhere)).to.equal(outcome);
          expect(await stage().standing()).to.deep.equal(before);
        });
      }
    });
  }

  it('a completion that arrives after a later one undoes nothing', async () => {
    const { here } = stage();
    here.store.next('replace', 'hold');
    expect(await stage().call(here)).to.equal('run 1');
    const before = await stage().standing();
    await here.store.held[0]?.release();
    expect(await stage().standing()).to.deep.equal(before);
  });

  it('a claim that arrives when the key is completed changes nothing', async () => {
    const { here, elsewhere } = stage();
    here.store.next('claim', 'hold');
    expect(await stage().call(here)).to.equal('run 1');
    const before = await stage().standing();
    await here.store.held[0]?.release();
    expect(await stage().standing()).to.deep.equal(before);
    expect(await stage().call(elsewhere)).to.equal('run 1');
  });
}

class Declined extends Error {
  override readonly name = 'Declined';
  constructor(readonly reason: string) {
    super(`declined: ${reason}`);
  }
}

function endings(stage: () => Stage): void {
  describe('a call', () => {
    it('runs again when its ttl is over by the clock of the process that asks, and no earlier', async () => {
      const { here, elsewhere, time, runs } = stage();
      expect(await stage().call(here)).to.equal('run 1');
      time.jump(59_000);
      expect(await stage().call(elsewhere)).to.equal('run 1');
      // For the database a moment has passed.
      time.jump(1_001);
      expect(await stage().call(elsewhere)).to.equal('run 2');
      expect(await stage().call(here)).to.equal('run 2');
      expect(runs).to.deep.equal(['attempt 1', 'attempt 1']);
    });

    it('that failed releases its key, and the retry runs, in whichever process; its derived keys stay', async () => {
      const { here, elsewhere, runs } = stage();
      const derived: string[] = [];
      const failing = (message?: string) =>
        stage().method(async () => {
          derived.push(currentExecution().deriveKey('hold'));
          if (message) throw new Error(message);
          return 'done';
        });
      expect(await rejection(stage().call(here, failing('first')))).to.have.property('message', 'first');
      expect(await rejection(stage().call(elsewhere, failing('second')))).to.have.property(
        'message',
        'second',
      );
      expect(await stage().call(here, failing())).to.equal('done');
      expect(runs).to.deep.equal(['attempt 1', 'attempt 2', 'attempt 3']);
      expect(new Set(derived).size).to.equal(1);
    });

    it('that failed with an error to remember is not run again: the error is replayed', async () => {
      const { here, elsewhere, runs } = stage();
      const more = { remember: [Declined] };
      const declining = stage().method(() => Promise.reject(new Declined('no money')));
      await rejection(stage().call(here, declining, more));
      const again = await rejection(stage().call(elsewhere, declining, more));
      expect(again).to.be.instanceOf(Declined);
      expect(again).to.include({ reason: 'no money', message: 'declined: no money' });
      expect(runs).to.deep.equal(['attempt 1']);
    });

    it('that is forgotten runs again', async () => {
      const { here, elsewhere, time, runs } = stage();
      expect(await stage().call(here)).to.equal('run 1');
      expect(await time.until(recordOf(stage().operation(elsewhere), 'a').forget())).to.equal(true);
      expect(await stage().call(here)).to.equal('run 2');
      expect(await stage().call(elsewhere)).to.equal('run 2');
      // It leaves nothing to be counted on.
      expect(runs).to.deep.equal(['attempt 1', 'attempt 1']);
    });
  });
}

function abandonedWork(stage: () => Stage): void {
  describe('abandoned work', () => {
    beforeEach(() => stage().abandon());

    it('is refused where the options say so, and nothing runs', async () => {
      const { here, runs } = stage();
      const refused = stage().call(here, undefined, { onAbandoned: 'refuse' });
      expect(await rejection(refused)).to.be.instanceOf(OutcomeUnknownError);
      expect(runs).to.deep.equal(['attempt 1']);
    });

    it('is taken over by default, by one of several', async () => {
      const { here, elsewhere, time, runs } = stage();
      const calls = [here, elsewhere, here, elsewhere].map((at) => stage().begin(at));
      expect(await time.until(Promise.all(calls))).to.deep.equal(['run 2', 'run 2', 'run 2', 'run 2']);
      expect(runs).to.deep.equal(['attempt 1', 'attempt 2']);
    });

    it('has the outcome that a recovery function finds, for all', async () => {
      const { here, elsewhere, runs } = stage();
      const asked: unknown[] = [];
      const found = await stage().call(here, undefined, {
        onAbandoned: ({ status, attempt }) => {
          asked.push({ status, attempt });
          return { value: 'found' };
        },
      });
      expect(found).to.equal('found');
      expect(asked).to.deep.equal([{ status: 'abandoned', attempt: 1 }]);
      expect(await stage().call(elsewhere)).to.equal('found');
      expect(runs).to.deep.equal(['attempt 1']);
    });

    it('stays unknown where a recovery function cannot tell', async () => {
      const { here, elsewhere, runs } = stage();
      const asking = stage().call(here, undefined, { onAbandoned: () => 'refuse' as const });
      expect(await rejection(asking)).to.be.instanceOf(OutcomeUnknownError);
      expect(await stage().standing()).to.have.nested.property('state.status', 'unknown');
      expect(await stage().call(elsewhere)).to.equal('run 2');
      expect(runs).to.deep.equal(['attempt 1', 'attempt 2']);
    });
  });
}
