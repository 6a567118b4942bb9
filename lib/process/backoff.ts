/**
 * Returns a pause in milliseconds: 50 that double each round, at most 1,000, minus a random part of up to half, so that
 * calls spread. `chance`: a random number from 0 up to 1.
 */
export function backoff(round: number, chance: number): number {
  const longest = Math.min(1_000, 50 * 2 ** Math.min(round, 10));
  return longest * (0.5 + chance / 2);
}
