import { isGeneratorFunction } from 'node:util/types';
import { ConfigurationError } from '../errors.js';
import { type Duration, milliseconds } from '../options/duration.js';
import type { IdempotentOptions, OptionLevel } from '../options/options.js';
import { describeLateness, isLate } from '../options/synchronous.js';
import { amountOf, answerKind, kindOf, quotedName, wrongOption } from '../options/wrong-option.js';
import { describeNameFault } from '../process/names/names.js';
import { classList } from './class-lists.js';
import { duration, ttl, unresolvedTtl } from './duration-checks.js';
import { selector } from './selector-check.js';

/** Answers with what would be right, or nothing where the value is right. */
type Check = (value: unknown) => string | undefined;

function oneOf(...allowed: readonly unknown[]): Check {
  return (value) => (allowed.includes(value) ? undefined : `one of ${allowed.map(literal).join(', ')}`);
}

function literal(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : String(value);
}

/** `fault` says what is wrong with a function, if anything. */
function orFunction(check: Check, fault: Check): Check {
  return (value) => {
    if (typeof value === 'function') return fault(value);
    const right = check(value);
    return right && `${right}; or a function`;
  };
}

function synchronous(value: unknown): string | undefined {
  return typeof value === 'function' ? describeLateness(value) : 'a function';
}

/** A function that may answer with a promise, and with no iterator. */
function asked(value: unknown): string | undefined {
  if (typeof value !== 'function') return 'a function';
  return isGeneratorFunction(value) ? describeLateness(value) : undefined;
}

function store(value: unknown): string | undefined {
  if (typeof value === 'function') return describeLateness(value);
  const candidate = value as Record<string, unknown> | null | undefined;
  const missing = ['claim', 'replace', 'find'].filter((step) => typeof candidate?.[step] !== 'function');
  return missing.length > 0
    ? `a PersistenceStore (this has no ${missing.join(', ')}), or a function (self) => store`
    : undefined;
}

function codec(value: unknown): string | undefined {
  const candidate = value as Record<string, unknown> | null | undefined;
  const isCodec = typeof candidate?.encode === 'function' && typeof candidate?.decode === 'function';
  if (!isCodec) return 'an object with encode(value): string and decode(text): unknown';
  const late = describeLateness(candidate.encode) ?? describeLateness(candidate.decode);
  return late && `an object whose encode and decode are each ${late}`;
}

function count(value: unknown): string | undefined {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? undefined : 'a whole number, 0 or more';
}

const checks: Record<keyof IdempotentOptions, Check> = {
  key: selector,
  ttl: orFunction(ttl, synchronous),
  store,
  name: describeNameFault,
  scope: selector,
  fingerprint: (value) => {
    if (value === true) return undefined;
    const right = selector(value);
    return right && `true, or ${right}`;
  },
  lease: duration({ least: 100, mostSeconds: 900, example: "30 or '30s'" }),
  renewFor: duration({ least: 100, mostSeconds: 86_400, example: "900 or '15m'" }),
  wait: duration({ least: 0, mostSeconds: 900, example: "10 or '250ms'" }),
  onAbandoned: orFunction(oneOf('run', 'refuse'), asked),
  unresolvedTtl: (value) => {
    const right = value === 'until-resolved' ? undefined : unresolvedTtl(value);
    return right && `${right}; or 'until-resolved'`;
  },
  remember: classList('error classes'),
  onError: synchronous,
  onStoreFailure: oneOf('throw', 'run'),
  mapReplay: asked,
  codec,
  classes: classList('classes'),
  readFirst: oneOf(true, false),
  keepLocal: count,
  clockTolerance: duration({ least: 0, mostSeconds: 60, example: "1 or '500ms'" }),
  enabled: oneOf(true, false),
};

/** The options whose wrong value may be repeated: an amount is no secret. */
const amounts: readonly string[] = [
  'ttl',
  'lease',
  'renewFor',
  'wait',
  'clockTolerance',
  'unresolvedTtl',
  'keepLocal',
];

const absent: Record<OptionLevel, readonly string[]> = {
  method: [],
  class: ['key'],
  process: ['key', 'name'],
};

/**
 * Refuses wrong options of one level; what only the layers together can show is left to `resolveSettings`.
 *
 * @throws {ConfigurationError} naming the option, its value and what would be right.
 */
export function checkOptions(options: unknown, level: OptionLevel, where: string): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new ConfigurationError(
      `${where}: the options are ${kindOf(options)}; right would be an object such as { ttl: 300 }`,
    );
  }
  for (const [option, value] of Object.entries(options)) {
    const check = Object.hasOwn(checks, option) ? checks[option as keyof typeof checks] : undefined;
    if (!check || absent[level].includes(option)) {
      const known = Object.keys(checks).filter((name) => !absent[level].includes(name));
      throw new ConfigurationError(
        `${where}: there is no option ${quotedName(option)}${check ? ` at ${level} level` : ''} (it is ${kindOf(value)}); the options are ${known.join(', ')}`,
      );
    }
    if (value === undefined) continue;
    const right = check(value);
    if (right === undefined) continue;
    // One that was given in place of what it resolves to.
    isLate(value);
    throw wrongOption(where, option, value, right, amounts.includes(option) ? amountOf : kindOf);
  }
  const { lease, renewFor } = options as IdempotentOptions;
  if (lease !== undefined && renewFor !== undefined) checkLease(where, lease, renewFor);
}

/** Refuses a lease that ends after its last renewal. */
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

/** Refuses what a `store` function answered with where it is no store. What it is may be the instance's own data. */
export function checkStore(where: string, value: unknown): void {
  if (isLate(value))
    throw wrongOption(where, 'store', value, 'a function that answers with a store at once', answered);
  const right = typeof value === 'function' ? 'a PersistenceStore' : store(value);
  if (right !== undefined) throw wrongOption(where, 'store', value, right, answered);
}

function answered(value: unknown): string {
  return `a function that answered with ${answerKind(value)}`;
}
