import { reachSteady, steadyNow } from './steady-clock.js';

// The longest time that a timer of Node.js can be set to; whoever waits longer looks again and waits on.
const LONGEST = 2_147_483_647;

interface TimerOptions {
  /** Whether a caller awaits this timer. Bookkeeping never keeps a process alive. */
  readonly isAwaited: boolean;
}

/** Calls `run` once after `delay` milliseconds, unless the answered function was called before. */
export function startTimer(delay: number, run: () => void, { isAwaited }: TimerOptions): () => void {
  // Node.js drops the part of a millisecond, and would be early by it.
  const wholeDelay = Math.ceil(Math.min(Math.max(0, delay), LONGEST));
  const dueAt = steadyNow() + wholeDelay;
  let timer: ReturnType<typeof setTimeout> | undefined = setTimeout(() => {
    reachSteady(dueAt);
    run();
  }, wholeDelay);
  // In a browser-like test environment a timer is a number.
  if (!isAwaited && typeof timer === 'object') timer.unref();
  return () => {
    clearTimeout(timer);
    // A timer keeps the execution in which it was started.
    timer = undefined;
  };
}

export function pause(delay: number, options: TimerOptions = { isAwaited: true }): Promise<void> {
  return new Promise((resolve) => {
    startTimer(delay, resolve, options);
  });
}

/** A delay that doubles from 50 ms to at most a second, a random half of it left out so that waiters spread. */
export function backoff(round: number): number {
  const longest = Math.min(1_000, 50 * 2 ** Math.min(round, 10));
  return longest * (0.5 + Math.random() / 2);
}
