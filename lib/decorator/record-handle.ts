import { Call } from '../engine/call/call.js';
import { forgetLocally } from '../engine/call/local-outcomes.js';
import { WrongResult } from '../engine/call/store-calls.js';
import { abandonedAt, inProgress, named, storeFault } from '../engine/call/verdict.js';
import { Claim } from '../engine/claim/claim.js';
import { leaveRuns } from '../engine/waiting/local-runs.js';
import { ConfigurationError, InProgressError, StoreError } from '../errors.js';
import { kindOf } from '../options/wrong-option.js';
import { steadyNow } from '../process/steady-clock.js';
import { backoff, pause } from '../process/timers.js';
import { type IdempotencyRecord, isRecordOf } from '../record/persistence-store.js';
import { type InProgressState, readState } from '../record/record.js';
import { type RecordView, viewOf } from '../record/record-view.js';

/** What `forget` does while a call is running. */
export interface ForgetOptions {
  /** Whether `forget` takes the key from a running call. That call then ends with a `ClaimLostError`. Default: `false`. */
  readonly force?: boolean;
}

/** Inspects or forgets the record under one idempotency key. The key is fixed when the handle is made. */
export interface RecordHandle {
  readonly operation: string;
  /** The idempotency key, as it is in errors, events and records. */
  readonly key: string;
  /**
   * Reads the record with a consistent read. Resolves to `undefined` if there is none or it has expired. No method runs.
   *
   * @throws {StoreError} if the store fails.
   */
  inspect(): Promise<RecordView | undefined>;
  /**
   * Frees the key, so that the next call runs the method. Writes a `released` record in place of the present one.
   * Resolves to `true` if there was a record to release. Outcomes that other processes keep by `keepLocal` stay there.
   *
   * @throws {InProgressError} if a call is running under the key and `force` is not `true`.
   * @throws {StoreError} if the store fails.
   */
  forget(options?: ForgetOptions): Promise<boolean>;
}

/** Returns the handle of the record that `call` uses. The handle does not hold the call's arguments. */
export function handleOf({ operation, settings, store, key, fingerprint, endsAt }: Call): RecordHandle {
  const identity = { key, ...(fingerprint !== undefined && { fingerprint }) };
  // Each use makes a new call, because a call stores its start time and what the store has returned to it.
  const newCall = () => new Call(operation, settings, store, identity, undefined, [], endsAt);
  return {
    operation,
    key,
    inspect: () => inspect(newCall()),
    forget: async (options = {}) => forget(newCall(), isForced(operation, options)),
  };
}

// A wrong option throws. A guess at its meaning could take the key from a running call, or leave the key in use.
function isForced(operation: string, options: ForgetOptions): boolean {
  const isObject = typeof options === 'object' && options !== null;
  const isValid =
    isObject &&
    Object.keys(options).every((name) => name === 'force') &&
    ['boolean', 'undefined'].includes(typeof options.force);
  if (isValid) return options.force === true;
  throw new ConfigurationError(
    `${operation}: forget() was called with ${isObject ? 'options that it does not accept' : kindOf(options)}; expected forget() or forget({ force: true })`,
    { operation },
  );
}

async function inspect(call: Call): Promise<RecordView | undefined> {
  const record = await holderOf(call, INSPECT_FAULT);
  return record && viewOf(call.operation, record, call.settings.clockTolerance);
}

/** How long `forget` retries while other calls replace the record. */
const PATIENCE_MS = 5_000;

async function forget(call: Call, isForced: boolean): Promise<boolean> {
  try {
    const isFreed = await release(call, new Claim(call), isForced);
    // A later call must not join a run that began before: the run may end with the outcome that was forgotten.
    leaveRuns(call);
    return isFreed;
  } finally {
    // This happens after the write, because an equal call may have kept the outcome in the meantime. It also happens
    // after a write that failed, because the store may have done the write all the same.
    forgetLocally(call);
  }
}

async function release(call: Call, claim: Claim, isForced: boolean): Promise<boolean> {
  const retryUntil = steadyNow() + PATIENCE_MS;
  let retries = 0;
  for (let holder = await holderOf(call, FORGET_FAULT); holder; retries += 1) {
    const state = readState(holder);
    if (state.status === 'released') return false;
    if (state.status === 'in-progress' && !isForced && Date.now() < abandonedAt(call, state))
      throw isRunning(call, state);
    const fencingToken = state.status === 'unreadable' ? Date.now() : state.fencingToken;
    const expiresAt = call.unsettledExpiry(Date.now());
    // The record gets no fingerprint, because the next call may be for another request.
    const released = claim.draft({ status: 'released', attempt: 0, fencingToken }, expiresAt, {
      fingerprint: undefined,
    });
    const written = await claim.follow(released, holder.token);
    if (written.kind === 'unanswered') throw storeFault(call, 'replace', written.fault, ...FORGET_FAULT);
    if (written.kind === 'taken') {
      holder = written.holder;
      const delay = backoff(retries);
      if (steadyNow() + delay >= retryUntil)
        throw storeFault(
          call,
          'replace',
          new StoreError('other calls replaced the record at each attempt; try again when they have ended'),
          ...FORGET_FAULT,
        );
      // The first conflict may be a single renewal, so the first retry is immediate. Later ones pause to let others write.
      if (retries > 0) await pause(delay);
      continue;
    }
    return written.kind !== 'missing';
  }
  return false;
}

/** What the error says if the store fails: what is not known, and what to do next. */
type FaultText = readonly [what: string, advice: string];
const INSPECT_FAULT: FaultText = [
  'the store did not return the record under the key, so `inspect` has no result',
  'Call `inspect` again when the store answers',
];
const FORGET_FAULT: FaultText = [
  'the store did not confirm that the key was freed',
  'Call `forget` again when the store answers; a key that is already free stays free',
];

function isRunning(call: Call, state: InProgressState): InProgressError {
  const { retryAfter } = inProgress(call, state);
  return new InProgressError(
    `${call.operation}: an equal call is running (key ${call.key}), so the key was not freed; try again in ${retryAfter} s, or take the key from that call with forget({ force: true })`,
    { ...named(call), retryAfter },
  );
}

async function holderOf(call: Call, faultText: FaultText): Promise<IdempotencyRecord | undefined> {
  const answer = await call.ask('find', () => call.store.find(call.key, { consistent: true }));
  if ('fault' in answer) throw storeFault(call, 'find', answer.fault, ...faultText);
  const { value: record } = answer;
  if (record && !isRecordOf(call.key, record))
    throw storeFault(call, 'find', new WrongResult('find', 'a value that is not a record'), ...faultText);
  return record && record.expiresAt > Date.now() ? record : undefined;
}
