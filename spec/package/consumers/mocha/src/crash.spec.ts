import { strict as assert } from 'node:assert';
import sinon from 'sinon';
import { crashes } from './crash.js';

describe('a crash test', function () {
  this.timeout(60_000);

  for (const [title, check] of crashes) {
    it(title, check);

    it(`${title}, with fake timers`, async () => {
      const clock = sinon.useFakeTimers({ now: 0, shouldClearNativeTimers: true });
      try {
        await check();
        assert.equal(clock.countTimers(), 0);
        assert.equal(Date.now(), 0);
      } finally {
        clock.restore();
      }
    });
  }
});
