import type { Ending } from '../engine/execution/ending.js';
import { infoOf, type ReplayInfo, type WatchedCall } from '../engine/execution/replay-info.js';
import { Operation } from '../engine/operation.js';
import { ConfigurationError } from '../errors.js';
import { type ReadyIdentity, readyIdentity } from '../key/identity.js';
import type { IdempotentOptions } from '../options/options.js';
import { isObject } from '../options/reading.js';
import { kindOf } from '../options/wrong-option.js';
import { type RecordView, viewOf } from '../record/record-view.js';
import { checkOptions } from '../settings/option-checks.js';
import { defaultsFor } from './class-defaults.js';

/** An operation for `perform`: its name, and the options that its calls have in common. */
export interface PerformedOperation
  extends Omit<IdempotentOptions, 'name' | 'key' | 'scope' | 'fingerprint'> {
  /** The operation's name in keys, events and records, 1 to 200 characters. */
  readonly name: string;
}

/** What tells one call of `perform` from another. */
export interface PerformedCall extends ReadyIdentity {
  /**
   * The arguments of `run`, and of options that are functions. A Lambda context among them says when the invocation ends. Default:
   * none.
   */
  readonly args?: readonly unknown[];
  /**
   * The instance whose method does the work. Options that are functions have it as `this`, the function of `store` gets it, and
   * `@IdempotencyDefaults` of its class apply. Default: none.
   */
  readonly self?: unknown;
}

/** What became of a call of `perform`. */
export interface Performed<T> extends ReplayInfo {
  readonly value: T;
  /** The record that has the outcome, if one does: as it is after this call, or as it was when it was replayed. */
  readonly record?: RecordView;
}

const operations = new WeakMap<PerformedOperation, Operation>();

/**
 * Runs a function at most once under a key that the caller has selected already, as an adapter of a framework does. Otherwise it is
 * what `makeIdempotent` makes: equal calls get the outcome of the one that ran.
 *
 * @param operation Its options are resolved once for each object: pass the same one each time.
 * @throws {KeyError} if a part of the identity is no text, or an empty one. Everything that a call of `makeIdempotent` throws.
 * @throws {ConfigurationError} for a wrong option.
 */
export async function perform<T>(
  operation: PerformedOperation,
  call: PerformedCall,
  // biome-ignore lint/suspicious/noExplicitAny: the arguments of every function
  run: (...args: any[]) => T | Promise<T>,
): Promise<Performed<T>> {
  const watched: WatchedCall = {};
  const value = await performWatched<T>(operation, call, run, watched);
  const info = infoOf(watched, { value } satisfies Ending) as ReplayInfo;
  const record = watched.call?.replayed?.record ?? watched.call?.recorded;
  if (!record) return { ...info, value };
  const { clockTolerance } = operationOf(operation).settingsFor(call.self);
  return { ...info, value, record: viewOf(operation.name, record, clockTolerance) };
}

/**
 * Does what `perform` does, and tells `watched` of it: an adapter has no use for a description, and a request would take longer. Throws
 * at once where nothing can be asked.
 */
export function performWatched<T>(
  operation: PerformedOperation,
  call: PerformedCall,
  // biome-ignore lint/suspicious/noExplicitAny: the arguments of every function
  run: (...args: any[]) => T | Promise<T>,
  watched: WatchedCall,
): Promise<T> {
  const behind = operationOf(operation);
  if (typeof run !== 'function') {
    throw new ConfigurationError(
      `perform: its third argument is ${kindOf(run)}; expected the function that does the work`,
    );
  }
  const { args = [], self } = call;
  const identity = readyIdentity(operation.name, call);
  return behind.performReady(args, { identity, method: run, self }, watched) as Promise<T>;
}

function operationOf(operation: PerformedOperation): Operation {
  const known = isObject(operation) ? operations.get(operation) : undefined;
  if (known) return known;
  if (!isObject(operation)) {
    throw new ConfigurationError(
      `perform: its first argument is ${kindOf(operation)}; expected an operation such as { name: 'payments.create', store }`,
    );
  }
  checkOptions(operation, 'method', 'perform');
  const { name, ...options } = operation;
  if (name === undefined) {
    throw new ConfigurationError(
      "perform: the operation has no name; expected one such as { name: 'payments.create', store }",
    );
  }
  const made = new Operation({
    name: () => name,
    method: () => undefined,
    options,
    classOptions: defaultsFor,
  });
  operations.set(operation, made);
  return made;
}
