import { milliseconds } from '../options/duration.js';
import { isShortAmount } from '../options/wrong-option.js';
import { DAY_MS } from '../record/instants.js';

interface DurationLimits {
  readonly leastMs: number;
  /** The largest bare number that is taken for seconds. A larger one was probably meant as milliseconds. */
  readonly mostSeconds: number;
  readonly example: string;
}

/** Makes the check of a length of time. It returns what is expected instead, or `undefined` if the value is valid. */
export function durationCheck({ leastMs, mostSeconds, example }: DurationLimits) {
  return (value: unknown): string | undefined => {
    const lengthMs = milliseconds(value);
    const range = leastMs > 0 ? `at least ${leastMs} ms` : '0 or more';
    const expected = `seconds or a string with a unit, ${range}, such as ${example}`;
    if (typeof value === 'string' && /^\d{1,9}$/.test(value)) return `${expected}; did you mean '${value}s'?`;
    if (lengthMs === undefined || lengthMs < leastMs) return expected;
    if (typeof value !== 'number' || value <= mostSeconds) return undefined;
    const guess = isShortAmount(value) ? `seconds: did you mean ${value / 1_000}? ` : `${expected} `;
    const hours = Math.min(Math.ceil(value / 3_600), 9_999);
    return `${guess}(a longer time is written with its unit, such as '${hours}h')`;
  };
}

/** How long an outcome is stored if no option says, or if a computed `ttl` is not usable. */
export const DEFAULT_TTL_MS = DAY_MS;

const LONGEST_MONTH_SECONDS = (31 * DAY_MS) / 1_000;

export const checkTtl = durationCheck({
  leastMs: 1,
  mostSeconds: LONGEST_MONTH_SECONDS,
  example: "300 or '5m'",
});

export const checkUnresolvedTtl = durationCheck({
  leastMs: 60_000,
  mostSeconds: LONGEST_MONTH_SECONDS,
  example: "86400 or '7d'",
});

/** What is expected of a computed ttl. The message suggests no other number: that could repeat a part of the result. */
export const EXPECTED_TTL = "a string with a unit, such as '5m', or seconds, at most those of a month";

/** Returns the milliseconds of a computed ttl, or `undefined` if it is not valid. */
export function computedTtl(value: unknown): number | undefined {
  return checkTtl(value) === undefined ? milliseconds(value) : undefined;
}
