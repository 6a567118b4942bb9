import { StoreError } from '../../errors.js';

/**
 * Returns a `StoreError` that says what to do about a fault of a client, or the fault itself where nothing is known about it.
 * A fault that passes by itself is not lasting: its callers try again later.
 */
export function withAdvice(
  store: string,
  fault: unknown,
  what: string | undefined,
  isLasting = true,
): unknown {
  if (what === undefined) return fault;
  return new StoreError(`${store}: ${what}`, { cause: fault, ...(isLasting && { advice: 'fix-code' }) });
}

/** Returns what is wrong with a record that passes a limit of its store. `limit` says it, with its unit. */
export function tooLarge(store: string, limit: string, fault?: unknown): StoreError {
  return new StoreError(`${store}: the record is larger than ${limit}`, {
    tooLarge: true,
    ...(fault !== undefined && { cause: fault }),
  });
}

/** The limit of a store that takes values of so many bytes. */
export function limitOf(bytes: number): string {
  return `the store takes, which is ${Math.floor(bytes / 1_000_000)} MB`;
}

/** The message of a fault of any kind. */
export function faultMessage(fault: unknown): string {
  return String((fault as Partial<Error> | null | undefined)?.message);
}
