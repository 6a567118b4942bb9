/** Seconds, or a number with its unit, like `'250ms'`, `'30s'`, `'5m'`, `'24h'`, `'7d'`. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`;

const units: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const text = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;

/**
 * Milliseconds of a duration, or `undefined` where it is none. A whole number, since instants are made of it: databases
 * keep those as integers, and `1.005 * 1_000` is none.
 */
export function milliseconds(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? Math.round(value * 1_000) : undefined;
  const [, amount, unit] = (typeof value === 'string' && text.exec(value)) || [];
  if (amount === undefined || unit === undefined) return undefined;
  return Math.round(Number(amount) * (units[unit] ?? Number.NaN));
}
