import { type ErrorAdvice, IdempotencyError, type IdempotencyErrorDetails } from '../../errors.js';
import type { KeyFault } from './key-header.js';

/** Why a guard refuses a request before anything is asked of the store. */
export type RequestFault =
  | KeyFault
  | 'unscoped'
  | 'body-too-large'
  | 'too-many-in-flight'
  | 'encoding-refused';

const statuses: Readonly<Record<RequestFault, number>> = {
  'key-missing': 400,
  'key-malformed': 400,
  'key-too-long': 400,
  'key-repeated': 400,
  unscoped: 401,
  'body-too-large': 413,
  'too-many-in-flight': 429,
  'encoding-refused': 406,
};

/** A guard refused a request. Nothing ran, and nothing was asked of the store, except for `encoding-refused`: there an answer is recorded. */
export class RequestRefusedError extends IdempotencyError {
  override readonly name = 'RequestRefusedError';
  readonly code = 'ERR_IDEMPOTENCY_REQUEST';
  readonly statusCode: number;
  readonly advice: ErrorAdvice;
  readonly fault: RequestFault;

  constructor(
    message: string,
    details: IdempotencyErrorDetails & { readonly fault: RequestFault; readonly statusCode?: number },
  ) {
    super(message, details);
    this.fault = details.fault;
    this.statusCode = details.statusCode ?? statuses[details.fault];
    this.advice = details.fault === 'too-many-in-flight' ? 'retry-later' : 'fix-request';
  }
}

Object.defineProperty(RequestRefusedError.prototype, Symbol.for('retrysafe.error'), { value: 'request' });
