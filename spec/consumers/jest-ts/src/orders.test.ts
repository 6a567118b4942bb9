import { afterEach, expect, jest, test } from '@jest/globals';
import { checks } from './exercise.js';
import { Orders } from './orders.js';
import { warningsOfABundle } from './unbundled.js';

afterEach(() => {
  jest.useRealTimers();
});

for (const [title, check] of checks) test(title, check);

test('an outcome expires after its ttl by fake timers, and not before', async () => {
  jest.useFakeTimers();
  const orders = new Orders();
  const request = { id: 'expires', amount: 5 };
  const first = await orders.place(request);
  await jest.advanceTimersByTimeAsync(299_999);
  expect(await orders.place(request)).toEqual(first);
  expect(orders.runs).toBe(1);
  await jest.advanceTimersByTimeAsync(1);
  await orders.place(request);
  expect(orders.runs).toBe(2);
});

test('nothing is said of bundles where there is none', async () => {
  expect(await warningsOfABundle()).toEqual([]);
});
