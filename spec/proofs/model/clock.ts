/** A timer that was set. */
export interface Timer {
  readonly process: number;
  readonly at: number;
  readonly run: () => void;
}

/** What the faked globals read: which process is running, and what its clock says. Nothing sets its steady clock. */
export interface TimeSource {
  readonly runningProcess: number;
  readonly processTime: number;
  readonly timers: Map<number, Timer>;
  readonly now: number;
}

const real = { setTimeout, clearTimeout, now: Date.now, random: Math.random, setImmediate, performance };
let timerId = 0;

/** Puts a source of time in place of the process's own until the answered function is called. Chance stands still, too. */
export function fakeGlobals(source: () => TimeSource): () => void {
  const setFake = (run: () => void, delay = 0): number => {
    const { runningProcess, timers, now } = source();
    timerId += 1;
    timers.set(timerId, { process: runningProcess, at: now + Math.max(1, delay), run });
    return timerId;
  };
  Object.assign(globalThis, {
    setTimeout: setFake,
    clearTimeout: (id?: number) => {
      if (id !== undefined) source().timers.delete(id);
    },
    performance: { now: () => source().now },
  });
  Date.now = () => source().processTime;
  Math.random = () => 0.5;
  return () => {
    Object.assign(globalThis, {
      setTimeout: real.setTimeout,
      clearTimeout: real.clearTimeout,
      performance: real.performance,
    });
    Date.now = real.now;
    Math.random = real.random;
  };
}

/** Lets everything happen that needs no timer and no answer. */
export function restOfTurn(): Promise<void> {
  return new Promise((resolve) => {
    real.setImmediate(resolve);
  });
}

/** Real milliseconds, whatever is faked. */
export function realNow(): number {
  return real.now();
}
