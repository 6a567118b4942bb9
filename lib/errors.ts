/**
 * What to do about an error, as a word to switch on:
 *
 * - `retry-later`: the same call may succeed later. Send it again, after `retryAfter` seconds if the error has that.
 * - `fix-request`: the same request never succeeds. Its sender must send another one.
 * - `fix-code`: the same code never succeeds. Its owner must change the code or its configuration.
 * - `ask-human`: it is unknown whether the work was done, or what its outcome was. A person must find out, and then decide
 *   whether to free the key.
 */
export type ErrorAdvice = 'retry-later' | 'fix-request' | 'fix-code' | 'ask-human';

/** What an error of this library contains besides its message. */
export interface IdempotencyErrorDetails {
  /** The operation's name, as it is in keys and events. */
  readonly operation?: string | undefined;
  /** The idempotency key (`name#digest`). It does not contain the payload that it was made from. */
  readonly key?: string | undefined;
  readonly cause?: unknown;
}

// One process may load two copies of this library: CommonJS beside ES modules, a bundle, or a test runner's sandbox.
// So `instanceof` compares this brand instead of the constructors.
const brand = Symbol.for('retrysafe.error');

/** The parent class of every error that this library throws by itself. */
export abstract class IdempotencyError extends Error {
  override readonly name: string = 'IdempotencyError';
  /** A stable string to switch on. */
  abstract readonly code: `ERR_IDEMPOTENCY_${string}`;
  /** The HTTP status. Frameworks read it from this property. */
  abstract readonly statusCode: number;
  /** What to do about the error. */
  abstract readonly advice: ErrorAdvice;
  declare readonly operation?: string;
  declare readonly key?: string;

  constructor(message: string, details: IdempotencyErrorDetails = {}) {
    super(message, details);
    if (details.operation !== undefined) this.operation = details.operation;
    if (details.key !== undefined) this.key = details.key;
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    if (typeof value !== 'object' || value === null) return false;
    const ofClass = Object.getOwnPropertyDescriptor(this.prototype ?? {}, brand)?.value as string | undefined;
    if (ofClass === undefined) return Function.prototype[Symbol.hasInstance].call(this, value);
    const ofValue: unknown = (value as Record<symbol, unknown>)[brand];
    return ofClass === '*' ? typeof ofValue === 'string' : ofValue === ofClass;
  }
}

/** The option that an error about a call's key is about. */
export type KeyOption = 'key' | 'scope' | 'fingerprint';

/** The key or scope selects nothing, or could be confused with another one. The method did not run. */
export class KeyError extends IdempotencyError {
  override readonly name = 'KeyError';
  readonly code = 'ERR_IDEMPOTENCY_KEY';
  readonly statusCode = 400;
  readonly advice = 'fix-request';
  /** The option that selected nothing, or a value that cannot be compared. */
  readonly option: KeyOption;

  /** `option` is `'key'` unless the details say otherwise. */
  constructor(message: string, details: IdempotencyErrorDetails & { readonly option?: KeyOption } = {}) {
    super(message, details);
    this.option = details.option ?? 'key';
  }
}

/** An equal call was still running after `wait`. */
export class InProgressError extends IdempotencyError {
  override readonly name = 'InProgressError';
  readonly code = 'ERR_IDEMPOTENCY_IN_PROGRESS';
  readonly statusCode = 409;
  readonly advice = 'retry-later';
  /** Seconds after which the running call has ended or its claim has lapsed. At least 1. */
  readonly retryAfter: number;
  /** Epoch milliseconds: when the running call began. It is absent where nothing runs, or where the call that runs is not known. */
  declare readonly startedAt?: number;

  constructor(
    message: string,
    details: IdempotencyErrorDetails & {
      readonly retryAfter: number;
      readonly startedAt?: number | undefined;
    },
  ) {
    super(message, details);
    this.retryAfter = details.retryAfter;
    if (details.startedAt !== undefined) this.startedAt = details.startedAt;
  }
}

/** The key was used before with another fingerprint. */
export class FingerprintError extends IdempotencyError {
  override readonly name = 'FingerprintError';
  readonly code = 'ERR_IDEMPOTENCY_FINGERPRINT';
  readonly statusCode = 422;
  readonly advice = 'fix-request';
}

/** It is unknown how an earlier call ended, and the policy does not allow another run. */
export class OutcomeUnknownError extends IdempotencyError {
  override readonly name = 'OutcomeUnknownError';
  readonly code = 'ERR_IDEMPOTENCY_OUTCOME_UNKNOWN';
  /**
   * 503 with the advice `retry-later`, otherwise 424: a client that retries by itself would retry a 409 for ever, while a person
   * has to act.
   */
  readonly statusCode: 424 | 503;
  /** `retry-later` if the store did not report whether the outcome was written, otherwise `ask-human`. */
  readonly advice: 'ask-human' | 'retry-later';

