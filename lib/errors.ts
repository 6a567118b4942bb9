/**
 * What to do about an error, as a word to switch on:
 *
 * - `retry-later`: the same call may succeed by itself; send it again, after `retryAfter` seconds where the error has that.
 * - `fix-request`: the same request never succeeds; its sender has to send another.
 * - `fix-code`: the same code never succeeds; its owner has to change it, or what it is configured with.
 * - `ask-human`: nobody knows whether the work was done, or what came of it. Somebody finds out, and frees the key or not.
 */
export type ErrorAdvice = 'retry-later' | 'fix-request' | 'fix-code' | 'ask-human';

/** What an error of this library knows besides its message. */
export interface IdempotencyErrorDetails {
  /** The operation's name, as in keys and events. */
  readonly operation?: string | undefined;
  /** The idempotency key (`name#digest`), never the payload it was made from. */
  readonly key?: string | undefined;
  readonly cause?: unknown;
}

// Two copies of this library may meet in one process (CommonJS beside ES modules, a bundle, a test
// runner's sandbox), so `instanceof` asks for this mark and never for the identity of a constructor.
const brand = Symbol.for('retrysafe.error');

/** The parent of every error that this library throws by itself. */
export abstract class IdempotencyError extends Error {
  override readonly name: string = 'IdempotencyError';
  /** A stable literal to switch on. */
  abstract readonly code: `ERR_IDEMPOTENCY_${string}`;
  /** The HTTP status that frameworks pick up by themselves. */
  abstract readonly statusCode: number;
  /** What to do about it. */
  abstract readonly advice: ErrorAdvice;
  declare readonly operation?: string;
  declare readonly key?: string;

  constructor(message: string, details: IdempotencyErrorDetails = {}) {
    super(message, 'cause' in details ? { cause: details.cause } : undefined);
    if (details.operation !== undefined) this.operation = details.operation;
    if (details.key !== undefined) this.key = details.key;
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    if (typeof value !== 'object' || value === null) return false;
    const own = Object.getOwnPropertyDescriptor(this.prototype ?? {}, brand)?.value as string | undefined;
    if (own === undefined) return Function.prototype[Symbol.hasInstance].call(this, value);
    const borne: unknown = (value as Record<symbol, unknown>)[brand];
    return own === '*' ? typeof borne === 'string' : borne === own;
  }
}
mark(IdempotencyError, '*');

/** The key or scope selects nothing, or cannot be told apart from another. The method did not run. */
export class KeyError extends IdempotencyError {
  override readonly name = 'KeyError';
  readonly code = 'ERR_IDEMPOTENCY_KEY';
  readonly statusCode = 400;
  readonly advice = 'fix-request';
}
mark(KeyError, 'key');

/** An equal call is still running after `wait`. */
export class InProgressError extends IdempotencyError {
  override readonly name = 'InProgressError';
  readonly code = 'ERR_IDEMPOTENCY_IN_PROGRESS';
  readonly statusCode = 409;
  readonly advice = 'retry-later';
  /** Seconds after which the running call has answered or its claim has lapsed; at least 1. */
  readonly retryAfter: number;

  constructor(message: string, details: IdempotencyErrorDetails & { readonly retryAfter: number }) {
    super(message, details);
    this.retryAfter = details.retryAfter;
  }
}
mark(InProgressError, 'in-progress');

/** The key was used before with another fingerprint. */
export class FingerprintError extends IdempotencyError {
  override readonly name = 'FingerprintError';
  readonly code = 'ERR_IDEMPOTENCY_FINGERPRINT';
  readonly statusCode = 422;
  readonly advice = 'fix-request';
}
mark(FingerprintError, 'fingerprint');

