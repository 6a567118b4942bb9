import { classList } from './class-lists.js';
import { type Duration, milliseconds } from './duration.js';
import { ConfigurationError } from './errors.js';
import { compileExpression } from './expression.js';
import { describeNameFault } from './names.js';
import type { IdempotentOptions, OptionLevel } from './options.js';
import { show, wrongOption } from './wrong-option.js';

/** Answers with what would be right, or nothing where the value is right. */
type Check = (value: unknown) => string | undefined;

interface DurationLimits {
  /** In milliseconds. */
  readonly least: number;
  /** The largest bare number, in seconds, that can still be meant as seconds. */
  readonly mostSeconds: number;
  readonly example: string;
}

function duration({ least, mostSeconds, example }: DurationLimits): Check {
  return (value) => {
    const length = milliseconds(value);
    const right = `seconds or a string with a unit, ${least > 0 ? `at least ${least} ms` : '0 or more'}, such as ${example}`;
    if (typeof value === 'string' && /^\d+$/.test(value)) return `${right}; did you mean '${value}s'?`;
    if (length === undefined || length < least) return right;
    if (typeof value === 'number' && value > mostSeconds) {
      return `seconds: did you mean ${value / 1_000}? (a longer time is written with its unit, such as '${Math.ceil(value / 3_600)}h')`;
    }
    return undefined;
  };
}

const MONTH_IN_SECONDS = 2_678_400;
const ttl = duration({ least: 1, mostSeconds: MONTH_IN_SECONDS, example: "300 or '5m'" });

function oneOf(...allowed: readonly unknown[]): Check {
  return (value) => (allowed.includes(value) ? undefined : `one of ${allowed.map(show).join(', ')}`);
}

function orFunction(check: Check): Check {
  return (value) => {
    if (typeof value === 'function') return undefined;
    const right = check(value);
    return right && `${right}; or a function`;
  };
}

function func(value: unknown): string | undefined {
  return typeof value === 'function' ? undefined : 'a function';
}

function selector(value: unknown): string | undefined {
  if (typeof value === 'function') {
    return value.constructor.name === 'AsyncFunction'
      ? 'a synchronous function: a key must be known before anything can wait'
      : undefined;
  }
  if (typeof value !== 'string')
    return "a JMESPath expression such as 'body.id', or a function of the arguments";
  return compileExpression(value).fault;
}

function store(value: unknown): string | undefined {
  if (typeof value === 'function') return undefined;
  const candidate = value as Record<string, unknown> | null | undefined;
  const missing = ['claim', 'replace', 'find'].filter((step) => typeof candidate?.[step] !== 'function');
  return missing.length > 0
    ? `a PersistenceStore (this has no ${missing.join(', ')}), or a function (self) => store`
    : undefined;
}

function codec(value: unknown): string | undefined {
  const candidate = value as Record<string, unknown> | null | undefined;
  const isCodec = typeof candidate?.encode === 'function' && typeof candidate?.decode === 'function';
  return isCodec ? undefined : 'an object with encode(value): string and decode(text): unknown';
}

function count(value: unknown): string | undefined {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? undefined : 'a whole number, 0 or more';
}

const checks: Record<keyof IdempotentOptions, Check> = {
  key: selector,
  ttl: orFunction(ttl),
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
  onAbandoned: orFunction(oneOf('run', 'refuse')),
  remember: classList('error classes'),
  onError: func,
  onStoreFailure: oneOf('throw', 'run'),
  mapReplay: func,
  codec,
  classes: classList('classes'),
  readFirst: oneOf(true, false),
  keepLocal: count,
  clockTolerance: duration({ least: 0, mostSeconds: 60, example: "1 or '500ms'" }),
  enabled: oneOf(true, false),
};

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
      `${where}: the options are ${show(options)}; right would be an object such as { ttl: 300 }`,
    );
  }
  for (const [option, value] of Object.entries(options)) {
    const check = Object.hasOwn(checks, option) ? checks[option as keyof typeof checks] : undefined;
    if (!check || absent[level].includes(option)) {
      const known = Object.keys(checks).filter((name) => !absent[level].includes(name));
      throw new ConfigurationError(
        `${where}: there is no option "${option}"${check ? ` at ${level} level` : ''} (it is ${show(value)}); the options are ${known.join(', ')}`,
      );
    }
    if (value === undefined) continue;
    const right = check(value);
    if (right !== undefined) throw wrongOption(where, option, value, right);
  }
  const { lease, renewFor } = options as IdempotentOptions;
  if (lease !== undefined && renewFor !== undefined) checkLease(where, lease, renewFor);
}

/** Refuses a lease that ends after its last renewal. */
export function checkLease(where: string, lease: Duration, renewFor: Duration): void {
  if ((milliseconds(lease) as number) <= (milliseconds(renewFor) as number)) return;
  throw wrongOption(where, 'lease', lease, `no longer than renewFor, which is ${show(renewFor)}`);
}

/** Refuses what a `store` function answered with where it is no store. What it is may be the instance's own data. */
export function checkStore(where: string, value: unknown): void {
  const right = typeof value === 'function' ? 'a PersistenceStore' : store(value);
  if (right === undefined) return;
  throw wrongOption(where, 'store', value, right, (it) =>
    it == null ? `${it}` : `a value of type ${typeof it}`,
  );
}

/**
 * Makes a computed ttl into milliseconds, or says what would be right. A guess at what was meant would repeat what may be
 * a part of the result.
 */
export function computedTtl(value: unknown): { readonly length: number } | { readonly right: string } {
  return ttl(value) === undefined
    ? { length: milliseconds(value) as number }
    : { right: "a string with a unit, such as '5m', or seconds, at most those of a month" };
}
