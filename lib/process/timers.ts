import { reachSteady, steadyNow } from './steady-clock.js';

// The longest delay of a Node.js timer. A longer wait checks the time when the timer fires, and starts another.
const LONGEST_DELAY_MS = 2_147_483_647;

interface TimerOptions {
  /** Whether a caller awaits this timer. Bookkeeping never keeps a process alive. */
  readonly isAwaited: boolean;
}

/** Calls `run` once after `delay` milliseconds. Returns a function that cancels it. */
export function startTimer(delay: number, run: () => void, { isAwaited }: TimerOptions): () => void {
  // Node.js drops fractions of a millisecond, so the timer would fire early.
  const wholeDelay = Math.ceil(Math.min(Math.max(0, delay), LONGEST_DELAY_MS));
  const dueAt = steadyNow() + wholeDelay;
  let timer: ReturnType<typeof setTimeout> | undefined = setTimeout(() => {
    reachSteady(dueAt);
    run();
  }, wholeDelay);
  // In test environments like a browser a timer is a number.
  if (!isAwaited && typeof timer === 'object') timer.unref();
  return () => {
    clearTimeout(timer);
    // Frees the memory of the execution in which the timer was started.
    timer = undefined;
  };
}

export function pause(delay: number, options: TimerOptions = { isAwaited: true }): Promise<void> {
  return new Promise((resolve) => {
    startTimer(delay, resolve, options);
  });
}

/** Returns a delay in milliseconds: 50 that double each round, at most 1,000, minus a random part of up to half so that calls spread. */
export function backoff(round: number): number {
  const longest = Math.min(1_000, 50 * 2 ** Math.min(round, 10));
  return longest * (0.5 + Math.random() / 2);
}
