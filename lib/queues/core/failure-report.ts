import { IdempotencyError } from '../../errors.js';
import type { Settlement } from './settlement.js';

/** What became of a message whose method threw. */
export interface MessageFailure {
  /** The queue's name of the message, where it has one. */
  readonly id: string;
  readonly error: unknown;
  readonly settlement: Settlement;
}

/** Told of each message whose method threw, where the queue itself keeps no error. */
export type FailureReport = (failure: MessageFailure) => void;

/** Writes one line of JSON to the error output, without any value of a user: of an error its name and code. */
export function logFailure({ id, error, settlement }: MessageFailure): void {
  const { name = typeof error, code } = (typeof error === 'object' && error !== null ? error : {}) as {
    readonly name?: string;
    readonly code?: unknown;
  };
  const message = error instanceof IdempotencyError ? error.message : undefined;
  const { do: settled } = settlement;
  console.error(JSON.stringify({ message: id, settled, error: name, code, detail: message }));
}
