// Taken when this is loaded, from Node.js itself: test runners replace those of the globals.
const { setImmediate } = process.getBuiltinModule('node:timers');

/** Real milliseconds since the process began, whatever replaces the clock later. */
export const realNow = performance.now.bind(performance);

/** Resolves when all has happened that needs no timer: the event loop had a turn, before which all promises and ticks had theirs. */
export function restOfTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
