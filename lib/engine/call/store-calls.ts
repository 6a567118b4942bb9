import { StoreError, type StoreStep } from '../../errors.js';
import { startTimer } from '../../process/timers.js';

/** What became of a store call: its answer, or a fault after which nobody knows whether it was done. */
export type StoreResult<T> = { readonly value: T } | { readonly fault: unknown; readonly isLate?: true };

/** For how long a store call is listened to. */
export interface CallLimits {
  readonly limitMs: number;
  /** Whether a caller awaits it. */
  readonly isAwaited: boolean;
  /** Aborts where somebody cannot wait that long after all. */
  readonly cutOff?: AbortSignal | undefined;
}

/** A store gave an answer that none may give. Its message is in our words alone. */
export class WrongResult extends TypeError {
  constructor(step: StoreStep, what: string) {
    super(`${step}() resolved to ${what}; correct the store, by the contract of retrysafe/testing`);
  }
}

/** What hears of a store call's answer before the call itself does. */
export interface Listeners<T> {
  /** Throws where the answer is none that a store may give. */
  readonly check: (answer: T) => void;
  readonly onFault: (answer: Extract<StoreResult<T>, { fault: unknown }>) => void;
}

/** Sends a store call and gives it up after `limitMs` milliseconds. Never throws. */
export function ask<T>(
  send: () => Promise<T>,
  { limitMs, isAwaited, cutOff }: CallLimits,
  { check, onFault }: Listeners<T>,
): Promise<StoreResult<T>> {
  return new Promise((resolve) => {
    let isOver = false;
    const end = (answer: StoreResult<T>) => {
      // What comes of a call that was given up is no news about the store.
      if (isOver) return;
      isOver = true;
      stop();
      cutOff?.removeEventListener('abort', cut);
      if ('fault' in answer) onFault(answer);
      resolve(answer);
    };
    const late = (when: string) =>
      end({
        isLate: true,
        fault: new StoreError(`the store gave no answer ${when}; try again when it does`),
      });
    const cut = () => late('in time');
    const stop = startTimer(limitMs, () => late(`within ${Math.round(limitMs)} ms`), { isAwaited });
    cutOff?.addEventListener('abort', cut);
    const fail = (fault: unknown) => end({ fault });
    const hear = (value: T) => {
      try {
        check(value);
      } catch (fault) {
        fail(fault);
        return;
      }
      end({ value });
    };
    try {
      // One that is no promise, or none of this realm, is heard as well.
      Promise.resolve(send()).then(hear, fail);
    } catch (fault) {
      fail(fault);
    }
  });
}
