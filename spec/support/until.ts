import { setTimeout as pause } from 'node:timers/promises';

/** Resolves to the first value that `poll` returns. Rejects where it returns none in so many milliseconds. */
export async function until<T>(
  what: string,
  poll: () => Promise<T | undefined | false> | T | undefined | false,
  limit = 20_000,
): Promise<T> {
  for (const deadline = performance.now() + limit; ; await pause(10)) {
    const found = await poll();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > deadline) throw new Error(`${what}: not within ${limit} ms`);
  }
}
