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

/**
 * The one timer of something that has a deadline. It may ring before the deadline, which does no harm, and never after it: so
 * it is not started anew each time that the deadline moves away.
 */
export class Alarm {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #dueAt = Number.POSITIVE_INFINITY;
  #isAwaited = true;

  constructor(readonly ring: () => void) {}

  /** Rings at `dueAt` by the steady clock at the latest. Bookkeeping, which no caller awaits, never keeps a process alive. */
  set(dueAt: number, isAwaited: boolean): void {
    if (dueAt === Number.POSITIVE_INFINITY) return this.stop();
    if (this.#timer === undefined || dueAt < this.#dueAt) this.#start(dueAt);
    else if (isAwaited === this.#isAwaited) return;
    this.#isAwaited = isAwaited;
    // In test environments like a browser a timer is a number, and a faked one may have less.
    if (isAwaited) this.#timer?.ref?.();
    else this.#timer?.unref?.();
  }

  stop(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #start(dueAt: number): void {
    this.stop();
    const delay = dueAt - steadyNow();
    // Node.js drops fractions of a millisecond, so the timer would fire early.
    const wholeDelay = Math.ceil(Math.min(Math.max(0, delay), LONGEST_DELAY_MS));
    this.#dueAt = delay > LONGEST_DELAY_MS ? steadyNow() + wholeDelay : dueAt;
    const reachedAt = steadyNow() + wholeDelay;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      reachSteady(reachedAt);
      this.ring();
    }, wholeDelay);
  }
}