/** An earlier call ended without anybody knowing how, and the policy refuses to run again. */
export class OutcomeUnknownError extends IdempotencyError {
  override readonly name = 'OutcomeUnknownError';
  readonly code = 'ERR_IDEMPOTENCY_OUTCOME_UNKNOWN';
  readonly statusCode = 409;
  /** `retry-later` where the store did not tell, `ask-human` otherwise. */
  readonly advice: 'ask-human' | 'retry-later';

  constructor(message: string, details: IdempotencyErrorDetails & { readonly advice?: 'retry-later' } = {}) {
    super(message, details);
    this.advice = details.advice ?? 'ask-human';
  }
}
mark(OutcomeUnknownError, 'outcome-unknown');

/** The method has run, but its outcome could not be stored or cannot be read. */
export class OutcomeUnavailableError extends IdempotencyError {
  override readonly name = 'OutcomeUnavailableError';
  readonly code = 'ERR_IDEMPOTENCY_OUTCOME_UNAVAILABLE';
  readonly statusCode = 409;
  readonly advice = 'ask-human';
}
mark(OutcomeUnavailableError, 'outcome-unavailable');

/** This call no longer holds its key. The reason of an aborted `signal`; thrown where no other outcome is to be had. */
export class ClaimLostError extends IdempotencyError {
  override readonly name = 'ClaimLostError';
  readonly code = 'ERR_IDEMPOTENCY_CLAIM_LOST';
  readonly statusCode = 409;
  readonly advice = 'retry-later';
}
mark(ClaimLostError, 'claim-lost');

/** A running method called itself with its own key and would have waited for itself. */
export class ReentrantCallError extends IdempotencyError {
  override readonly name = 'ReentrantCallError';
  readonly code = 'ERR_IDEMPOTENCY_REENTRANT';
  readonly statusCode = 500;
  readonly advice = 'fix-code';
}
mark(ReentrantCallError, 'reentrant');

/**
 * The store's operation that failed. Whichever it is, a call ends with it only before it ran the method. Inside of a
 * method, `completion()` rejects with `replace`; where the method lets that through, it is the method's own error.
 */
export type StoreStep = 'claim' | 'replace' | 'find';

/** The store failed. Thrown by the engine before the method ran, and by stores for records they cannot take. */
export class StoreError extends IdempotencyError {
  override readonly name = 'StoreError';
  readonly code = 'ERR_IDEMPOTENCY_STORE';
  readonly statusCode = 503;
  /**
   * `fix-code` where the store can never take the record, or is set up or used wrongly; `retry-later` otherwise. The status is
   * 503 for both: a sender can do no more than come again.
   */
  readonly advice: 'retry-later' | 'fix-code';
  /** Where the call stood: making its claim, taking a lapsed one over, or looking. */
  declare readonly step?: StoreStep;
  /** `true` where the record passes the store's size limit. */
  readonly tooLarge: boolean;

  constructor(
    message: string,
    details: IdempotencyErrorDetails & {
      readonly step?: StoreStep;
      readonly tooLarge?: boolean;
      readonly advice?: 'fix-code';
    } = {},
  ) {
    super(message, details);
    if (details.step !== undefined) this.step = details.step;
    this.tooLarge = details.tooLarge ?? false;
    const isLasting = this.tooLarge || adviceOf(details.cause) === 'fix-code';
    this.advice = details.advice ?? (isLasting ? 'fix-code' : 'retry-later');
  }
}
mark(StoreError, 'store');

/** A wrong option, or a decorator on something that is no method. */
export class ConfigurationError extends IdempotencyError {
  override readonly name = 'ConfigurationError';
  readonly code = 'ERR_IDEMPOTENCY_CONFIGURATION';
  readonly statusCode = 500;
  readonly advice = 'fix-code';
}
mark(ConfigurationError, 'configuration');

function adviceOf(cause: unknown): ErrorAdvice | undefined {
  return cause instanceof IdempotencyError ? cause.advice : undefined;
}

function mark(errorClass: { readonly prototype: object }, value: string): void {
  Object.defineProperty(errorClass.prototype, brand, { value });
}
