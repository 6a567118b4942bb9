// Taken when this is loaded, from Node.js itself: test runners replace those of the globals.
const { setImmediate } = process.getBuiltinModule('node:timers');
const { nextTick } = process.getBuiltinModule('node:process');

/** Real milliseconds since the process began, whatever replaces the clock later. */
export const realNow = performance.now.bind(performance);

/** Resolves when all has happened that needs nothing but promises, and a tick that code may have asked for itself. */
export function restOfPromises(): Promise<void> {
  return new Promise((resolve) => {
    nextTick(() => nextTick(resolve));
  });
}

/** Resolves when all has happened that needs no timer: the event loop had a turn, before which all promises and ticks had theirs. */
export function restOfTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
