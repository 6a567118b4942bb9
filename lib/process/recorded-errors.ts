import { shared } from './shared.js';

// A process may load two copies of this library. Errors are the user's own, so nothing is written onto them.
const recorded = shared('recorded-errors', () => new WeakSet<object>());

/** Takes note of an error that is the outcome of its key: each further call gets it again. */
export function noteRecordedError(error: unknown): void {
  if (typeof error === 'object' && error !== null) recorded.add(error);
}

/** Whether an error that a call threw is the outcome of its key. */
export function isRecordedError(error: unknown): boolean {
  return typeof error === 'object' && error !== null && recorded.has(error);
}
