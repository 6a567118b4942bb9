import { isGeneratorFunction } from 'node:util/types';
import { ConfigurationError } from '../errors.js';
import { type Duration, milliseconds } from '../options/duration.js';
import type { IdempotentOptions, OptionLevel } from '../options/options.js';
import { describeLateness, isLate } from '../options/synchronous.js';
import { amountOf, kindOf, kindOfData, quotedName, wrongOption } from '../options/wrong-option.js';
import { describeNameFault } from '../process/names/names.js';
import { classListCheck } from './class-lists.js';
import { checkTtl, checkUnresolvedTtl, durationCheck } from './duration-checks.js';
import { checkSelector } from './selector-check.js';

/** Returns what is expected instead of the value, or `undefined` if the value is valid. */
type Check = (value: unknown) => string | undefined;

function oneOf(...allowed: readonly unknown[]): Check {
  return (value) => (allowed.includes(value) ? undefined : `one of ${allowed.map(literal).join(', ')}`);
}

function literal(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : String(value);
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
  const candidate = value as Record<string, unknown> | null | undefined;
  const missing = ['claim', 'replace', 'find'].filter((method) => typeof candidate?.[method] !== 'function');
  return missing.length > 0
    ? `a PersistenceStore (this has no ${missing.join(', ')}), or a function (self) => store`
    : undefined;
}

function checkCodec(value: unknown): string | undefined {
  const candidate = value as Record<string, unknown> | null | undefined;
  const isCodec = typeof candidate?.encode === 'function' && typeof candidate?.decode === 'function';
  if (!isCodec) return 'an object with encode(value): string and decode(text): unknown';
  const expected = describeLateness(candidate.encode) ?? describeLateness(candidate.decode);
  return expected && `an object whose encode and decode are each ${expected}`;
}

function checkCount(value: unknown): string | undefined {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? undefined : 'a whole number, 0 or more';
}

const checks: Record<keyof IdempotentOptions, Check> = {
  key: checkSelector,
  ttl: orFunction(checkTtl, checkSynchronous),
  store: checkStoreOption,
  name: describeNameFault,
  scope: checkSelector,
  fingerprint: (value) => {
    if (value === true) return undefined;
    const expected = checkSelector(value);
    return expected && `true, or ${expected}`;
  },
  lease: durationCheck({ leastMs: 100, mostSeconds: 900, example: "30 or '30s'" }),
  renewFor: durationCheck({ leastMs: 100, mostSeconds: 86_400, example: "900 or '15m'" }),
  wait: durationCheck({ leastMs: 0, mostSeconds: 900, example: "10 or '250ms'" }),
  onAbandoned: orFunction(oneOf('run', 'refuse'), checkAsynchronous),
  unresolvedTtl: (value) => {
    const expected = value === 'until-resolved' ? undefined : checkUnresolvedTtl(value);
    return expected && `${expected}; or 'until-resolved'`;
  },
  remember: classListCheck('error classes'),
  onError: checkSynchronous,
  onStoreFailure: oneOf('throw', 'run'),
  mapReplay: checkAsynchronous,
  codec: checkCodec,
  classes: classListCheck('classes'),
  readFirst: oneOf(true, false),
  keepLocal: checkCount,
  clockTolerance: durationCheck({ leastMs: 0, mostSeconds: 60, example: "1 or '500ms'" }),
  enabled: oneOf(true, false),
};

/** A message may repeat a wrong value of these options: an amount is not a secret. */
const amountOptions: readonly string[] = [
  'ttl',
  'lease',
  'renewFor',
  'wait',
  'clockTolerance',
  'unresolvedTtl',
  'keepLocal',
];

/** The options that a level does not have. */
const absentOptions: Record<OptionLevel, readonly string[]> = {
  method: [],
  class: ['key'],
  process: ['key', 'name'],
};

/**
 * Checks the options of one level. `resolveSettings` checks what depends on several levels.
 *
 * @throws {ConfigurationError} for a wrong option. The message names it, the kind of its value, and what is expected.
 */
export function checkOptions(options: unknown, level: OptionLevel, where: string): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new ConfigurationError(
      `${where}: the options are ${kindOf(options)}; expected an object such as { ttl: 300 }`,
    );
  }
  for (const [option, value] of Object.entries(options)) {
    const check = Object.hasOwn(checks, option) ? checks[option as keyof typeof checks] : undefined;
    if (!check || absentOptions[level].includes(option)) throw unknownOption(where, level, option, value);
    if (value === undefined) continue;
    const expected = check(value);
    if (expected === undefined) continue;
    // The value may be a promise. `isLate` handles its rejection.
    isLate(value);
    throw wrongOption(where, option, value, expected, amountOptions.includes(option) ? amountOf : kindOf);
  }
  const { lease, renewFor } = options as IdempotentOptions;
  if (lease !== undefined && renewFor !== undefined) checkLease(where, lease, renewFor);
}

function unknownOption(
  where: string,
  level: OptionLevel,
  option: string,
  value: unknown,
): ConfigurationError {
  const known = Object.keys(checks).filter((name) => !absentOptions[level].includes(name));
  const atLevel = Object.hasOwn(checks, option) ? ` at ${level} level` : '';
  return new ConfigurationError(
    `${where}: there is no option ${quotedName(option)}${atLevel} (it is ${kindOf(value)}); the options are ${known.join(', ')}`,
  );
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
  if (isLate(value))
    throw wrongOption(where, 'store', value, 'a synchronous function that returns a store', returned);
  const expected = typeof value === 'function' ? 'a PersistenceStore' : checkStoreOption(value);
  if (expected !== undefined) throw wrongOption(where, 'store', value, expected, returned);
}

function returned(value: unknown): string {
  return `a function that returned ${kindOfData(value)}`;
}
