import { IdempotencyError } from '../errors.js';
import { isLate } from '../options/synchronous.js';
import { answerKind } from '../options/wrong-option.js';

/** What the function of an option gave that has to answer at once. */
export type Asked = { readonly answer: unknown } | NoAnswer;

/** That it gave nothing to go by, in words without a value of anybody's. */
export interface NoAnswer {
  readonly fault: string;
  /** What it threw, which is for causes and events. */
  readonly error?: unknown;
}

/** Asks the function of an option. Never throws, and leaves no rejection behind. */
export function askOption(ask: () => unknown): Asked {
  try {
    const answer = ask();
    return isLate(answer) ? { fault: 'it answered with a promise, for which nobody waits' } : { answer };
  } catch (error) {
    return { fault: `it threw ${thrownKind(error)}`, error };
  }
}

/** An error in a message: its class, and its own words where they are ours. */
export function thrownKind(error: unknown): string {
  return error instanceof IdempotencyError ? `${error.name}: ${error.message}` : answerKind(error);
}
