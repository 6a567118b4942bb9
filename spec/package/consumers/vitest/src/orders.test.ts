import { afterEach, expect, test, vi } from 'vitest';
import { checks } from './exercise.js';
import { Orders } from './orders.js';
import { warningsOfABundle } from './unbundled.js';
import { codeAfterWait } from './waiting.js';

afterEach(() => {
  vi.useRealTimers();
});

for (const [title, check] of checks) test(title, check);

test('an outcome expires after its ttl by fake timers, and not before', async () => {
  vi.useFakeTimers();
  const orders = new Orders();
  const request = { id: 'expires', amount: 5 };
  const first = await orders.place(request);
  await vi.advanceTimersByTimeAsync(299_999);
  expect(await orders.place(request)).toEqual(first);
  expect(orders.runs).toBe(1);
  await vi.advanceTimersByTimeAsync(1);
  await orders.place(request);
  expect(orders.runs).toBe(2);
});

const refused = 'ERR_IDEMPOTENCY_IN_PROGRESS';

test('a wait ends in time by fake timers', async () => {
  vi.useFakeTimers();
  expect(await codeAfterWait((ms) => vi.advanceTimersByTimeAsync(ms))).toBe(refused);
});

test('a wait ends in time where performance is left as it is, as it was by default before Vitest 3', async () => {
  vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] });
  expect(await codeAfterWait((ms) => vi.advanceTimersByTimeAsync(ms))).toBe(refused);
});

test('a wait ends in time where Date alone is faked', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: 0 });
  const really = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
  expect(await codeAfterWait(really)).toBe(refused);
});

test('nothing is said of bundles where there is none', async () => {
  expect(await warningsOfABundle()).toEqual([]);
});
