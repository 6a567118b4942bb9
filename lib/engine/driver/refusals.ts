import {
  AttemptsExhaustedError,
  ClaimLostError,
  FingerprintError,
  IdempotencyError,
  InProgressError,
  NotResolvedError,
  OutcomeUnavailableError,
  OutcomeUnknownError,
  ReentrantCallError,
  StoreError,
  type StoreStep,
} from '../../errors.js';
import { LAMBDA_MARGIN_MS } from '../../request/events/lambda.js';
import type { Denial, Loss, Refusal } from '../machine/events.js';
import type { Purpose } from '../machine/state.js';
import type { PreparedCall } from './prepared-call.js';

/** A store returned what no store may return. Its message contains no value of a user. */
export class WrongResult extends TypeError {
  constructor(step: StoreStep, what: string) {
    super(`${step}() resolved to ${what}; correct the store, by the contract of retrysafe/testing`);
  }
}

/** Returns the error of a call that was refused. `fault`: what its store call failed with. */
export function refusal(
  call: PreparedCall,
  refused: Refusal,
  purpose: Purpose,
  fault: unknown,
): IdempotencyError {
  switch (refused.reason) {
    case 'running':
      return inProgress(call, refused, purpose);
    case 'contended':
      return new InProgressError(
        `${call.operation}: other calls took the key again and again while this one asked for it (key ${call.key}); try again in a second, or let duplicates \`wait\` longer`,
        { ...named(call), retryAfter: 1 },
      );
    case 'ending':
      return new InProgressError(
        `${call.operation}: less than ${LAMBDA_MARGIN_MS} ms are left of this Lambda invocation, so nothing was begun (key ${call.key}); let the sender try again, or give the function a longer timeout`,
        { ...named(call), retryAfter: 1 },
      );
    case 'fingerprint':
      return new FingerprintError(
        `${call.operation}: the key ${call.key} was used before for a request with another fingerprint; send a new key with a new request`,
        named(call),
      );
    case 'unknown':
      return outcomeUnknown(call);
    case 'exhausted':
      return exhausted(call, refused);
    case 'unreadable':
      return new OutcomeUnavailableError(
        `${call.operation}: the record under ${call.key} cannot be read, since ${refused.why}, so that nobody can tell whether the work was done. It is not run by itself; use the version that wrote it, or find out, and \`recordOf(service, method, …args).forget()\` frees the key`,
        named(call),
      );
    case 'vanished':
      return storeError(
        call,
        'replace',
        // An error of ours, so that its words are repeated: the store could do nothing better next time.
        new StoreError(
          'its record vanished while it was taken over; try again, and let nothing remove records but what the store itself removes after they expired',
        ),
      );
    case 'changed':
      return new NotResolvedError(
        `${call.operation}: the record under ${call.key} has changed since it was read, so it was left alone; read it again, and decide anew`,
        named(call),
      );
    case 'completed':
      return new NotResolvedError(
        `${call.operation}: the record under ${call.key} has an outcome already, so it was left alone; to have another one, free the key by forget() first`,
        named(call),
      );
    case 'changing':
      return purposeError(
        call,
        'replace',
        new StoreError('other calls replaced the record at each attempt; try again when they have ended'),
        purpose,
      );
    case 'store':
      return purpose === 'run'
        ? storeError(call, refused.step, fault)
        : purposeError(call, refused.step, fault, purpose);
  }
}

function inProgress(
  call: PreparedCall,
  { lapsesInMs, startedAt }: Extract<Refusal, { readonly reason: 'running' }>,
  purpose: Purpose,
): InProgressError {
  const retryAfter = Math.max(1, Math.ceil(lapsesInMs / 1_000));
  const message =
    purpose === 'run'
      ? `an equal call is still running (key ${call.key}); try again in ${retryAfter} s, or let duplicates \`wait\` longer`
      : `an equal call is running (key ${call.key}), so the record was left alone; try again in ${retryAfter} s, or take the key from that call with ${call.resolution?.as === 'forgotten' ? 'forget({ force: true })' : 'the option `force`'}`;
  return new InProgressError(`${call.operation}: ${message}`, { ...named(call), retryAfter, startedAt });
}

function exhausted(
  call: PreparedCall,
  { attempts, recoveries }: Extract<Refusal, { readonly reason: 'exhausted' }>,
): AttemptsExhaustedError {
  const { maxAttempts } = call.settings;
  const what =
    attempts < maxAttempts
      ? `its recovery function was asked ${recoveries} times without a decision`
      : `its method was started ${attempts === 1 ? 'once' : `${attempts} times`} without an outcome`;
  return new AttemptsExhaustedError(
    `${call.operation}: ${what}, and maxAttempts is ${maxAttempts} (key ${call.key}); mend what fails and find out whether the work was done, then decide by \`recordOf(…).resolve()\` or \`npx retrysafe resolve\` what equal calls get: run-again permits one more run`,
    { ...named(call), attempts },
  );
}

export function outcomeUnknown(call: PreparedCall): OutcomeUnknownError {
  const otherwise =
    call.settings.onAbandoned === 'refuse'
      ? ', or let `onAbandoned` be a function that finds out'
      : '; `onAbandoned` refused it this time, and is asked again by the next equal call';
  return new OutcomeUnknownError(
    `${call.operation}: an earlier call ended without a recorded outcome (key ${call.key}); find out whether its work was done, then decide by \`recordOf(…).resolve()\` or \`npx retrysafe resolve\` what equal calls get${otherwise}`,
    named(call),
  );
}

