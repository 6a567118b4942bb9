import { expect } from 'chai';
import { CrashTestError, crashTest } from 'retrysafe/testing';
import { rejection } from '../../support/rejection.js';
import { effectMistakes } from './mistakes/effect-mistakes.js';
import { errorMistakes } from './mistakes/error-mistakes.js';
import { keyMistakes } from './mistakes/key-mistakes.js';
import { recoveryMistakes } from './mistakes/recovery-mistakes.js';
import { transactionMistakes } from './mistakes/transaction-mistakes.js';

const mistakes = [
  ...keyMistakes,
  ...effectMistakes,
  ...transactionMistakes,
  ...recoveryMistakes,
  ...errorMistakes,
];

describe('a crash test of a service', function () {
  this.timeout(60_000);

  it('is tried with twenty mistakes or more', () => {
    expect(mistakes.length).to.be.at.least(20);
  });

  for (const { title, test, tells } of mistakes) {
    it(`finds that ${title}, and says so`, async () => {
      const error = await rejection(crashTest(test('wrong')));
      expect(error).to.be.instanceOf(CrashTestError);
      const { failure, cause } = error as CrashTestError;
      expect((error as Error).message).to.include((cause as Error).message);
      expect(failure.mends.join('\n')).to.match(tells);
      const again = await rejection(crashTest({ ...test('wrong'), repeat: failure.repeat }));
      expect((again as CrashTestError).failure.story).to.deep.equal(failure.story);
    });

    it(`passes without the mistake: ${title}`, async () => {
      const report = await crashTest(test('right'));
      expect(report.histories).to.be.at.least(2);
      expect(report.endless).to.equal(0);
    });
  }
});
