/** Settles as the work does, unless the claim is lost before that: then it rejects with the reason. */
export function whileHeld<T>(work: PromiseLike<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = () => reject(signal.reason);
    if (signal.aborted) giveUp();
    else signal.addEventListener('abort', giveUp, { once: true });
    const settled = () => signal.removeEventListener('abort', giveUp);
    Promise.resolve(work).then(resolve, reject).finally(settled);
  });
}
