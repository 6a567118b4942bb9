import stringify from 'fast-json-stable-stringify';
import type { IdempotencyRecord } from '../../record/persistence-store.js';
import type { StoreOperationCase } from './store-cases.js';
import { StoreReference } from './store-reference.js';

/** An operation that was asked for, when, and what came of it. */
export interface Observed {
  readonly operation: StoreOperationCase;
  /** By a counter of begins and answers. */
  readonly from: number;
  until: number;
  /** Without it, the operation may have been done or not. */
  answer?: { readonly record: IdempotencyRecord | undefined };
}

/**
 * Whether there is an order of the operations, each of which takes effect at once and between its begin and its answer, in which the
 * reference gives the same answers (linearizability, Herlihy and Wing 1990). What has no answer may take effect at any later time, or never.
 */
export function isLinearizable(
  key: string,
  before: readonly StoreOperationCase[],
  observed: readonly Observed[],
  last: IdempotencyRecord | undefined,
): boolean {
  const tryOrder = (done: readonly Observed[], left: readonly Observed[]): boolean => {
    if (left.every(({ answer }) => !answer) && fits(key, before, done, last)) return true;
    return left.some((next) => {
      const isBefore = left.some((other) => other !== next && other.until < next.from);
      return (
        !isBefore &&
        tryOrder(
          [...done, next],
          left.filter((other) => other !== next),
        )
      );
    });
  };
  return tryOrder([], observed);
}

function fits(
  key: string,
  before: readonly StoreOperationCase[],
  order: readonly Observed[],
  last: IdempotencyRecord | undefined,
): boolean {
  const reference = new StoreReference();
  for (const operation of before) operation.expect(reference, key);
  for (const { operation, answer } of order) {
    const expected = operation.expect(reference, key);
    if (answer && textOf(answer.record) !== textOf(expected)) return false;
  }
  return textOf(reference.holder) === textOf(last);
}

/** Two records are the same by what is in them, in whatever order. */
export function textOf(record: IdempotencyRecord | undefined): string {
  if (!record) return 'none';
  const { key, token, expiresAt, state } = record;
  return stringify([key, token, expiresAt, state]);
}
