/** The reasons of the promises that `run` leaves rejected and unhandled, each of which would end a process. */
export async function unhandledDuring(run: () => Promise<unknown>): Promise<unknown[]> {
  const reasons: unknown[] = [];
  const listener = (reason: unknown) => reasons.push(reason);
  process.on('unhandledRejection', listener);
  try {
    await run();
    // Node.js reports them when the microtasks of a turn are done.
    await new Promise((resolve) => setImmediate(resolve));
  } finally {
    process.off('unhandledRejection', listener);
  }
  return reasons;
}
