import {
  FingerprintError,
  IdempotencyError,
  InProgressError,
  OutcomeUnavailableError,
  OutcomeUnknownError,
  StoreError,
  type StoreStep,
} from '../../errors.js';
import { type IdempotencyRecord, isRecordOf } from '../../record/persistence-store.js';
import {
  type CompletedState,
  type InProgressState,
  type RecordState,
  readState,
} from '../../record/record.js';
import type { Call } from './call.js';
import { WrongResult } from './store-calls.js';

/** The state that a claim was taken over from. */
export interface TakenOver {
  readonly from: 'released' | 'abandoned' | 'unknown';
  readonly state: RecordState;
}

/** What a call does about the record that holds its key. */
export type Verdict =
  | { readonly kind: 'replay' }
  | { readonly kind: 'wait'; readonly state: InProgressState }
  /** The record has expired: claim once more. */
  | { readonly kind: 'claim' }
  | ({ readonly kind: 'take-over' } & TakenOver)
  | { readonly kind: 'refuse'; readonly error: Error };

/** Judges a record that a claim or a replace answered with. */
export function judge(call: Call, record: IdempotencyRecord, now: number): Verdict {
  if (record.expiresAt <= now) return { kind: 'claim' };
  const state = readState(record);
  if (state.status === 'unreadable') return refuse(unreadable(call, state.reason));
  if (differs(call, state)) return refuse(fingerprintError(call));
  switch (state.status) {
    case 'completed':
      return { kind: 'replay' };
    case 'released':
      return { kind: 'take-over', from: 'released', state };
    case 'unknown':
      return byPolicy(call, 'unknown', state);
    case 'in-progress':
      return now < abandonedAt(call, state) ? { kind: 'wait', state } : byPolicy(call, 'abandoned', state);
  }
}

/** Whether a record that was merely found, and may be stale, has the outcome of this call. */
export function isOutcomeOf(
  call: Call,
  record: IdempotencyRecord | undefined,
  now: number,
): record is IdempotencyRecord & { state: CompletedState } {
  if (!isRecordOf(call.key, record) || record.expiresAt <= now) return false;
  const state = readState(record);
  return state.status === 'completed' && !differs(call, state);
}

/** From when on a claim in progress may be taken over. */
export function abandonedAt(call: Call, { leaseUntil }: InProgressState): number {
  return leaseUntil + call.settings.clockTolerance;
}

// A record or a call without a fingerprint comes from before or after a change of that option.
function differs({ fingerprint }: Call, state: RecordState): boolean {
  return fingerprint !== undefined && state.fingerprint !== undefined && fingerprint !== state.fingerprint;
}

function byPolicy(call: Call, from: 'abandoned' | 'unknown', state: RecordState): Verdict {
  return call.settings.onAbandoned === 'refuse'
    ? refuse(outcomeUnknown(call))
    : { kind: 'take-over', from, state };
}

function refuse(error: Error): Verdict {
  return { kind: 'refuse', error };
}

export function inProgress(call: Call, state: InProgressState): InProgressError {
  const retryAfter = Math.max(1, Math.ceil((abandonedAt(call, state) - Date.now()) / 1_000));
  return new InProgressError(
    `${call.operation}: an equal call is still running (key ${call.key}); try again in ${retryAfter} s, or let duplicates \`wait\` longer`,
    { ...named(call), retryAfter },
  );
}

export function outcomeUnknown(call: Call): OutcomeUnknownError {
  const otherwise =
    call.settings.onAbandoned === 'refuse'
      ? ', or let `onAbandoned` be a function that finds out'
      : '; `onAbandoned` refused it this time, and is asked again by the next equal call';
  return new OutcomeUnknownError(
    `${call.operation}: an earlier call ended without a recorded outcome (key ${call.key}); find out whether its work was done, then free the key by \`recordOf(…).forget()\` to allow another run${otherwise}`,
    named(call),
  );
}

export function unavailable(call: Call, reason: string): OutcomeUnavailableError {
  return new OutcomeUnavailableError(
    `${call.operation}: the work was done before, but its outcome cannot be had: ${reason} (key ${call.key}). It is not run again by itself; \`recordOf(service, method, …args).forget()\` frees the key if it should be`,
    named(call),
  );
}

// A call may be running under it, or have done its work: that cannot be told either.
function unreadable(call: Call, reason: string): OutcomeUnavailableError {
  return new OutcomeUnavailableError(
    `${call.operation}: the record under ${call.key} cannot be read, since ${reason}, so that nobody can tell whether the work was done. It is not run by itself; use the version that wrote it, or find out, and \`recordOf(service, method, …args).forget()\` frees the key`,
    named(call),
  );
}

function fingerprintError(call: Call): FingerprintError {
  return new FingerprintError(
    `${call.operation}: the key ${call.key} was used before for a request with another fingerprint; send a new key with a new request`,
    named(call),
  );
}

/** The store failed before the method ran. */
export function storeError(call: Call, step: StoreStep, cause: unknown): StoreError {
  const mayRunOpen = step === 'claim' && call.settings.onStoreFailure === 'throw';
  const advice = `Try again when the store answers${mayRunOpen ? ", or choose onStoreFailure: 'run'" : ''}`;
  const what = `the store failed at ${step}, so the method did not run in this call`;
  return storeFault(call, step, cause, what, advice);
}

/** The store failed where nothing was to run. */
export function storeFault(
  call: Call,
  step: StoreStep,
  cause: unknown,
  what: string,
  advice: string,
): StoreError {
  // What an error of ours says has no payload; what others say is for the log, by way of the cause.
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
export function named({ operation, key }: Call): { readonly operation: string; readonly key: string } {
  return { operation, key };
}
