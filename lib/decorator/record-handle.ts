import { Driver } from '../engine/driver/driver.js';
import type { PreparedCall } from '../engine/driver/prepared-call.js';
import { ConfigurationError } from '../errors.js';
import { isObject } from '../options/reading.js';
import { kindOf } from '../options/wrong-option.js';
import type { RecordView } from '../record/record-view.js';

/** What `forget` does while a call is running. */
export interface ForgetOptions {
  /** Whether `forget` takes the key from a running call. That call then ends with a `ClaimLostError`. Default: `false`. */
  readonly force?: boolean;
}

/** Inspects or forgets the record under one idempotency key. The key is fixed when the handle is made. */
export interface RecordHandle {
  readonly operation: string;
  /** The idempotency key, as it is in errors, events and records. */
  readonly key: string;
  /**
   * Reads the record with a consistent read. Resolves to `undefined` if there is none or it has expired. No method runs.
   *
   * @throws {StoreError} if the store fails.
   */
  inspect(): Promise<RecordView | undefined>;
  /**
   * Frees the key, so that the next call runs the method. Writes a `released` record in place of the present one.
   * Resolves to `true` if there was a record to release. Outcomes that other processes keep by `keepLocal` stay there.
   *
   * @throws {InProgressError} if a call is running under the key and `force` is not `true`.
   * @throws {StoreError} if the store fails.
   */
  forget(options?: ForgetOptions): Promise<boolean>;
}

/** Returns the handle of the record that `call` uses. The handle does not hold the call's arguments. */
export function handleOf(call: PreparedCall): RecordHandle {
  const { operation, key } = call;
  const own: PreparedCall = { ...call, self: undefined, args: [] };
  return {
    operation,
    key,
    inspect: () => new Driver(own, 'inspect').run() as Promise<RecordView | undefined>,
    forget: async (options = {}) => {
      const purpose = isForced(operation, options) ? 'force' : 'forget';
      return new Driver(own, purpose).run() as Promise<boolean>;
    },
  };
}

// A wrong option throws. A guess at its meaning could take the key from a running call, or leave the key in use.
function isForced(operation: string, options: ForgetOptions): boolean {
  const areOptions = isObject(options);
  const isValid =
    areOptions &&
    Object.keys(options).every((name) => name === 'force') &&
    ['boolean', 'undefined'].includes(typeof options.force);
  if (isValid) return options.force === true;
  throw new ConfigurationError(
    `${operation}: forget() was called with ${areOptions ? 'options that it does not accept' : kindOf(options)}; expected forget() or forget({ force: true })`,
    { operation },
  );
}
