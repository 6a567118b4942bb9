import { isObject } from '../../options/reading.js';
import type { Settlement } from './settlement.js';

const LONGEST_REASON = 1_000;

/** What a person needs to know about a message that was set aside. */
export interface DeadLetterFacts {
  /** Up to 1,000 characters. */
  readonly reason: string;
  /** `failed`: its method threw an error of its own too often. */
  readonly advice: string;
  readonly code: string | undefined;
}

/** Returns what stands beside a message in the queue that it is set aside in. */
export function deadLetterFacts(error: unknown, settlement: Settlement): DeadLetterFacts {
  return {
    reason: settlement.reason.slice(0, LONGEST_REASON),
    advice: settlement.do === 'park' ? settlement.advice : 'failed',
    code: codeOf(error),
  };
}

/** Returns the code of an error, if it is a text. */
export function codeOf(error: unknown): string | undefined {
  const { code } = (isObject(error) ? error : {}) as { readonly code?: unknown };
  return typeof code === 'string' ? code : undefined;
}
