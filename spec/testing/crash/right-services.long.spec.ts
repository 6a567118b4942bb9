import { expect } from 'chai';
import { crashTest } from 'retrysafe/testing';
import { mistakes } from './mistakes/mistakes.js';

describe('a crash test with two faults in a history', function () {
  this.timeout(60_000);

  for (const { title, test } of mistakes) {
    it(`passes without the mistake: ${title}`, async () => {
      const report = await crashTest({ ...test('right'), histories: 2_500 });
      expect(report.levels[1]?.left).to.equal(0);
      expect(report.levels[2]?.histories).to.be.greaterThan(5);
      expect(report.endless).to.equal(0);
    });
  }
});
