import { isAsyncFunction, isGeneratorFunction, isPromise, isProxy } from 'node:util/types';
import { isObject, ownValue } from './reading.js';

/**
 * Returns what is expected in place of a function that is visibly asynchronous or a generator, or `undefined`. A function that was
 * bound, or compiled for older engines, does not show what it is: `isLate` checks what it returns.
 */
export function describeLateness(fn: unknown): string | undefined {
  if (isGeneratorFunction(fn)) return 'a function that is not a generator';
  return isAsyncFunction(fn) ? 'a synchronous function' : undefined;
}

/**
 * Whether a synchronous function returned a promise, of any realm or library. The caller refuses that promise, so this function
 * handles its rejection: an unhandled one would end the process.
 */
export function isLate(returned: unknown): boolean {
  if (isPromise(returned)) {
    // A subclass may have a constructor that throws.
    try {
      Promise.prototype.then.call(returned, ignore, ignore);
    } catch {}
    return true;
  }
  if (!isThenable(returned)) return false;
  // A promise of our own also handles a `then` that throws.
  new Promise((resolve) => resolve(returned)).then(ignore, ignore);
  return true;
}

/** A key is made of a few ids. So the search for promises ends after this many objects. */
const MOST_OBJECTS = 1_000;

/** Handles the rejections of all promises within a value that is refused because of them. */
export function hearPromisesIn(refused: unknown): void {
  const seen = new Set<unknown>();
  for (const left = [refused]; left.length > 0 && seen.size < MOST_OBJECTS; ) {
    const value = left.pop();
    if (!isObject(value) || seen.has(value) || isProxy(value) || isLate(value)) continue;
    seen.add(value);
    // Getters are not called: what they would return is not part of the value.
    for (const name of Object.keys(value).slice(0, MOST_OBJECTS)) left.push(ownValue(value, name));
  }
}

// An object whose `then` cannot be read is not a promise.
function isThenable(returned: unknown): boolean {
  try {
    return Object(returned) === returned && typeof (returned as { then?: unknown }).then === 'function';
  } catch {
    return false;
  }
}

function ignore(): void {}
