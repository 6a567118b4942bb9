import { Call } from '../engine/call/call.js';
import type { Operation } from '../engine/operation.js';
import { ConfigurationError, KeyError } from '../errors.js';
import { kindOf } from '../options/wrong-option.js';
import type { PersistenceStore } from '../record/persistence-store.js';
import { checkStore } from '../settings/option-checks.js';
import { resolveSettings } from '../settings/settings.js';
import { classesOf } from '../values/classes.js';
import { declaredBy } from './declarations.js';
import type { NotAlone, PrivateName, RestOf, SecondOf } from './decorator-types.js';
import { operationBehind } from './make-idempotent.js';
import { handleOf, type RecordHandle } from './record-handle.js';

/**
 * The record that such a call would use, to inspect or to forget: `recordOf(service, 'placeHold', request)` of a method,
 * `recordOf(placeHold, request)` of a function. Nothing runs. Private methods go by their name with `#`.
 *
 * @throws {KeyError} at once, where such a call would have no key.
 * @throws {ConfigurationError} at once, where there is no such idempotent method.
 */
export function recordOf<S extends object, K extends PrivateName | SecondOf<S> = never>(
  service: NotAlone<S, K>,
  method?: K,
  ...args: RestOf<S, K>
): RecordHandle;
export function recordOf(...given: readonly unknown[]): RecordHandle {
  return handleOf(callOf('recordOf', given));
}

/**
 * The idempotency key of such a call, as errors, events and records name it. It takes the arguments of `recordOf`.
 *
 * @throws {KeyError} where such a call would have no key.
 * @throws {ConfigurationError} where there is no such idempotent method.
 */
export function keyOf<S extends object, K extends PrivateName | SecondOf<S> = never>(
  service: NotAlone<S, K>,
  method?: K,
  ...args: RestOf<S, K>
): string;
export function keyOf(...given: readonly unknown[]): string {
  return callOf('keyOf', given).key;
}

/** `<operation>#<digest>`. A private method's name has a `#` of its own. */
const KEY = /^(.+)#[0-9a-f]{64}$/s;

/**
 * The record under a key, for an operator who has no more than the key of an error, an event or a table. Of the options
 * of the operation none is known here: what counts is those of `configureIdempotency`, such as `clockTolerance`.
 *
 * @throws {KeyError} at once, where `key` is no idempotency key.
 * @throws {ConfigurationError} at once, where `store` is no store.
 */
export function recordOfKey(store: PersistenceStore, key: string): RecordHandle {
  if (typeof store === 'function') {
    throw new ConfigurationError(
      'recordOfKey: its first argument is a function; expected the store itself, as in recordOfKey(store, key)',
    );
  }
  checkStore('recordOfKey', store);
  const operation = typeof key === 'string' ? KEY.exec(key)?.[1] : undefined;
  if (operation === undefined) {
    throw new KeyError(
      `recordOfKey: the key is ${kindOf(key)} and no idempotency key; send the \`key\` of an error, an event or a record, which is the operation's name, a # and 64 hexadecimal digits`,
    );
  }
  const settings = resolveSettings(operation, { store }, {});
  return handleOf(new Call(operation, settings, store, { key }, undefined, [], Number.POSITIVE_INFINITY));
}

/** The call that is asked about: of a function, or of a method by its name. */
export function callOf(asked: string, [first, ...rest]: readonly unknown[]): Call {
  const behind = operationBehind(first);
  if (behind) return behind.prepare(undefined, rest);
  const [method, ...args] = rest;
  const operation = operationOf(first, method);
  if (operation) return operation.prepare(first, args);
  throw new ConfigurationError(
    `${asked}: there is no idempotent method ${missingMethod(first, method)} here; expected ${asked}(service, 'method', ...args) with a method decorated with @Idempotent, or ${asked}(fn, ...args) with what makeIdempotent returned`,
  );
}

// After a function that is not idempotent, or after nothing, comes no name but an argument, which is nobody's business.
function missingMethod(self: unknown, method: unknown): string {
  if (typeof method !== 'symbol' && typeof method !== 'string') return '(no name given)';
  if (typeof (self as Record<PropertyKey, unknown> | undefined)?.[method] === 'function')
    return String(method);
  const known = classesOf(self)
    .flatMap(declaredBy)
    .map((one) => String(one.method));
  return `of that name in ${kindOf(self)}${known.length > 0 ? `, which has ${known.join(', ')}` : ''}`;
}

function operationOf(self: unknown, method: unknown): Operation | undefined {
  const isStatic = typeof self === 'function';
  for (const one of classesOf(self)) {
    const declared = declaredBy(one).find(
      (candidate) => candidate.method === method && candidate.isStatic === isStatic,
    );
    if (declared) return declared.operation;
  }
  return operationBehind((self as Record<PropertyKey, unknown> | undefined)?.[method as PropertyKey]);
}
