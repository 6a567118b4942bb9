import type { PreparedCall } from '../engine/driver/prepared-call.js';
import type { Resolution } from '../engine/machine/state.js';
import { ConfigurationError } from '../errors.js';
import { type Check, checkedOptions } from '../options/checked-options.js';
import { type Duration, milliseconds } from '../options/duration.js';
import { amountOf } from '../options/wrong-option.js';
import { LONGEST_REASON } from '../outcome/outcome.js';
import type { StoredOutcome } from '../record/record.js';
import { checkTtl, DEFAULT_TTL_MS } from '../settings/duration-checks.js';

/** Who decides about a record, and why. The record keeps it, and the event `resolved` tells it. */
export interface ResolvedBy {
  /** Who decides, at most 200 characters. Default: what the option `runtime` says of this process. */
  readonly by?: string;
  /** Why, at most 200 characters: a ticket, for example. Default: none. */
  readonly reason?: string;
  /** The `token` of the view that was decided upon: a record that has another one by now is left alone. Default: any. */
  readonly token?: string;
  /** Whether the key is taken even from a running call. That call then ends with a `ClaimLostError`. Default: `false`. */
  readonly force?: boolean;
}

/** How `forget` frees a key. */
export type ForgetOptions = ResolvedBy;

/** What an operator decides about a key whose outcome is not known. */
export type ResolveOptions = ResolvedBy &
  (
    | {
        /** Equal calls get this value, as if the method had returned it. It is not given to `redact`, which needs the arguments. */
        readonly as: 'value';
        readonly value: unknown;
        /** How long it is kept. Default: the operation's `ttl` where that is fixed, otherwise a day. */
        readonly ttl?: Duration;
      }
    /** The next equal call runs the method. It counts as another attempt at the same request. */
    | { readonly as: 'run-again' }
    | {
        /** Equal calls get an `OutcomeUnavailableError` that says who decided it, when and why. */
        readonly as: 'refuse';
        /** For how long. Default: the operation's `ttl` where that is fixed, otherwise a day. */
        readonly ttl?: Duration;
      }
  );

/** A record keeps no longer text of an operator. */
const LONGEST_TEXT = 200;

const ofAll: Readonly<Record<keyof ResolvedBy, Check>> = {
  by: isText,
  reason: isText,
  token: (value) => (typeof value === 'string' ? undefined : 'the `token` of a view'),
  force: (value) => (typeof value === 'boolean' ? undefined : 'true or false'),
};

/** The options of each decision. */
const ofDecision: Readonly<Record<ResolveOptions['as'], Readonly<Record<string, Check>>>> = {
  value: { value: () => undefined, ttl: checkTtl },
  'run-again': {},
  refuse: { ttl: checkTtl },
};

function isText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' && value.length <= LONGEST_TEXT
    ? undefined
    : `a text of 1 to ${LONGEST_TEXT} characters`;
}

/**
 * Returns what `forget` decides.
 *
 * @throws {ConfigurationError} for a wrong option: a guess at its meaning could take the key from a running call.
 */
export function forgetting(operation: string, options: ForgetOptions): Resolution {
  const example = 'forget() or forget({ force: true })';
  checkedOptions(`${operation}: forget()`, options, { checks: ofAll, example });
  return { ...decided(options), as: 'forgotten' };
}

/**
 * Returns what `resolve` decides.
 *
 * @throws {ConfigurationError} for a wrong option, or a value that cannot be stored.
 */
export function resolving(call: PreparedCall, options: ResolveOptions): Resolution {
  const where = `${call.operation}: resolve()`;
  const example = "an object such as { as: 'run-again', reason: 'INC-7' }";
  const { as } = Object(options) as Partial<ResolveOptions>;
  // What is no text would be made one here, which may throw or take long.
  const known = typeof as === 'string' && Object.hasOwn(ofDecision, as) ? as : undefined;
  const decisions = Object.keys(ofDecision).map((name) => `'${name}'`);
  const checks: Readonly<Record<string, Check>> = {
    as: () => (known ? undefined : `one of ${decisions.join(', ')}`),
    ...ofAll,
    ...(known && ofDecision[known]),
  };
  const required = as === 'value' ? ['as', 'value'] : ['as'];
  checkedOptions(where, options, {
    checks,
    required,
    example,
    shown: (option) => (option === 'ttl' ? amountOf : undefined),
    elsewhere: () => (known ? ` beside as: '${known}'` : ''),
  });
  if (options.as === 'run-again') return { ...decided(options), as: options.as };
  return {
    ...decided(options),
    as: options.as,
    outcome: outcomeOf(where, call, options),
    ttlMs: ttlOf(call, options),
  };
}

function decided({ force = false, token, reason }: ResolvedBy): Omit<Resolution, 'as'> {
  return { isForced: force, token, reason, outcome: undefined, ttlMs: 0 };
}

type WithOutcome = Exclude<ResolveOptions, { readonly as: 'run-again' }>;

function outcomeOf(where: string, call: PreparedCall, options: WithOutcome): StoredOutcome {
  if (options.as === 'refuse') {
    const { by = call.by, reason } = options;
    const who = by === undefined ? '' : ` by ${by}`;
    const why = reason === undefined ? '' : ` (${reason})`;
    const said = `it was refused${who} at ${new Date(Date.now()).toISOString()}${why}`;
    return { kind: 'none', reason: said.slice(0, LONGEST_REASON) };
  }
  const outcome = call.settings.format.encodeValue(options.value, call);
  if (outcome.kind !== 'none') return outcome;
  throw new ConfigurationError(`${where}: option "value" cannot be stored: ${outcome.reason}`, {
    operation: call.operation,
    key: call.key,
  });
}

function ttlOf({ settings }: PreparedCall, { ttl }: WithOutcome): number {
  if (ttl !== undefined) return milliseconds(ttl) as number;
  return typeof settings.ttl === 'number' ? settings.ttl : DEFAULT_TTL_MS;
}
