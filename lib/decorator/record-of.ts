import type { PreparedCall } from '../engine/driver/prepared-call.js';
import { Machine } from '../engine/machine/machine.js';
import type { Operation } from '../engine/operation.js';
import { runtimeOf } from '../engine/runtime.js';
import { ConfigurationError, KeyError } from '../errors.js';
import { kindOf } from '../options/wrong-option.js';
import { isKey, operationOf as operationNamedIn } from '../record/key-parts.js';
import type { PersistenceStore } from '../record/persistence-store.js';
import { checkStore } from '../settings/option-checks.js';
import { resolveSettings, type Settings } from '../settings/settings.js';
import { classesOf } from '../values/classes.js';
import { declaredBy } from './declarations.js';
import type { NotAlone, PrivateName, RestOf, SecondOf } from './decorator-types.js';
import { operationBehind } from './make-idempotent.js';
import { handleOf, type RecordHandle } from './record-handle.js';

/**
 * Returns a handle that inspects or forgets the record of a call: `recordOf(service, 'placeHold', request)` for a method,
 * `recordOf(placeHold, request)` for a function. The method does not run. The name of a private method begins with `#`.
 *
 * @throws {KeyError} at once, if the call would have no key.
 * @throws {ConfigurationError} at once, if there is no such idempotent method.
 */
export function recordOf<S extends object, K extends PrivateName | SecondOf<S> = never>(
  service: NotAlone<S, K>,
  method?: K,
  ...args: RestOf<S, K>
): RecordHandle;
export function recordOf(...targetAndArgs: readonly unknown[]): RecordHandle {
  return handleOf(callOf('recordOf', targetAndArgs));
}

/**
 * Returns the idempotency key of a call, as it is in errors, events and records. Takes the same arguments as `recordOf`.
 *
 * @throws {KeyError} if the call would have no key.
 * @throws {ConfigurationError} if there is no such idempotent method.
 */
export function keyOf<S extends object, K extends PrivateName | SecondOf<S> = never>(
  service: NotAlone<S, K>,
  method?: K,
  ...args: RestOf<S, K>
): string;
export function keyOf(...targetAndArgs: readonly unknown[]): string {
  return callOf('keyOf', targetAndArgs).key;
}

/**
 * Returns the handle of the record under `key`. It is for an operator who has only the key, from an error, an event or a
 * table. It does not know the operation's own options. It uses those of `configureIdempotency`, such as `clockTolerance`.
 *
 * @throws {KeyError} at once, if `key` is not an idempotency key.
 * @throws {ConfigurationError} at once, if `store` is not a store.
 */
export function recordOfKey(store: PersistenceStore, key: string): RecordHandle {
  if (typeof store === 'function') {
    throw new ConfigurationError(
      'recordOfKey: its first argument is a function; expected the store itself, as in recordOfKey(store, key)',
    );
  }
  checkStore('recordOfKey', store);
  return handleOfKey('recordOfKey', store, key);
}

/**
 * Returns the name of the operation in a key.
 *
 * @throws {KeyError} for what is no key.
 */
export function operationIn(where: string, key: string): string {
  if (isKey(key)) return operationNamedIn(key);
  throw new KeyError(
    `${where}: the key is ${kindOf(key)} and not an idempotency key; pass the \`key\` of an error, an event or a record, which is the operation's name, a # and 64 hexadecimal digits`,
  );
}

/** Returns the handle of the record under a key, by the options of its operation where these are known. */
export function handleOfKey(
  where: string,
  store: PersistenceStore,
  key: string,
  known?: Settings,
): RecordHandle {
  const operation = operationIn(where, key);
  const settings = known ?? resolveSettings(operation, { store }, {});
  return handleOf({
    operation,
    method: () => undefined,
    settings,
    machine: new Machine(settings),
    store,
    key,
    fingerprint: undefined,
    self: undefined,
    args: [],
    endsAt: Number.POSITIVE_INFINITY,
    stopsWithAnswer: false,
    by: runtimeOf(settings, undefined, undefined),
  });
}

/** Prepares the call that the arguments of `apiName` describe: of a function, or of a method by its name. */
export function callOf(apiName: string, [first, ...rest]: readonly unknown[]): PreparedCall {
  const behind = operationBehind(first);
  if (behind) return behind.prepare(undefined, rest);
  const [method, ...args] = rest;
  const operation = operationOf(first, method);
  if (operation) return operation.prepare(first, args);
  throw new ConfigurationError(
    `${apiName}: there is no idempotent method ${missingMethod(first, method)}; expected ${apiName}(service, 'method', ...args) with a method decorated with @Idempotent, or ${apiName}(fn, ...args) with a function that makeIdempotent returned`,
  );
}

// The message repeats a name only if the service has that method. After a function that is not
// idempotent, the text is an argument of the call, and a message contains no arguments.
function missingMethod(self: unknown, method: unknown): string {
  if (typeof method !== 'symbol' && typeof method !== 'string') return '(its name is missing)';
  if (typeof (self as Record<PropertyKey, unknown> | undefined)?.[method] === 'function')
    return String(method);
  const known = classesOf(self)
    .flatMap(declaredBy)
    .map((declaration) => String(declaration.method));
  return `of that name in ${kindOf(self)}${known.length > 0 ? `, which has ${known.join(', ')}` : ''}`;
}

function operationOf(self: unknown, method: unknown): Operation | undefined {
  const isStatic = typeof self === 'function';
  for (const declaringClass of classesOf(self)) {
    const declaration = declaredBy(declaringClass).find(
      (candidate) => candidate.method === method && candidate.isStatic === isStatic,
    );
    if (declaration) return declaration.operation;
  }
  return operationBehind((self as Record<PropertyKey, unknown> | undefined)?.[method as PropertyKey]);
}
