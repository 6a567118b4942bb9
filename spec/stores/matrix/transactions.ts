import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { currentExecution } from 'retrysafe';
import { defer } from '../../support/defer.js';
import { rejection } from '../../support/rejection.js';
import type { Actor, Stage } from './stage.js';

/** Registers what a completion in the transaction of the business promises. */
export function transactions(stage: () => Stage, countOf: (id: string) => Promise<number>): void {
  describe('a completion in the transaction of the business', () => {
    let id: string;

    beforeEach(() => {
      id = randomUUID();
    });

    const committing = (at: Actor, before: () => Promise<unknown> = async () => {}) =>
      stage().method(async () => {
        const outcome = `run ${stage().runs.length}`;
        const completion = await currentExecution().completion(outcome);
        await before();
        await at.commit(id, completion);
        return outcome;
      });

    it('commits with it, and the outcome is replayed', async () => {
      const { here, elsewhere, runs } = stage();
      expect(await stage().call(here, committing(here))).to.equal('run 1');
      expect(await stage().call(elsewhere, committing(elsewhere))).to.equal('run 1');
      expect(await stage().standing()).to.have.nested.property('state.status', 'completed');
      expect(await countOf(id)).to.equal(1);
      expect(runs).to.deep.equal(['attempt 1']);
    });

    it('does the business once, however often it is repeated', async () => {
      const { here } = stage();
      const repeating = stage().method(async () => {
        const completion = await currentExecution().completion('done');
        await here.commit(id, completion);
        await rejection(here.commit(id, completion));
        return 'done';
      });
      expect(await stage().call(here, repeating)).to.equal('done');
      expect(await countOf(id)).to.equal(1);
    });

    it('is not done, nor the business, where the claim is lost: the answer is the outcome of the successor', async () => {
      const { here, elsewhere, time, runs } = stage();
      const goOn = defer();
      const late = stage().begin(
        here,
        committing(here, () => goOn.promise),
      );
      await time.pass(7_100);
      expect(await stage().call(elsewhere, committing(elsewhere))).to.equal('run 2');
      const before = await stage().standing();
      goOn.resolve();
      expect(await time.until(late)).to.equal('run 2');
      expect(await stage().standing()).to.deep.equal(before);
      expect(await countOf(id)).to.equal(1);
      expect(runs).to.deep.equal(['attempt 1', 'attempt 2']);
    });
  });
}
