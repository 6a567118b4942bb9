import { IdempotencyError } from '../../errors.js';

// The mark by which our errors know each other, of whichever copy of this library.
const brand = Symbol.for('retrysafe.error');

// After these a retry may hear something else; the others are about the request itself.
const passing: readonly unknown[] = [
  ...['in-progress', 'outcome-unknown', 'outcome-unavailable', 'claim-lost', 'attempts-exhausted'],
  ...['reentrant', 'store', 'not-resolved', 'configuration'],
];

/** Whether this is an error of ours that says nothing about the next call. */
export function isPassing(error: unknown): boolean {
  return error instanceof IdempotencyError && passing.includes((error as { [brand]?: unknown })[brand]);
}

/** Whether this is one of our error classes, or extends one; the parent of them all is none. */
export function isOwnKind({ prototype }: { readonly prototype: object }): boolean {
  const borne = (prototype as { [brand]?: unknown })[brand];
  return typeof borne === 'string' && borne !== '*';
}
