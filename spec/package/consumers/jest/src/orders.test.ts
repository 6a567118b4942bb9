import { afterEach, expect, jest, test } from '@jest/globals';
import { checks } from './exercise.js';
import { Orders } from './orders.js';
import { warningsOfABundle } from './unbundled.js';
import { codeAfterWait } from './waiting.js';

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

const refused = 'ERR_IDEMPOTENCY_IN_PROGRESS';
const timers = [
  'cancelAnimationFrame',
  'cancelIdleCallback',
  'clearImmediate',
  'clearInterval',
  'clearTimeout',
  'hrtime',
  'nextTick',
  'performance',
  'queueMicrotask',
  'requestAnimationFrame',
  'requestIdleCallback',
  'setImmediate',
  'setInterval',
  'setTimeout',
] as const;
const really = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

test('a wait ends in time by fake timers', async () => {
  jest.useFakeTimers();
  expect(await codeAfterWait((ms) => jest.advanceTimersByTimeAsync(ms))).toBe(refused);
});

test('a wait ends in time where performance is left as it is', async () => {
  jest.useFakeTimers({ doNotFake: ['performance'] });
  expect(await codeAfterWait((ms) => jest.advanceTimersByTimeAsync(ms))).toBe(refused);
});

test('a wait ends in time where Date alone is faked', async () => {
  jest.useFakeTimers({ doNotFake: [...timers], now: 0 });
  expect(await codeAfterWait(really)).toBe(refused);
});

test('a wait ends in time by legacy fake timers', async () => {
  const settled = jest.requireActual<typeof import('node:timers')>('node:timers').setImmediate;
  jest.useFakeTimers({ legacyFakeTimers: true });
  const pass = async (milliseconds: number) => {
    for (let passed = 0; passed < milliseconds; passed += 10) {
      jest.advanceTimersByTime(10);
      await new Promise((resolve) => settled(resolve));
    }
  };
  expect(await codeAfterWait(pass)).toBe(refused);
});

test('nothing is said of bundles where there is none', async () => {
  expect(await warningsOfABundle()).toEqual([]);
});
