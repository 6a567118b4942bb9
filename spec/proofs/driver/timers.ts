import { AsyncResource } from 'node:async_hooks';

/** A timer that was set, and not cleared. */
export interface Timer {
  readonly at: number;
  readonly run: () => void;
  /** Whether it keeps the process alive. */
  isAwaited: boolean;
}

/** What the faked globals read and set. */
export interface Clock {
  readonly now: number;
  readonly timers: Set<Timer>;
}

const real = { setTimeout, clearTimeout, now: Date.now, random: Math.random, setImmediate, performance };

/** Puts a clock in place of the process's own until the returned function is called. Chance stands still, too. */
export function fakeGlobals(clock: () => Clock): () => void {
  const setFake = (run: () => void, delay = 0) => {
    const { now, timers } = clock();
    // Like those of Node.js, it runs in the context in which it was set.
    const timer: Timer = { at: now + Math.max(1, delay), run: AsyncResource.bind(run), isAwaited: true };
    timers.add(timer);
    return Object.assign(timer, {
      ref: () => {
        timer.isAwaited = true;
      },
      unref: () => {
        timer.isAwaited = false;
      },
    });
  };
  Object.assign(globalThis, {
    setTimeout: setFake,
    clearTimeout: (timer?: Timer) => {
      if (timer) clock().timers.delete(timer);
    },
    performance: { now: () => clock().now },
  });
  Date.now = () => clock().now;
  Math.random = () => 0.5;
  return () => {
    const { setTimeout, clearTimeout, performance } = real;
    Object.assign(globalThis, { setTimeout, clearTimeout, performance });
    Date.now = real.now;
    Math.random = real.random;
  };
}

/** Lets everything happen that needs no timer. */
export function restOfTurn(): Promise<void> {
  return new Promise((resolve) => {
    real.setImmediate(resolve);
  });
}
