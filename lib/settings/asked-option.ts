import { IdempotencyError } from '../errors.js';
import { isLate } from '../options/synchronous.js';
import { kindOfData } from '../options/wrong-option.js';

/** What came of calling an option's function: the value that it returned, or why there is none. */
export type OptionResult = { readonly value: unknown } | OptionFault;

/** Why an option's function returned no usable value. */
export interface OptionFault {
  /** Contains no value of a user. */
  readonly fault: string;
  /** What the function threw, for causes and events. */
  readonly error?: unknown;
}

/** Calls a synchronous function of an option. Never throws, and leaves no rejection unhandled. */
export function askOption(call: () => unknown): OptionResult {
  try {
    const value = call();
    return isLate(value) ? { fault: 'it returned a promise, which is not awaited' } : { value };
  } catch (error) {
    return { fault: `it threw ${thrownKind(error)}`, error };
  }
}

/** Names a thrown value in a message: its class, and its message if the error is one of this library. */
export function thrownKind(error: unknown): string {
  return error instanceof IdempotencyError ? `${error.name}: ${error.message}` : kindOfData(error);
}
