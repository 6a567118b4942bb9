import { expect } from 'chai';
import { crashTest } from 'retrysafe/testing';
import { mistakes } from './mistakes/mistakes.js';

describe('a crash test with two faults in a history', function () {
  this.timeout(60_000);

  for (const { title, test } of mistakes) {
    it(`passes without the mistake: ${title}`, async () => {
      // All histories with one fault, and then some with two.
      const { histories } = await crashTest({ ...test('right'), faults: 1, histories: 5_000 });
      const report = await crashTest({ ...test('right'), histories: histories + 150 });
      expect(report.levels.map(({ histories: tried }) => tried > 0)).to.deep.equal([true, true, true]);
      expect(report.levels[1]?.left).to.equal(0);
      expect(report.endless).to.equal(0);
    });
  }
});
