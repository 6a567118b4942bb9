/** Runs what handles a message, and resolves to what it threw. An error may be `undefined`. */
export async function failureOf(run: () => unknown): Promise<{ readonly error: unknown } | undefined> {
  try {
    await run();
    return undefined;
  } catch (error) {
    return { error };
  }
}
