import { isPromise } from 'node:util/types';
import { canonicalText } from './canonical.js';
import { isPlain } from './class-facts.js';
import { sha256 } from './digest.js';
import { ConfigurationError, IdempotencyError, KeyError } from './errors.js';
import { compileExpression } from './expression.js';
import { MissingPart } from './jmespath.js';
import { decodedEvent, isLambdaContext, isLambdaEvent } from './lambda.js';
import { ObjectsWithin } from './objects-within.js';
import type { IdempotentOptions, Selector } from './options.js';
import { warnOnce } from './warnings.js';

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
 * @throws {ConfigurationError} where the key is a whole Lambda event.
 */
export function identify(
  operation: string,
  { key, scope, fingerprint }: Pick<IdempotentOptions, 'key' | 'scope' | 'fingerprint'>,
  self: unknown,
  args: readonly unknown[],
): Identity {
  const call: SelectedCall = { operation, self, args };
  const selected = reading(call, 'key', () =>
    key === undefined ? allArguments(call, 'key') : required(call, 'key', key),
  );
  const owner = scope === undefined ? null : reading(call, 'scope', () => required(call, 'scope', scope));
  const text = (option: string, value: unknown) =>
    reading(call, option, () =>
      canonicalText(value, (path, why) => {
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
    const value =
      fingerprint === true
        ? allArguments(call, 'fingerprint')
        : select(call, 'fingerprint', fingerprint).value;
    refuseEvent(operation, 'fingerprint', value);
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
}

// A request may have getters, proxies or buffers that were sent away: whatever reading it throws, the key is at fault.
function reading<T>(call: SelectedCall, option: string, read: () => T): T {
  const { operation } = call;
  try {
    return read();
  } catch (error) {
    if (error instanceof IdempotencyError) throw error;
    throw new KeyError(
      `${operation}: \`${option}\` cannot be selected from this call, for the reason that is this error's \`cause\`; send what it selects, or correct \`${option}\``,
      { operation, cause: error },
    );
  }
}

// A context is another with every delivery.
function allArguments({ operation, args }: SelectedCall, option: string): readonly unknown[] {
  const payload = args.filter((argument) => !isLambdaContext(argument));
  for (const argument of payload) refuseEvent(operation, option, argument);
  return payload;
}

function refuseEvent(operation: string, option: string, value: unknown): void {
  // A list may be mostly holes.
  const isEvent = Array.isArray(value) ? Object.values(value).some(isLambdaEvent) : isLambdaEvent(value);
  if (!isEvent) return;
  throw new ConfigurationError(
    `${operation}: option "${option}" is a whole Lambda event, which differs with every delivery; right would be the part that identifies the request, such as { key: 'body.id' }`,
    { operation },
  );
}

function required(call: SelectedCall, option: 'key' | 'scope', selector: AnySelector): unknown {
  const { value, from } = select(call, option, selector);
  if (selectsNothing(value, new ObjectsWithin(from))) throw nothingSelected(call, option, selector);
  refuseEvent(call.operation, option, value);
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
  { operation, self, args }: SelectedCall,
  option: string,
  selector: AnySelector,
): { readonly value: unknown; readonly from: unknown } {
  if (typeof selector === 'function') {
    const value = selector.apply(self, args as unknown[]);
    if (!isPromise(value)) return { value, from: args };
    value.catch(() => {});
    throw new TypeError('it returns a promise; a key must be known before anything can wait');
  }
  const { expression } = compileExpression(selector, {
    parts: option === 'fingerprint' ? 'optional' : 'required',
  });
  const from = expression?.decodesByItself ? args[0] : decodedEvent(args[0]);
  try {
    return { value: expression?.select(from), from };
  } catch (error) {
    if (error instanceof MissingPart) throw nothingSelected({ operation, self, args }, option, selector);
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
  return !request.has(value) && parts.some((part) => selectsNothing(part, request, seen));
}
