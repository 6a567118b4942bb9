import { afterEach, expect, jest, test } from '@jest/globals';
import { crashes } from './crash.js';

afterEach(() => {
  jest.useRealTimers();
});

for (const [title, check] of crashes) {
  test(title, check, 60_000);

  test(`${title}, with fake timers`, async () => {
    jest.useFakeTimers({ now: 0 });
    await check();
    expect(jest.getTimerCount()).toBe(0);
    expect(Date.now()).toBe(0);
  }, 60_000);
}
