import { type Check, checkedOptions } from '../../options/checked-options.js';
import { checkNotWithin, functionOf, seconds, seed, wholeNumber } from './checks.js';
import type { CrashTestOptions } from './crash-options.js';
import { planOf } from './plan.js';

const isFunction = (value: unknown) => typeof value === 'function';

const checks: Readonly<Record<keyof CrashTestOptions<unknown>, Check>> = {
  setUp: functionOf('a function that makes the service, as in ({ store, effect }) => ({ service, ledger })'),
  start: functionOf(),
  calls: (value) =>
    Array.isArray(value) && value.length > 0 && value.every(isFunction)
      ? undefined
      : 'a list of functions of which each makes one call, as in [({ service }) => service.placeHold(request)]',
  invariant: functionOf(
    'a function that throws where something is wrong, as in ({ ledger }) => assert.equal(ledger.length, 1)',
  ),
  always: functionOf(),
  store: functionOf(),
  tearDown: functionOf(),
  faults: wholeNumber(0, 5),
  switches: wholeNumber(0, 100),
  histories: wholeNumber(1, 10_000_000),
  seconds,
  deliveries: wholeNumber(1, 100),
  seed,
  diagram: (value) => (typeof value === 'boolean' ? undefined : 'true or false'),
  repeat: (value) =>
    typeof value === 'string' && planOf(value) !== undefined
      ? undefined
      : "what the message of a failure said, such as '3:1 7:4'",
};

/**
 * Checks the options of a crash test before anything runs.
 *
 * @throws {ConfigurationError} for one that is wrong, missing or unknown, and for a crash test within another.
 */
export function checkCrashOptions(options: unknown): void {
  checkNotWithin('crashTest');
  checkedOptions('crashTest', options, { checks, required: ['setUp', 'calls', 'invariant'] });
}
