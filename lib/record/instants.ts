export const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/**
 * The latest instant that a record has: the end of the year 9999. Every store can keep it, in milliseconds and in seconds,
 * and a double is still exact there. A later instant would mean the same: never.
 */
export const LATEST_INSTANT = 253_402_300_799_999;

/** Returns the instant that is `lengthMs` after `from`, at most the latest one. */
export function instantAfter(from: number, lengthMs: number): number {
  return Math.min(from + lengthMs, LATEST_INSTANT);
}

/** Returns the first full hour that is `lengthMs` or more after `from`, at most the latest instant. */
export function fullHourAfter(from: number, lengthMs: number): number {
  return Math.min(Math.ceil((from + lengthMs) / HOUR_MS) * HOUR_MS, LATEST_INSTANT);
}
