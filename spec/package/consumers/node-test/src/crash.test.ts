import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crashes } from './crash.js';

for (const [title, check] of crashes) {
  test(title, check);

  test(`${title}, with mocked timers`, async (context) => {
    context.mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'setImmediate', 'Date'], now: 0 });
    await check();
    assert.equal(Date.now(), 0);
  });
}
