import { isGeneratorFunction } from 'node:util/types';
import { checkedOptions } from '../options/checked-options.js';
import { checkCodec } from '../options/codec-check.js';
import { type Duration, milliseconds } from '../options/duration.js';
import type { IdempotentOptions, OptionLevel, ProcessOptions } from '../options/options.js';
import { methodsMissing, STORE_METHODS } from '../options/store-methods.js';
import { describeLateness, isLate } from '../options/synchronous.js';
import { amountOf, kindOfData, wrongOption } from '../options/wrong-option.js';
import { describeNameFault } from '../process/names/names.js';
import { classListCheck } from './class-lists.js';
import { checkTtl, checkUnresolvedTtl, durationCheck } from './duration-checks.js';
import { checkSelector } from './selector-check.js';

type Check = (value: unknown) => string | undefined;

function oneOf(...allowed: readonly unknown[]): Check {
  const shown = allowed.map((value) => (typeof value === 'string' ? `'${value}'` : value));
  return (value) => (allowed.includes(value) ? undefined : `one of ${shown.join(', ')}`);
}

/** Allows a function, which `checkFunction` checks, beside the values that `checkValue` allows. */
function orFunction(checkValue: Check, checkFunction: Check): Check {
  return (value) => {
    if (typeof value === 'function') return checkFunction(value);
    const expected = checkValue(value);
    return expected && `${expected}; or a function`;
  };
}

function checkSynchronous(value: unknown): string | undefined {
  return typeof value === 'function' ? describeLateness(value) : 'a function';
}

/** The function may return a promise, but no iterator. */
function checkAsynchronous(value: unknown): string | undefined {
  if (typeof value !== 'function') return 'a function';
  return isGeneratorFunction(value) ? describeLateness(value) : undefined;
}

function checkStoreOption(value: unknown): string | undefined {
  if (typeof value === 'function') return describeLateness(value);
  const missing = methodsMissing(value, STORE_METHODS);
  return missing.length > 0
    ? `a PersistenceStore (this has no ${missing.join(', ')}), or a function (self) => store`
    : undefined;
}

const checks: Record<keyof IdempotentOptions | keyof ProcessOptions, Check> = {
  key: checkSelector,
  ttl: orFunction(checkTtl, checkSynchronous),
  store: checkStoreOption,
  name: describeNameFault,
  scope: checkSelector,
  fingerprint(value) {
    if (value === true) return undefined;
    const expected = checkSelector(value);
    return expected && `true, or ${expected}`;
  },
  lease: durationCheck({ leastMs: 100, mostSeconds: 900, example: "30 or '30s'" }),
  renewFor: durationCheck({ leastMs: 100, mostSeconds: 86_400, example: "900 or '15m'" }),
  wait: durationCheck({ leastMs: 0, mostSeconds: 900, example: "10 or '250ms'" }),
  onAbandoned: orFunction(oneOf('run', 'refuse'), checkAsynchronous),
  maxAttempts(value) {
    return Number.isSafeInteger(value) && (value as number) >= 1 ? undefined : 'a whole number, 1 or more';
  },
  unresolvedTtl(value) {
    const expected = value === 'until-resolved' ? undefined : checkUnresolvedTtl(value);
    return expected && `${expected}; or 'until-resolved'`;
  },
  remember: classListCheck('error classes'),
  onError: checkSynchronous,
  describeError: checkSynchronous,
  runtime: orFunction(
    (value) =>
      value === false || (typeof value === 'string' && value !== '' && value.length <= 200)
        ? undefined
        : 'a text of 1 to 200 characters, or false',
    checkSynchronous,
  ),
  onStoreFailure: oneOf('throw', 'run'),
  mapReplay: checkAsynchronous,
  redact: checkSynchronous,
  codec: checkCodec,
  classes: classListCheck('classes'),
  readFirst: oneOf(true, false),
  keepLocal(value) {
    return Number.isSafeInteger(value) && (value as number) >= 0 ? undefined : 'a whole number, 0 or more';
  },
  clockTolerance: durationCheck({ leastMs: 0, mostSeconds: 60, example: "1 or '500ms'" }),
  enabled: oneOf(true, false),
};

/** A message may repeat a wrong value of these options: an amount is not a secret. */
const amountOptions = 'ttl lease renewFor wait clockTolerance unresolvedTtl keepLocal maxAttempts'.split(' ');

/** The options that a level does not have. */
const absentOptions: Record<OptionLevel, readonly string[]> = {
  method: ['runtime'],
  class: ['key', 'runtime'],
  process: ['key', 'name'],
};

/**
 * Checks the options of one level. `resolveSettings` checks what depends on several levels.
 *
 * @throws {ConfigurationError} for a wrong option. The message names it, the kind of its value, and what is expected.
 */
export function checkOptions(options: unknown, level: OptionLevel, where: string): void {
  const { lease, renewFor }: IdempotentOptions = checkedOptions(where, options, {
    checks: Object.fromEntries(
      Object.entries(checks).filter(([option]) => !absentOptions[level].includes(option)),
    ),
    example: 'an object such as { ttl: 300 }',
    shown: (option) => (amountOptions.includes(option) ? amountOf : undefined),
    elsewhere: (option) => (Object.hasOwn(checks, option) ? ` at ${level} level` : ''),
  });
  if (lease !== undefined && renewFor !== undefined) checkLease(where, lease, renewFor);
}

/**
 * Checks that a lease is not longer than the time for which it is renewed.
 *
 * @throws {ConfigurationError}
 */
export function checkLease(where: string, lease: Duration, renewFor: Duration): void {
  if ((milliseconds(lease) as number) <= (milliseconds(renewFor) as number)) return;
  throw wrongOption(
    where,
    'lease',
    lease,
    `no longer than renewFor, which is ${amountOf(renewFor)}`,
    amountOf,
  );
}

/**
 * Checks what a `store` function returned. The message names its kind only: it may be data of the instance.
 *
 * @throws {ConfigurationError} if it is not a store.
 */
export function checkStore(where: string, value: unknown): void {
  let expected = typeof value === 'function' ? 'a PersistenceStore' : checkStoreOption(value);
  if (isLate(value)) expected = 'a synchronous function that returns a store';
  if (expected === undefined) return;
  throw wrongOption(where, 'store', value, expected, () => `a function that returned ${kindOfData(value)}`);
}
