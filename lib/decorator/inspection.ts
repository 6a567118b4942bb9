import type { Call } from '../engine/call/call.js';
import { forgetLocally } from '../engine/call/local-outcomes.js';
import { WrongResult } from '../engine/call/store-calls.js';
import { abandonedAt, inProgress, named, storeFault } from '../engine/call/verdict.js';
import { Claim } from '../engine/claim/claim.js';
import type { Operation } from '../engine/operation.js';
import { leaveRuns } from '../engine/waiting/local-runs.js';
import { ConfigurationError, InProgressError, StoreError } from '../errors.js';
import { kindOf } from '../options/wrong-option.js';
import { steadyNow } from '../process/steady-clock.js';
import { backoff, pause } from '../process/timers.js';
import { type IdempotencyRecord, isRecordOf } from '../record/persistence-store.js';
import { type InProgressState, readState } from '../record/record.js';
import { type RecordView, viewOf } from '../record/record-view.js';
import { isPlain } from '../values/class-facts.js';
import { classesOf } from '../values/classes.js';
import { declaredBy } from './declarations.js';
import type { ArgsOf, AsyncFunction, MethodName } from './decorator-types.js';
import { operationBehind } from './make-idempotent.js';

/**
 * The record that such a call would use, if there is one; nothing runs. Private methods go by their name with `#`.
 *
 * @throws {KeyError} where such a call would have no key.
 * @throws {StoreError} where the store fails.
 */
export function inspect<F extends AsyncFunction>(fn: F, ...args: ArgsOf<F>): Promise<RecordView | undefined>;
export function inspect(
  service: object,
  method: `#${string}`,
  ...args: readonly unknown[]
): Promise<RecordView | undefined>;
export function inspect<S extends object, K extends MethodName<S>>(
  service: S,
  method: K,
  ...args: ArgsOf<S[K]>
): Promise<RecordView | undefined>;
export async function inspect(...given: readonly unknown[]): Promise<RecordView | undefined> {
  const call = callOf('inspect', given);
  const record = await holderOf(call, LOOK);
  return record && viewOf(call.operation, record, call.settings.clockTolerance);
}

/** For how long `forget` follows a record that changes hands, in milliseconds. */
const PATIENCE = 5_000;

/** How `forget` treats a call that is running. */
export interface ForgetOptions {
  /** Whether to take the key away from a running call; its caller then gets a `ClaimLostError`. */
  readonly force: boolean;
}

/**
 * Frees the key that such a call would use, so that the next one runs the method: it puts a `released` record in
 * place of what was there. Resolves to whether there was anything. Other processes' `keepLocal` is out of reach.
 *
 * @throws {InProgressError} where an equal call is running, unless `forget({ force: true }, …)` is called.
 */
export function forget<F extends AsyncFunction>(fn: F, ...args: ArgsOf<F>): Promise<boolean>;
export function forget(service: object, method: `#${string}`, ...args: readonly unknown[]): Promise<boolean>;
export function forget<S extends object, K extends MethodName<S>>(
  service: S,
  method: K,
  ...args: ArgsOf<S[K]>
): Promise<boolean>;
export function forget<F extends AsyncFunction>(
  options: ForgetOptions,
  fn: F,
  ...args: ArgsOf<F>
): Promise<boolean>;
export function forget(
  options: ForgetOptions,
  service: object,
  method: `#${string}`,
  ...args: readonly unknown[]
): Promise<boolean>;
export function forget<S extends object, K extends MethodName<S>>(
  options: ForgetOptions,
  service: S,
  method: K,
  ...args: ArgsOf<S[K]>
): Promise<boolean>;
export async function forget(...given: readonly unknown[]): Promise<boolean> {
  const [first, ...rest] = given;
  const isForced = isForgetOptions(first) && first.force === true;
  const call = callOf('forget', isForgetOptions(first) ? rest : given);
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

function isForgetOptions(value: unknown): value is ForgetOptions {
  return (
    typeof value === 'object' && value !== null && isPlain(value) && Object.keys(value).join() === 'force'
  );
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
    `${call.operation}: an equal call is running (key ${call.key}), so the key was not freed; try again in ${retryAfter} s, or take it away from that call by forget({ force: true }, …)`,
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

/** The call that `inspect` or `forget` is asked about: of a function, or of a method by its name. */
function callOf(asked: string, [first, ...rest]: readonly unknown[]): Call {
  const behind = operationBehind(first);
  if (behind) return behind.prepare(undefined, rest);
  const [method, ...args] = rest;
  const operation = operationOf(first, method);
  if (operation) return operation.prepare(first, args);
  throw new ConfigurationError(
    `${asked}: there is no idempotent method ${missingMethod(first, method)} here; right would be ${asked}(service, 'method', ...args) with a method decorated with @Idempotent, or ${asked}(fn, ...args) with what makeIdempotent returned`,
  );
}

// After a function that is not idempotent, or after nothing, comes no name but an argument, which is nobody's business.
function missingMethod(self: unknown, method: unknown): string {
  if (typeof method !== 'symbol' && typeof method !== 'string') return '(no name given)';
  if (typeof (self as Record<PropertyKey, unknown> | undefined)?.[method] === 'function')
    return String(method);
  const known = classesOf(self)
    .flatMap(declaredBy)
    .map((one) => String(one.method));
  return `of that name in ${kindOf(self)}${known.length > 0 ? `, which has ${known.join(', ')}` : ''}`;
}

function operationOf(self: unknown, method: unknown): Operation | undefined {
  const isStatic = typeof self === 'function';
  for (const one of classesOf(self)) {
    const declared = declaredBy(one).find(
      (candidate) => candidate.method === method && candidate.isStatic === isStatic,
    );
    if (declared) return declared.operation;
  }
  return operationBehind((self as Record<PropertyKey, unknown> | undefined)?.[method as PropertyKey]);
}