  constructor(message: string, details: IdempotencyErrorDetails & { readonly advice?: 'retry-later' } = {}) {
    super(message, details);
    this.advice = details.advice ?? 'ask-human';
    this.statusCode = this.advice === 'retry-later' ? 503 : 424;
  }
}

/** The method was started as often as `maxAttempts` permits, and left no outcome. It is not started again by itself. */
export class AttemptsExhaustedError extends IdempotencyError {
  override readonly name = 'AttemptsExhaustedError';
  readonly code = 'ERR_IDEMPOTENCY_ATTEMPTS_EXHAUSTED';
  /** As for an unknown outcome: no client retries a 424 by itself, while a person has to act. */
  readonly statusCode = 424;
  readonly advice = 'ask-human';
  /** How many times the method was started for the key. */
  readonly attempts: number;

  constructor(message: string, details: IdempotencyErrorDetails & { readonly attempts: number }) {
    super(message, details);
    this.attempts = details.attempts;
  }
}

/** The method has run, but its outcome could not be stored or cannot be read. Or an operator decided that there is none. */
export class OutcomeUnavailableError extends IdempotencyError {
  override readonly name = 'OutcomeUnavailableError';
  readonly code = 'ERR_IDEMPOTENCY_OUTCOME_UNAVAILABLE';
  /** The answer is gone: no retry brings it back. */
  readonly statusCode = 410;
  readonly advice = 'ask-human';
  /** Whether an operator has refused the key: then it is not said that the method has run. */
  readonly isRefused: boolean;

  constructor(message: string, details: IdempotencyErrorDetails & { readonly isRefused?: boolean } = {}) {
    super(message, details);
    this.isRefused = details.isRefused ?? false;
  }
}

/** This call no longer holds its key. The reason of an aborted `signal`. Also thrown if the call has no other outcome. */
export class ClaimLostError extends IdempotencyError {
  override readonly name = 'ClaimLostError';
  readonly code = 'ERR_IDEMPOTENCY_CLAIM_LOST';
  readonly statusCode = 409;
  readonly advice = 'retry-later';
}

/** A running method called itself with its own key and would have waited for itself. */
export class ReentrantCallError extends IdempotencyError {
  override readonly name = 'ReentrantCallError';
  readonly code = 'ERR_IDEMPOTENCY_REENTRANT';
  readonly statusCode = 500;
  readonly advice = 'fix-code';
}

/**
 * The store's operation that failed. A call ends with such an error only if it has not run the method. Inside a method,
 * `completion()` may reject with step `replace`. If the method does not catch that, it is the method's own error.
 */
export type StoreStep = 'claim' | 'replace' | 'find';

/** The store failed. The engine throws it before the method runs. A store throws it for a record that it cannot take. */
export class StoreError extends IdempotencyError {
  override readonly name = 'StoreError';
  readonly code = 'ERR_IDEMPOTENCY_STORE';
  readonly statusCode = 503;
  /**
   * `fix-code` if the store can never take the record, or is set up or used wrongly. Otherwise `retry-later`. The status is
   * 503 for both, because a sender can only try again later.
   */
  readonly advice: 'retry-later' | 'fix-code';
  /** The store's operation that failed: `claim` makes a claim, `replace` writes over a record, `find` reads one. */
  declare readonly step?: StoreStep;
  /** Whether the record exceeds the store's size limit. */
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
    const { tooLarge = false, cause } = details;
    this.tooLarge = tooLarge;
    const isLasting = tooLarge || (cause instanceof IdempotencyError && cause.advice === 'fix-code');
    this.advice = details.advice ?? (isLasting ? 'fix-code' : 'retry-later');
  }
}

/** An operator's decision about a key does not fit its record: that has changed, or has an outcome. Nothing was written. */
export class NotResolvedError extends IdempotencyError {
  override readonly name = 'NotResolvedError';
  readonly code = 'ERR_IDEMPOTENCY_NOT_RESOLVED';
  readonly statusCode = 412;
  readonly advice = 'ask-human';
}

/** An option is wrong, or a decorator is on something that is not a method. */
export class ConfigurationError extends IdempotencyError {
  override readonly name = 'ConfigurationError';
  readonly code = 'ERR_IDEMPOTENCY_CONFIGURATION';
  readonly statusCode = 500;
  readonly advice = 'fix-code';
}

const brands = {
  '*': IdempotencyError,
  key: KeyError,
  'in-progress': InProgressError,
  fingerprint: FingerprintError,
  'outcome-unknown': OutcomeUnknownError,
  'attempts-exhausted': AttemptsExhaustedError,
  'outcome-unavailable': OutcomeUnavailableError,
  'claim-lost': ClaimLostError,
  reentrant: ReentrantCallError,
  store: StoreError,
  'not-resolved': NotResolvedError,
  configuration: ConfigurationError,
};
for (const [value, { prototype }] of Object.entries(brands))
  Object.defineProperty(prototype, brand, { value });
