import { isAsyncFunction, isGeneratorFunction, isPromise, isProxy } from 'node:util/types';

/**
 * What would be right where a function that has to answer at once shows by itself that it does not. One that was bound, or
 * compiled for older engines, does not show it: its answer does.
 */
export function describeLateness(fn: unknown): string | undefined {
  if (isGeneratorFunction(fn)) return 'a function that is no generator';
  return isAsyncFunction(fn) ? 'a synchronous function' : undefined;
}

/**
 * Whether a function that has to answer at once answered with a promise, of whichever realm or library. Nobody waits for
 * it, so its failure is heard here: unheard, it would end the process.
 */
export function isLate(answer: unknown): boolean {
  if (isPromise(answer)) {
    hear(() => Promise.prototype.then.call(answer, nothing, nothing));
    return true;
  }
  if (!isThenable(answer)) return false;
  // By a promise of ours, which hears a `then` that throws as well.
  new Promise((resolve) => resolve(answer)).then(nothing, nothing);
  return true;
}

/** More objects than this are not looked through: an answer that has so many is no list of a few ids. */
const MOST_OBJECTS = 1_000;

/** Hears the failures of the promises within an answer that is refused because of them. */
export function hearPromisesIn(answer: unknown): void {
  const seen = new Set<unknown>();
  for (const left = [answer]; left.length > 0 && seen.size < MOST_OBJECTS; ) {
    const value = left.pop();
    if (typeof value !== 'object' || value === null || seen.has(value) || isProxy(value) || isLate(value))
      continue;
    seen.add(value);
    // No getter is asked: what it would answer was never part of the answer.
    for (const name of Object.keys(value).slice(0, MOST_OBJECTS))
      left.push(Object.getOwnPropertyDescriptor(value, name)?.value);
  }
}

// What cannot even be asked is no promise to anybody.
function isThenable(answer: unknown): boolean {
  if (typeof answer === 'function' || (typeof answer === 'object' && answer !== null)) {
    return hear(() => typeof (answer as { then?: unknown }).then === 'function') ?? false;
  }
  return false;
}

function hear<T>(ask: () => T): T | undefined {
  try {
    return ask();
  } catch {
    return undefined;
  }
}

function nothing(): void {}
