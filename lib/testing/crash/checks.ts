import { ConfigurationError } from '../../errors.js';
import type { Check } from '../../options/checked-options.js';
import { here } from './here.js';

/** Checks for a whole number within bounds. */
export function wholeNumber(least: number, most: number): Check {
  const expected = `a whole number, ${least} to ${most}`;
  return (value) =>
    Number.isInteger(value) && (value as number) >= least && (value as number) <= most ? undefined : expected;
}

/** Checks for a function. */
export function functionOf(expected = 'a function'): Check {
  return (value) => (typeof value === 'function' ? undefined : expected);
}

/** Checks for a bound in seconds, up to a day. */
export const seconds: Check = (value) =>
  typeof value === 'number' && value > 0 && value <= 86_400 ? undefined : 'a number of seconds, up to 86400';

export const seed = wholeNumber(0, 4_294_967_295);

/** @throws {ConfigurationError} for a test within another: each has the clocks and timers of the process to itself. */
export function checkNotWithin(where: string): void {
  if (here.getStore())
    throw new ConfigurationError(`${where} was called within a crash test; let each test make one`);
}
