import { setTimeout as pause } from 'node:timers/promises';

/** Resolves to what `look` tells as soon as it tells something; rejects where it does not in so many milliseconds. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  limit = 10_000,
): Promise<T> {
  for (const deadline = performance.now() + limit; ; await pause(10)) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > deadline) throw new Error(`${what}: not within ${limit} ms`);
  }
}
