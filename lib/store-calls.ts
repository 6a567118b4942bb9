import { StoreError } from './errors.js';
import { startTimer } from './timers.js';

/** What became of a store call: its answer, or a fault after which nobody knows whether it was done. */
export type Answer<T> = { readonly value: T } | { readonly fault: unknown; readonly isLate?: true };

/** Sends a store call and gives it up after `limit` milliseconds. Never throws. */
export function ask<T>(send: () => Promise<T>, limit: number, isAwaited: boolean): Promise<Answer<T>> {
  return new Promise((resolve) => {
    const stop = startTimer(
      limit,
      () =>
        resolve({
          isLate: true,
          fault: new StoreError(
            `the store gave no answer within ${Math.round(limit)} ms; try again when it does`,
          ),
        }),
      { isAwaited },
    );
    const end = (answer: Answer<T>) => {
      stop();
      resolve(answer);
    };
    const fail = (fault: unknown) => end({ fault });
    try {
      send().then((value) => end({ value }), fail);
    } catch (fault) {
      fail(fault);
    }
  });
}
