import { expect } from 'chai';
import { CrashTestError, crashTest } from 'retrysafe/testing';
import { rejection } from '../../support/rejection.js';
import { mistakes } from './mistakes/mistakes.js';

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
      expect(failure.diagnosis).to.match(tells);
      expect(failure.mends).to.have.length.within(1, 2);
      expect((error as Error).message)
        .to.include(failure.diagnosis)
        .and.to.include(`> ${failure.mends[0]}`);
      const again = await rejection(crashTest({ ...test('wrong'), repeat: failure.repeat }));
      expect((again as CrashTestError).failure.story).to.deep.equal(failure.story);
    });

    it(`passes without the mistake: ${title}`, async () => {
      const report = await crashTest({ ...test('right'), faults: 1, histories: 5_000 });
      expect(report.levels.map(({ left }) => left)).to.deep.equal([0, 0]);
      expect(report.histories).to.be.at.least(20);
      expect(report.endless).to.equal(0);
    });
  }
});
