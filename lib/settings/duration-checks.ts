import { milliseconds } from '../options/duration.js';
import { isShortAmount } from '../options/wrong-option.js';
import { DAY_MS } from '../record/instants.js';

interface DurationLimits {
  /** In milliseconds. */
  readonly least: number;
  /** The largest bare number, in seconds, that can still be meant as seconds. */
  readonly mostSeconds: number;
  readonly example: string;
}

/** Checks a length of time: answers with what would be right, or nothing where it is right. */
export function duration({ least, mostSeconds, example }: DurationLimits) {
  return (value: unknown): string | undefined => {
    const length = milliseconds(value);
    const right = `seconds or a string with a unit, ${least > 0 ? `at least ${least} ms` : '0 or more'}, such as ${example}`;
    if (typeof value === 'string' && /^\d{1,9}$/.test(value)) return `${right}; did you mean '${value}s'?`;
    if (length === undefined || length < least) return right;
    if (typeof value !== 'number' || value <= mostSeconds) return undefined;
    const guess = isShortAmount(value) ? `seconds: did you mean ${value / 1_000}? ` : `${right} `;
    return `${guess}(a longer time is written with its unit, such as '${Math.min(Math.ceil(value / 3_600), 9_999)}h')`;
  };
}

/** How long an outcome is kept where no option says, or where a computed `ttl` is not known. */
export const DEFAULT_TTL_MS = DAY_MS;

const LONGEST_MONTH_SECONDS = (31 * DAY_MS) / 1_000;

export const ttl = duration({ least: 1, mostSeconds: LONGEST_MONTH_SECONDS, example: "300 or '5m'" });

export const unresolvedTtl = duration({
  least: 60_000,
  mostSeconds: LONGEST_MONTH_SECONDS,
  example: "86400 or '7d'",
});

/** What is said of a computed ttl. A guess at what was meant would repeat what may be a part of the result. */
export const RIGHT_TTL = "a string with a unit, such as '5m', or seconds, at most those of a month";

/** Makes a computed ttl into milliseconds, where it is one. */
export function computedTtl(value: unknown): number | undefined {
  return ttl(value) === undefined ? milliseconds(value) : undefined;
}
