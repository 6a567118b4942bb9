import { ConfigurationError, IdempotencyError, KeyError } from '../errors.js';
import type { IdempotentOptions, Selector } from '../options/options.js';
import { hearPromisesIn, isLate } from '../options/synchronous.js';
import { warnOnce } from '../process/warnings.js';
import { isLambdaContext } from '../request/events/lambda.js';
import { decodedEvent, goodKeyOf, recordsOf } from '../request/events/lambda-events.js';
import { eventIn } from '../request/events/whole-events.js';
import { compileExpression } from '../request/expression/expression.js';
import { MissingPart } from '../request/expression/jmespath.js';
import { thrownKind } from '../settings/asked-option.js';
import { isPlain } from '../values/class-facts.js';
import type { KeptClasses } from '../values/kept-classes.js';
import { ObjectsWithin } from '../values/objects-within.js';
import { canonicalText } from './canonical.js';
import { sha256 } from './digest.js';

/** What tells one call of an operation from another. */
export interface Identity {
  readonly key: string;
  readonly fingerprint?: string;
}

type AnySelector = Selector<unknown, readonly unknown[]>;

/**
 * Finds key and fingerprint of a call, before the method can change its arguments.
 *
 * @throws {KeyError} where key or scope selects nothing, or something that cannot be told apart from another.
 * Also where it is a whole Lambda event, and no context is among the arguments: a sender may imitate an event.
 * @throws {ConfigurationError} where a handler's key is a whole Lambda event.
 */
export function identify(
  operation: string,
  {
    key,
    scope,
    fingerprint,
    kept,
  }: Pick<IdempotentOptions, 'key' | 'scope' | 'fingerprint'> & { readonly kept: KeptClasses },
  self: unknown,
  args: readonly unknown[],
): Identity {
  const call: SelectedCall = { operation, self, args };
  const selected = reading(call, 'key', () =>
    key === undefined ? allArguments(call, 'key') : required(call, 'key', key),
  );
  const owner = scope === undefined ? null : reading(call, 'scope', () => required(call, 'scope', scope));
  // What came with the request is its sender's to await; what a function of ours put together is nobody's.
  const isSelectedBy = (option: string) => typeof { key, scope, fingerprint }[option as 'key'] === 'function';
  const text = (option: string, value: unknown) =>
    reading(call, option, () =>
      canonicalText(value, kept, (path, why) => {
        if (isSelectedBy(option)) hearPromisesIn(value);
        throw new KeyError(
          `${operation}: what \`${option}\` selects ${path && `has a part at ${path} that `}${why}, so two calls could not be told apart; let \`${option}\` select the parts that matter`,
          { operation },
        );
      }),
    );
  const digest = sha256(
    `[${JSON.stringify(operation)},${text('scope', owner)},${text('key', selected)}]`,
    'hex',
  );
  const identity = { key: `${operation}#${digest}` };
  if (fingerprint === undefined) return identity;
  const mark = reading(call, 'fingerprint', () => {
    if (fingerprint === true) return allArguments(call, 'fingerprint');
    const { value, from } = select(call, 'fingerprint', fingerprint);
    refuseEvent(call, 'fingerprint', value, new ObjectsWithin(from));
    return value;
  });
  if (mark === undefined || mark === null) {
    warnOnce(
      `fingerprint:${operation}`,
      'RETRYSAFE_EMPTY_FINGERPRINT',
      `${operation}: option "fingerprint" selects nothing of a call, so nothing is compared between it and its duplicates; if that is no optional part, correct the option`,
    );
  }
  return { ...identity, fingerprint: sha256(text('fingerprint', mark), 'base64url') };
}

interface SelectedCall {
  readonly operation: string;
  readonly self: unknown;
  readonly args: readonly unknown[];
  /** The first argument, decoded, once an expression has asked for it. */
  decoded?: unknown;
}

// A request may have getters, proxies or buffers that were sent away: whatever reading it throws, the key is at fault.
function reading<T>(call: SelectedCall, option: string, read: () => T): T {
  const { operation } = call;
  try {
    return read();
  } catch (error) {
    if (error instanceof IdempotencyError) throw error;
    throw new KeyError(
      `${operation}: \`${option}\` cannot be selected from this call: reading it threw ${thrownKind(error)}, which is this error's \`cause\`; send what it selects, or correct \`${option}\``,
      { operation, cause: error },
    );
  }
}

