import { afterEach, expect, test, vi } from 'vitest';
import { crashes } from './crash.js';

afterEach(() => {
  vi.useRealTimers();
});

for (const [title, check] of crashes) {
  test(title, check, 60_000);

  test(`${title}, with fake timers`, async () => {
    vi.useFakeTimers({ now: 0 });
    await check();
    expect(vi.getTimerCount()).toBe(0);
    expect(Date.now()).toBe(0);
  }, 60_000);
}
