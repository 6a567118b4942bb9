import { ConfigurationError, IdempotencyError, KeyError, type KeyOption } from '../errors.js';
import type { Selector } from '../options/options.js';
import { isLate } from '../options/synchronous.js';
import { isLambdaContext } from '../request/events/lambda.js';
import { decodedEvent, goodKeyOf, recordsOf } from '../request/events/lambda-events.js';
import { eventIn } from '../request/events/whole-events.js';
import { compileExpression, MissingPart } from '../request/expression/expression.js';
import { thrownKind } from '../settings/asked-option.js';
import { isObject, isPlain } from '../values/class-facts.js';
import { ObjectsWithin } from '../values/objects-within.js';

export type AnySelector = Selector<unknown, readonly unknown[]>;

/** The call that `key`, `scope` and `fingerprint` select from. */
export interface SelectedCall {
  readonly operation: string;
  readonly self: unknown;
  readonly args: readonly unknown[];
  /** The first argument, decoded. It is set once an expression has asked for it. */
  decoded: unknown;
}

/**
 * Returns the error of a call that an option cannot be selected from. A request may have getters, proxies or detached buffers:
 * whatever throws, the key is at fault.
 */
export function selectionError(
  { operation }: SelectedCall,
  option: KeyOption,
  error: unknown,
): IdempotencyError {
  if (error instanceof IdempotencyError) return error;
  return new KeyError(
    `${operation}: \`${option}\` cannot be selected from this call: reading it threw ${thrownKind(error)}, which is this error's \`cause\`; send what it selects, or correct \`${option}\``,
    { operation, option, cause: error },
  );
}

/** Selects all arguments except a Lambda context, which differs with every delivery. */
export function allArguments(call: SelectedCall, option: KeyOption): readonly unknown[] {
  const payload = call.args.filter((argument) => !isLambdaContext(argument));
  for (const argument of payload) {
    const parts = Array.isArray(argument) ? Object.values(argument) : [argument];
    const event = parts.find((part) => goodKeyOf(part) !== undefined);
    if (event !== undefined) throw wholeEvent(call, option, event);
  }
  return payload;
}

/** Selects a value that must be there, with all of its parts. */
export function required(call: SelectedCall, option: 'key' | 'scope', selector: AnySelector): unknown {
  const { value, from } = select(call, option, selector);
  // Most keys are one text or number.
  if ((typeof value === 'string' && value !== '') || typeof value === 'number') return value;
  const request = new ObjectsWithin(from);
  if (selectsNothing(value, request)) throw nothingSelected(call, option, selector);
  refuseEvent(call, option, value, request);
  return value;
}

/** Selects a value that may be missing. */
export function optional(call: SelectedCall, option: 'fingerprint', selector: AnySelector): unknown {
  const { value, from } = select(call, option, selector);
  refuseEvent(call, option, value, new ObjectsWithin(from));
  return value;
}

interface Selection {
  readonly value: unknown;
  /** What the value was selected from. Its objects came with the request. */
  readonly from: unknown;
}

function select(call: SelectedCall, option: KeyOption, selector: AnySelector): Selection {
  const { self, args } = call;
  if (typeof selector === 'function') {
    const value = selector.apply(self, args as unknown[]);
    if (!isLate(value)) return { value, from: args };
    throw new TypeError('it returns a promise; a key must be known before anything can wait');
  }
  const { expression } = compileExpression(selector, option === 'fingerprint' ? 'optional' : 'required');
  if (!expression?.decodesByItself) call.decoded ??= decodedEvent(args[0]);
  const from = expression?.decodesByItself ? args[0] : call.decoded;
  try {
    if (!expression?.decodesByItself) return { value: expression?.select(from), from };
    // What the expression parsed from a text of the request came with the request, too.
    const parsed = [from];
    const value = expression.select(from, (one) => parsed.push(one));
    return { value, from: parsed };
  } catch (error) {
    if (error instanceof MissingPart) throw nothingSelected(call, option, selector);
    throw error;
  }
}

// A list or hash that the selector itself made is a key of several parts, and each of them must be there. One that came
// with the request is a value, whatever is in it.
function selectsNothing(value: unknown, request: ObjectsWithin, seen = new Set<object>()): boolean {
  if (value === undefined || value === null || value === '') return true;
  if (!isObject(value) || seen.has(value)) return false;
  seen.add(value);
  if (value instanceof Map || value instanceof Set) return value.size === 0;
  if (!Array.isArray(value) && !isPlain(value)) return false;
  const parts = Object.values(value);
  // A property that is `undefined` counts as absent, but in an object that the selector made it is a missing part.
  if (Array.isArray(value) ? parts.length === 0 : parts.every((part) => part === undefined)) return true;
  // Most keys of several parts are texts and numbers. For them the request need not be searched.
  if (parts.every((part) => typeof part !== 'object' && part !== undefined && part !== '')) return false;
  return !request.has(value) && parts.some((part) => selectsNothing(part, request, seen));
}

function nothingSelected(
  { operation, args: [first] }: SelectedCall,
  option: KeyOption,
  selector: AnySelector,
): KeyError {
  const kind = first === null ? 'null' : `of type ${typeof first}`;
  const where =
    typeof selector === 'string'
      ? `; the expression ${selector} reads the first argument, which is ${kind}`
      : '';
  return new KeyError(
    `${operation}: \`${option}\` selects nothing, or a part of it does${where}. Without a value two different requests would share one outcome: send the value, or correct \`${option}\``,
    { operation, option },
  );
}

function refuseEvent(call: SelectedCall, option: KeyOption, value: unknown, request: ObjectsWithin): void {
  if (!isObject(value)) return;
  const event = eventIn(value, request, new ObjectsWithin(call.args, recordsOf));
  if (event !== undefined) throw wholeEvent(call, option, event);
}

function wholeEvent({ operation, args }: SelectedCall, option: KeyOption, event: unknown): IdempotencyError {
  const [first] = args;
  const ofFirst = goodKeyOf(first);
  const goodKey = Array.isArray(first) ? `[].${goodKeyOf(event)}` : (ofFirst ?? goodKeyOf(event));
  const message = `${operation}: option "${option}" is a whole Lambda event, which differs with every delivery; expected the part that identifies the request, such as { key: '${goodKey}' }`;
  // Only Lambda passes an event with a context. Without a context, a sender may imitate an event.
  const isHandler = args.some(isLambdaContext) && (Array.isArray(first) || ofFirst !== undefined);
  return isHandler
    ? new ConfigurationError(message, { operation })
    : new KeyError(message, { operation, option });
}
