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

/** How `forget` treats a call that is running. */
export interface ForgetOptions {
  /** Whether to take the key away from a running call; its caller then gets a `ClaimLostError`. Default: `false`. */
  readonly force?: boolean;
}

/** What can be done about the record under one idempotency key. The key stays that of the moment the handle was made. */
export interface RecordHandle {
  readonly operation: string;
  /** The idempotency key, as errors, events and records name it. */
  readonly key: string;
  /**
   * Reads the record by a consistent read; `undefined` where there is none, or it has expired. Nothing runs.
   *
   * @throws {StoreError} where the store fails.
   */
  inspect(): Promise<RecordView | undefined>;
  /**
   * Frees the key, so that the next call runs the method: it puts a `released` record in place of what was there.
   * Resolves to whether there was anything. Other processes' `keepLocal` is out of reach.
   *
   * @throws {InProgressError} where a call is running under the key, unless `force` is `true`.
   * @throws {StoreError} where the store fails.
   */
  forget(options?: ForgetOptions): Promise<boolean>;
}

/** The handle of the record that `call` uses. It keeps nothing of the call's arguments. */
export function handleOf({ operation, settings, store, key, fingerprint, endsAt }: Call): RecordHandle {
  const identity = { key, ...(fingerprint !== undefined && { fingerprint }) };
  // Each use is one of its own: a call knows how long it has taken, and what it was told.
  const fresh = () => new Call(operation, settings, store, identity, undefined, [], endsAt);
  return {
    operation,
    key,
    inspect: () => inspect(fresh()),
    forget: async (options = {}) => forget(fresh(), isForced(operation, options)),
  };
}

// Taking a key away from a running call is nothing to do by a misspelt option, and nothing to leave undone by one.
function isForced(operation: string, options: ForgetOptions): boolean {
  const isObject = typeof options === 'object' && options !== null;
  const isRight =
    isObject &&
    Object.keys(options).every((name) => name === 'force') &&
    ['boolean', 'undefined'].includes(typeof options.force);
  if (isRight) return options.force === true;
  throw new ConfigurationError(
    `${operation}: forget() was called with ${isObject ? 'options that it does not have' : kindOf(options)}; expected forget() or forget({ force: true })`,
    { operation },
  );
}

async function inspect(call: Call): Promise<RecordView | undefined> {
  const record = await holderOf(call, LOOK);
  return record && viewOf(call.operation, record, call.settings.clockTolerance);
}

/** For how long `forget` follows a record that changes hands, in milliseconds. */
const PATIENCE = 5_000;

async function forget(call: Call, isForced: boolean): Promise<boolean> {
  try {
    const isFreed = await release(call, new Claim(call), isForced);
    // Calls that come from now on must not join one that was under way: it may be told what was forgotten.
    leaveRuns(call);
    return isFreed;
  } finally {
    // After the write, which may have been done where it failed: an equal call may have kept the outcome meanwhile.
    forgetLocally(call);
  }
}

async function release(call: Call, claim: Claim, isForced: boolean): Promise<boolean> {
  const until = steadyNow() + PATIENCE;
  let round = 0;
  for (let holder = await holderOf(call, FORGET); holder; round += 1) {
    const state = readState(holder);
    if (state.status === 'released') return false;
    if (state.status === 'in-progress' && !isForced && Date.now() < abandonedAt(call, state))
      throw isRunning(call, state);
    const fencingToken = state.status === 'unreadable' ? Date.now() : state.fencingToken;
    const expiresAt = call.unsettledExpiry(Date.now());
    // Without a fingerprint: what comes next may be another request.
    const released = claim.draft({ status: 'released', attempt: 0, fencingToken }, expiresAt, {
      fingerprint: undefined,
    });
    const written = await claim.follow(released, holder.token);
    if (written.kind === 'unanswered') throw storeFault(call, 'replace', written.fault, ...FORGET);
    if (written.kind === 'taken') {
      holder = written.holder;
      const delay = backoff(round);
      if (steadyNow() + delay >= until)
        throw storeFault(
          call,
          'replace',
          new StoreError('the record changes hands again and again; try again when its calls have ended'),
          ...FORGET,
        );
      // A renewal may come between once; whoever meets a write each time lets others have a turn.
      if (round > 0) await pause(delay);
      continue;
    }
    return written.kind !== 'missing';
  }
  return false;
}

/** What is said where the store fails, and what to do. */
type Words = readonly [what: string, advice: string];
const LOOK: Words = [
  'the store did not tell what it keeps under the key, so `inspect` has no answer',
  'Call `inspect` again when the store answers',
];
const FORGET: Words = [
  'the store did not tell whether the key was freed',
  'Call `forget` again when the store answers: a key that is free already stays so',
];

function isRunning(call: Call, state: InProgressState): InProgressError {
  const { retryAfter } = inProgress(call, state);
  return new InProgressError(
    `${call.operation}: an equal call is running (key ${call.key}), so the key was not freed; try again in ${retryAfter} s, or take it away from that call by forget({ force: true })`,
    { ...named(call), retryAfter },
  );
}

async function holderOf(call: Call, words: Words): Promise<IdempotencyRecord | undefined> {
  const answer = await call.ask('find', () => call.store.find(call.key, { consistent: true }));
  if ('fault' in answer) throw storeFault(call, 'find', answer.fault, ...words);
  const { value: record } = answer;
  if (record && !isRecordOf(call.key, record))
    throw storeFault(call, 'find', new WrongResult('find', 'something that is no record'), ...words);
  return record && record.expiresAt > Date.now() ? record : undefined;
}
