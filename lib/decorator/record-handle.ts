import { Driver } from '../engine/driver/driver.js';
import type { PreparedCall } from '../engine/driver/prepared-call.js';
import type { Resolution } from '../engine/machine/state.js';
import type { RecordView } from '../record/record-view.js';
import { type ForgetOptions, forgetting, type ResolveOptions, resolving } from './resolving.js';

/** Inspects, resolves or forgets the record under one idempotency key. The key is fixed when the handle is made. */
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
   * @throws {NotResolvedError} if the record is not the one with the `token`.
   * @throws {StoreError} if the store fails.
   */
  forget(options?: ForgetOptions): Promise<boolean>;
  /**
   * Decides a key whose outcome is not known, in place of its record: with a value, another run, or a refusal. Calls that wait for the key
   * go on. Resolves to `true` if that was written, and to `false` if there was no record, or none that keeps the key from running again.
   *
   * @throws {InProgressError} if a call is running under the key and `force` is not `true`.
   * @throws {NotResolvedError} if the record has an outcome, or is not the one with the `token`.
   * @throws {ConfigurationError} for a wrong option, or a value that cannot be stored.
   * @throws {StoreError} if the store fails.
   */
  resolve(options: ResolveOptions): Promise<boolean>;
}

/** Returns the handle of the record that `call` uses. The handle does not hold the call's arguments. */
export function handleOf(call: PreparedCall): RecordHandle {
  const { operation, key } = call;
  const own: PreparedCall = { ...call, self: undefined, args: [] };
  const decide = (by: string | undefined, resolution: Resolution) =>
    new Driver({ ...own, by, resolution }, 'resolve').run() as Promise<boolean>;
  return {
    operation,
    key,
    inspect: () => new Driver(own, 'inspect').run() as Promise<RecordView | undefined>,
    forget: async (options = {}) => {
      const resolution = forgetting(operation, options);
      return decide(options.by ?? call.by, resolution);
    },
    resolve: async (options) => {
      const resolution = resolving(own, options);
      return decide(options.by ?? call.by, resolution);
    },
  };
}
