/** Whether a promise is still open, once all that happened so far has had its effect. */
export function isUnsettled(promise: Promise<unknown>): Promise<boolean> {
  const settled = promise.then(
    () => false,
    () => false,
  );
  return Promise.race([settled, new Promise<true>((resolve) => setImmediate(resolve, true))]);
}
