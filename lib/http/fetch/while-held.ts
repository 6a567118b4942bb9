import type { CurrentExecution } from '../../engine/execution/execution.js';

/** Settles as the work does, unless the claim is lost before that: then it rejects with the reason. */
export function whileHeld<T>(work: T | PromiseLike<T>, execution: CurrentExecution): Promise<T> {
  return new Promise((resolve, reject) => {
    let signal: AbortSignal | undefined;
    const giveUp = () => reject(signal?.reason);
    // A signal is made when it is asked for. Much work ends within this turn, and needs none.
    const watching = setImmediate(() => {
      signal = execution.signal;
      if (signal.aborted) giveUp();
      else signal.addEventListener('abort', giveUp, { once: true });
    });
    const settled = () => {
      clearImmediate(watching);
      signal?.removeEventListener('abort', giveUp);
    };
    Promise.resolve(work).then(resolve, reject).finally(settled);
  });
}
