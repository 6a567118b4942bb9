/** Seconds, or a number with its unit, like `'250ms'`, `'30s'`, `'5m'`, `'24h'`, `'7d'`. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`;

/**
 * The latest instant that a record has: the end of the year 9999. Every store can keep it, in milliseconds as in seconds,
 * and a double is still exact there; what would be later is as good as never.
 */
export const LATEST_INSTANT = 253_402_300_799_999;

/** The instant so many milliseconds after another. */
export function instantAfter(from: number, length: number): number {
  return Math.min(from + length, LATEST_INSTANT);
}

const units: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const text = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;

/**
 * Milliseconds of a duration, or `undefined` where it is none. A whole number, since instants are made of it: databases
 * keep those as integers, and `1.005 * 1_000` is none. No longer than until the latest instant there is, since a text may
 * have any number of digits.
 */
export function milliseconds(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? bounded(value * 1_000) : undefined;
  const [, amount, unit] = (typeof value === 'string' && text.exec(value)) || [];
  if (amount === undefined || unit === undefined) return undefined;
  return bounded(Number(amount) * (units[unit] ?? Number.NaN));
}

function bounded(length: number): number {
  return Math.min(Math.round(length), LATEST_INSTANT);
}
