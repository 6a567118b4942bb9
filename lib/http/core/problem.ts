import {
  IdempotencyError,
  InProgressError,
  KeyError,
  type KeyOption,
  OutcomeUnavailableError,
  OutcomeUnknownError,
} from '../../errors.js';
import { type RequestFault, RequestRefusedError } from './request-refused-error.js';

/** What a problem is called at the end of its `type`. */
export type ProblemName =
  | RequestFault
  | 'request-not-comparable'
  | 'in-progress'
  | 'key-reused'
  | 'outcome-unknown'
  | 'outcome-unconfirmed'
  | 'outcome-unavailable'
  | 'claim-lost'
  | 'not-resolved'
  | 'refused'
  | 'store-unavailable'
  | 'misconfigured';

/** A problem as RFC 9457 describes it (section 3.1). None of its members has anything of the request in it. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
}

/** The answer to a request that was refused. */
export interface ProblemAnswer {
  readonly status: number;
  /** `content-type`, and `retry-after` in seconds where the same request may succeed later. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Problem;
}

/** Options of `problemOf`. */
export interface ProblemOptions {
  /** What stands before a problem's name in its `type`. Default: `'urn:retrysafe:problem:'`. */
  readonly types?: string;
  /** Seconds for `Retry-After`, where the problem has that. Default: those of an `InProgressError`, otherwise 1. */
  readonly retryAfter?: number;
}

export const DEFAULT_PROBLEM_TYPES = 'urn:retrysafe:problem:';

interface Text {
  readonly title: string;
  readonly detail: string;
  /** Whether the same request may succeed later, by itself. */
  readonly isRetryable?: true;
}

const ANOTHER_KEY = 'Send a new key with a new request.';

const texts: Readonly<Record<ProblemName, Text>> = {
  'key-missing': {
    title: 'The idempotency key is missing',
    detail:
      'Send the header with a value that is unique for this request, and send the same value when you retry it.',
  },
  'key-malformed': {
    title: 'The idempotency key is malformed',
    detail:
      'Send a string in double quotes (RFC 9651), or a value without quotes that has no comma, space, control or non-ASCII character.',
  },
  'key-too-long': {
    title: 'The idempotency key is too long',
    detail: 'Send a shorter key, such as a UUID.',
  },
  'key-repeated': {
    title: 'The request has several idempotency keys',
    detail: 'Send the header once.',
  },
  unscoped: {
    title: 'The caller is not known',
    detail: 'Authenticate the request: a key belongs to the caller that sent it.',
  },
  'body-too-large': {
    title: 'The body is too large',
    detail: 'Send a smaller body: this one cannot be compared with the body of a retry.',
  },
  'too-many-in-flight': {
    title: 'Too many requests are under way',
    detail: 'Send the request again when earlier ones have been answered.',
    isRetryable: true,
  },
  'encoding-refused': {
    title: 'The recorded answer has an encoding that this request does not accept',
    detail: 'Send the same Accept-Encoding as with the first request.',
  },
  'request-not-comparable': {
    title: 'The request cannot be compared with a retry',
    detail: 'Send a body of another form: this one has a part that would be the same in different requests.',
  },
  'in-progress': {
    title: 'A request with this key is being processed',
    detail: 'Send the same request again later to get its answer.',
    isRetryable: true,
  },
  'key-reused': {
    title: 'The key was used for another request',
    detail: `This key belongs to a request with another path, query, content type or body. ${ANOTHER_KEY}`,
  },
  'outcome-unknown': {
    title: 'It is not known what became of the first request',
    detail:
      'An earlier request with this key ended without a recorded answer. Find out whether it took effect before you send it with a new key. A retry with the same key gets this answer again.',
  },
  'outcome-unconfirmed': {
    title: 'The answer could not be confirmed',
    detail: 'Send the same request again later to learn what became of it.',
    isRetryable: true,
  },
  'outcome-unavailable': {
    title: 'The answer is no longer available',
    detail:
      'The first request with this key took effect, and its answer was not kept. A retry with the same key gets this answer again.',
  },
  'claim-lost': {
    title: 'The request was taken over',
    detail: 'Send the same request again to get its answer.',
    isRetryable: true,
  },
  refused: {
    title: 'The request is not carried out',
    detail:
      'Somebody at the service decided that a request with this key gets no answer. Ask there what became of it.',
  },
  'not-resolved': {
    title: 'The decision came too late',
    detail: 'Nothing was changed. Read what stands there now, and decide anew.',
  },
  'store-unavailable': {
    title: 'The service is not available',
    detail: 'Nothing was done. Send the same request again later.',
    isRetryable: true,
  },
  misconfigured: {
    title: 'The service is not set up correctly',
    detail: 'Nothing was done. The operator of the service has to correct it.',
  },
};

/**
 * Returns the answer to a request whose call ended with an error of this library, or `undefined` for any other error. It has
 * no operation, key, digest or message of the error: those are for the service's log.
 */
export function problemOf(
  error: unknown,
  { types = DEFAULT_PROBLEM_TYPES, retryAfter }: ProblemOptions = {},
): ProblemAnswer | undefined {
  if (!(error instanceof IdempotencyError)) return undefined;
  const name = nameOf(error);
  const { title, detail, isRetryable } = texts[name];
  const { statusCode: status } = error;
  const seconds = retryAfter ?? (error instanceof InProgressError ? error.retryAfter : 1);
  return {
    status,
    headers: {
      'content-type': 'application/problem+json',
      ...(isRetryable && { 'retry-after': String(seconds) }),
    },
    body: { type: types + name, title, status, detail },
  };
}

const problemsOfKeys: Readonly<Record<KeyOption, ProblemName>> = {
  key: 'key-malformed',
  scope: 'unscoped',
  fingerprint: 'request-not-comparable',
};

function nameOf(error: IdempotencyError): ProblemName {
  if (error instanceof RequestRefusedError) return error.fault;
  switch (error.code) {
    case 'ERR_IDEMPOTENCY_KEY':
      return error instanceof KeyError ? problemsOfKeys[error.option] : 'key-malformed';
    case 'ERR_IDEMPOTENCY_IN_PROGRESS':
      return 'in-progress';
    case 'ERR_IDEMPOTENCY_FINGERPRINT':
      return 'key-reused';
    case 'ERR_IDEMPOTENCY_OUTCOME_UNKNOWN':
      return error instanceof OutcomeUnknownError && error.advice === 'retry-later'
        ? 'outcome-unconfirmed'
        : 'outcome-unknown';
    // How often it was tried is the service's own concern.
    case 'ERR_IDEMPOTENCY_ATTEMPTS_EXHAUSTED':
      return 'outcome-unknown';
    case 'ERR_IDEMPOTENCY_OUTCOME_UNAVAILABLE':
      return error instanceof OutcomeUnavailableError && error.isRefused ? 'refused' : 'outcome-unavailable';
    case 'ERR_IDEMPOTENCY_CLAIM_LOST':
      return 'claim-lost';
    case 'ERR_IDEMPOTENCY_NOT_RESOLVED':
      return 'not-resolved';
    case 'ERR_IDEMPOTENCY_STORE':
      return 'store-unavailable';
    default:
      return 'misconfigured';
  }
}
