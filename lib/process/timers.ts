import { reachSteady, steadyNow } from './steady-clock.js';

// The longest delay of a Node.js timer. A longer wait checks the time when the timer fires, and starts another.
const LONGEST_DELAY_MS = 2_147_483_647;

interface TimerOptions {
  /** Whether a caller awaits this timer. Bookkeeping never keeps a process alive. */
  readonly isAwaited: boolean;
}

type Timer = ReturnType<typeof setTimeout>;

/** Starts a timer that moves the steady clock to the instant at which it was due. */
function start(delay: number, run: () => void): Timer {
  // Node.js drops fractions of a millisecond, so the timer would fire early.
  const wholeDelay = Math.ceil(Math.min(Math.max(0, delay), LONGEST_DELAY_MS));
  const dueAt = steadyNow() + wholeDelay;
  return setTimeout(() => {
    reachSteady(dueAt);
    run();
  }, wholeDelay);
}

// In test environments like a browser a timer is a number, and a faked one may have less.
function setAwaited(timer: Timer | undefined, isAwaited: boolean): void {
  if (isAwaited) timer?.ref?.();
  else timer?.unref?.();
}

/** Calls `run` once after `delay` milliseconds. Returns a function that cancels it. */
export function startTimer(delay: number, run: () => void, { isAwaited }: TimerOptions): () => void {
  let timer: Timer | undefined = start(delay, run);
  if (!isAwaited) setAwaited(timer, false);
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
  #timer: Timer | undefined;
  #dueAt = Number.POSITIVE_INFINITY;
  #isAwaited = true;

  constructor(readonly ring: () => void) {}

  /** Rings at `dueAt` by the steady clock at the latest. Bookkeeping, which no caller awaits, never keeps a process alive. */
  set(dueAt: number, isAwaited: boolean): void {
    if (dueAt === Number.POSITIVE_INFINITY) return this.stop();
    if (this.#timer === undefined || dueAt < this.#dueAt) this.#start(dueAt);
    else if (isAwaited === this.#isAwaited) return;
    this.#isAwaited = isAwaited;
    setAwaited(this.#timer, isAwaited);
  }

  stop(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #start(dueAt: number): void {
    this.stop();
    const delay = dueAt - steadyNow();
    this.#dueAt = delay > LONGEST_DELAY_MS ? steadyNow() + LONGEST_DELAY_MS : dueAt;
    this.#timer = start(delay, () => {
      this.#timer = undefined;
      this.ring();
    });
  }
}