// A context is another with every delivery.
function allArguments(call: SelectedCall, option: string): readonly unknown[] {
  const payload = call.args.filter((argument) => !isLambdaContext(argument));
  for (const argument of payload) {
    const parts = Array.isArray(argument) ? Object.values(argument) : [argument];
    const event = parts.find((part) => goodKeyOf(part) !== undefined);
    if (event !== undefined) throw wholeEvent(call, option, event);
  }
  return payload;
}

function refuseEvent(call: SelectedCall, option: string, value: unknown, request: ObjectsWithin): void {
  if (typeof value !== 'object') return;
  const event = eventIn(value, request, new ObjectsWithin(call.args, recordsOf));
  if (event !== undefined) throw wholeEvent(call, option, event);
}

function wholeEvent({ operation, args }: SelectedCall, option: string, event: unknown): IdempotencyError {
  const [first] = args;
  const ofFirst = goodKeyOf(first);
  const goodKey = Array.isArray(first) ? `[].${goodKeyOf(event)}` : (ofFirst ?? goodKeyOf(event));
  const message = `${operation}: option "${option}" is a whole Lambda event, which differs with every delivery; expected the part that identifies the request, such as { key: '${goodKey}' }`;
  // Lambda alone hands over an event with a context. Otherwise it may be a sender that imitates one.
  const isHandler = args.some(isLambdaContext) && (Array.isArray(first) || ofFirst !== undefined);
  return isHandler ? new ConfigurationError(message, { operation }) : new KeyError(message, { operation });
}

function required(call: SelectedCall, option: 'key' | 'scope', selector: AnySelector): unknown {
  const { value, from } = select(call, option, selector);
  const request = new ObjectsWithin(from);
  if (selectsNothing(value, request)) throw nothingSelected(call, option, selector);
  refuseEvent(call, option, value, request);
  return value;
}

function nothingSelected(
  { operation, args: [first] }: SelectedCall,
  option: string,
  selector: AnySelector,
): KeyError {
  const looked =
    typeof selector === 'string'
      ? `; the expression ${selector} looks into the first argument, which is ${first === null ? 'null' : `of type ${typeof first}`}`
      : '';
  return new KeyError(
    `${operation}: \`${option}\` selects nothing, or a part of it does${looked}. Without a value two different requests would share one outcome: send the value, or correct \`${option}\``,
    { operation },
  );
}

function select(
  call: SelectedCall,
  option: string,
  selector: AnySelector,
): { readonly value: unknown; readonly from: unknown } {
  const { self, args } = call;
  if (typeof selector === 'function') {
    const value = selector.apply(self, args as unknown[]);
    if (!isLate(value)) return { value, from: args };
    throw new TypeError('it returns a promise; a key must be known before anything can wait');
  }
  const { expression } = compileExpression(selector, {
    parts: option === 'fingerprint' ? 'optional' : 'required',
  });
  if (!expression?.decodesByItself) call.decoded ??= decodedEvent(args[0]);
  const from = expression?.decodesByItself ? args[0] : call.decoded;
  const parsed: unknown[] = [];
  try {
    const value = expression?.select(from, (one) => parsed.push(one));
    // What a text in the request says came with the request, too.
    return { value, from: parsed.length > 0 ? [from, ...parsed] : from };
  } catch (error) {
    if (error instanceof MissingPart) throw nothingSelected(call, option, selector);
    throw error;
  }
}

// A list or hash that the selection itself put together is a key of several parts, and each of them must be there;
// one that came with the request is a value, whatever is in it.
function selectsNothing(value: unknown, request: ObjectsWithin, seen = new Set<object>()): boolean {
  if (value === undefined || value === null || value === '') return true;
  if (typeof value !== 'object' || seen.has(value)) return false;
  seen.add(value);
  if (value instanceof Map || value instanceof Set) return value.size === 0;
  if (!Array.isArray(value) && !isPlain(value)) return false;
  const parts = Object.values(value);
  // A property that is `undefined` is an absent one, but in an object that the selection put together it is a missing part.
  if (Array.isArray(value) ? parts.length === 0 : parts.every((part) => part === undefined)) return true;
  // Most keys of several parts are texts and numbers, for which the request need not be looked through.
  if (parts.every((part) => typeof part !== 'object' && part !== undefined && part !== '')) return false;
  return !request.has(value) && parts.some((part) => selectsNothing(part, request, seen));
}