/** `isDecided`: an operator decided that there is none. */
export function unavailable(call: PreparedCall, reason: string, isDecided: boolean): OutcomeUnavailableError {
  const what = isDecided
    ? 'an operator decided that this call gets no outcome and runs no more'
    : 'the work was done before, but its outcome cannot be had';
  return new OutcomeUnavailableError(
    `${call.operation}: ${what}: ${reason} (key ${call.key}). It is not run again by itself; \`recordOf(service, method, …args).forget()\` frees the key if it should be`,
    { ...named(call), isRefused: isDecided },
  );
}

export function reentrant(call: PreparedCall): ReentrantCallError {
  return new ReentrantCallError(
    `${call.operation}: it was called from inside its own run with the same key ${call.key} and would wait for itself; call it with another key, or call what it does directly`,
    named(call),
  );
}

const LOSSES: Readonly<Record<Loss, string>> = {
  taken: 'another call took it over',
  lapsed: 'its lease lapsed',
  'not-renewed': 'it is not renewed any longer',
};

/** Returns the reason of the signal of a method whose claim is lost. */
export function claimLost(call: PreparedCall, loss: Loss): ClaimLostError {
  return new ClaimLostError(
    `${call.operation}: the claim on ${call.key} is lost, ${LOSSES[loss]}; stop working, another call may do the same`,
    named(call),
  );
}

/** Returns the error of a call whose claim was lost while its method ran, where the call that took over left no outcome. */
export function noSuccessor(call: PreparedCall, cause: { readonly cause?: unknown }): ClaimLostError {
  return new ClaimLostError(
    `${call.operation}: the claim on ${call.key} was lost while the method ran, and there is no outcome of the call that took it over; send the request again to get one`,
    { ...named(call), ...cause },
  );
}

const DENIALS: Readonly<Record<Exclude<Denial, 'lost' | 'unanswered' | 'late'>, string>> = {
  open: 'it runs without a claim, since the store could not be reached',
  returned: 'the method has returned already',
  applied: 'an earlier completion of it was applied',
  taken: 'another call took it over',
};

/** Returns the error of a method that asked for its completion and gets none. */
export function noCompletion(
  call: PreparedCall,
  why: Exclude<Denial, 'lost'>,
  fault?: unknown,
): IdempotencyError {
  if (why !== 'unanswered' && why !== 'late') {
    return new ClaimLostError(
      `${call.operation}: no completion of ${call.key} can be had, ${DENIALS[why]}; do not begin the transaction`,
      named(call),
    );
  }
  const advice =
    why === 'late'
      ? '; ask for the completion before the transaction begins, which may hold the only connection that the store has'
      : '';
  return new StoreError(
    `${call.operation}: the claim on ${call.key} could not be renewed before its completion${advice}; do not begin the transaction`,
    { ...named(call), step: 'replace', cause: fault },
  );
}

/** Returns the error of a call whose method asked for a completion and returned without having written it. */
export function notApplied(call: PreparedCall, isUnanswered: boolean): OutcomeUnknownError {
  const what = isUnanswered
    ? 'whether that completion was applied cannot be told, since the store does not answer; send the request again'
    : 'that completion was not applied; let a failed transaction throw. Find out whether the work was done: the next equal call runs again unless `onAbandoned` says otherwise';
  return new OutcomeUnknownError(
    `${call.operation}: the method asked for a completion of ${call.key} and returned, but ${what}`,
    { ...named(call), ...(isUnanswered && { advice: 'retry-later' as const }) },
  );
}

/** The store failed before the method ran. */
function storeError(call: PreparedCall, step: StoreStep, cause: unknown): StoreError {
  const mayRunOpen = step === 'claim' && call.settings.onStoreFailure === 'throw';
  const advice = `Try again when the store answers${mayRunOpen ? ", or choose onStoreFailure: 'run'" : ''}`;
  const what = `the store failed at ${step}, so the method did not run in this call`;
  return storeFault(call, step, cause, what, advice);
}

/** The store failed where nothing was to run. */
function purposeError(call: PreparedCall, step: StoreStep, cause: unknown, purpose: Purpose): StoreError {
  if (purpose === 'inspect')
    return storeFault(
      call,
      step,
      cause,
      'the store did not return the record under the key, so `inspect` has no result',
      'Call `inspect` again when the store answers',
    );
  if (call.resolution?.as === 'forgotten')
    return storeFault(
      call,
      step,
      cause,
      'the store did not confirm that the key was freed',
      'Call `forget` again when the store answers; a key that is already free stays free',
    );
  return storeFault(
    call,
    step,
    cause,
    'the store did not confirm that the decision was recorded',
    'Look at the record when the store answers, and call `resolve` again where it is as it was',
  );
}

function storeFault(
  call: PreparedCall,
  step: StoreStep,
  cause: unknown,
  what: string,
  advice: string,
): StoreError {
  // An error of ours has no payload in its message. What others say is for the log, as the cause.
  const why =
    cause instanceof IdempotencyError || cause instanceof WrongResult
      ? `: ${cause.message}`
      : ` for the reason that is this error's \`cause\`. ${advice}`;
  return new StoreError(`${call.operation}: ${what} (key ${call.key})${why}`, {
    ...named(call),
    step,
    cause,
    tooLarge: cause instanceof StoreError && cause.tooLarge,
    ...(cause instanceof WrongResult && { advice: 'fix-code' as const }),
  });
}

/** What an error about a call names. */
export function named({ operation, key }: PreparedCall): {
  readonly operation: string;
  readonly key: string;
} {
  return { operation, key };
}
