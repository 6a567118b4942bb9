import { DAY_MS, LATEST_INSTANT } from '../record/instants.js';

/** Seconds, or a number with its unit, like `'250ms'`, `'30s'`, `'5m'`, `'24h'`, `'7d'`. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`;

const unitsMs: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: DAY_MS };
const text = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;

/**
 * Returns the milliseconds of a duration, or `undefined` if the value is not a duration. They are a whole number, since
 * databases keep instants as integers and `1.005 * 1_000` is not one. They are at most `LATEST_INSTANT`, since a text may
 * have any number of digits.
 */
export function milliseconds(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? bounded(value * 1_000) : undefined;
  const [, amount, unit] = (typeof value === 'string' && text.exec(value)) || [];
  if (amount === undefined || unit === undefined) return undefined;
  return bounded(Number(amount) * (unitsMs[unit] ?? Number.NaN));
}

function bounded(lengthMs: number): number {
  return Math.min(Math.round(lengthMs), LATEST_INSTANT);
}
