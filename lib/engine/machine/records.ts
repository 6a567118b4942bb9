import { instantAfter } from '../../record/instants.js';
import { type IdempotencyRecord, isRecordOf } from '../../record/persistence-store.js';
import {
  type CompletedState,
  FORMAT,
  type InProgressState,
  lapsesAt,
  type RecordState,
  readState,
  type StoredOutcome,
  unknownFields,
  unresolvedExpiry,
  unsettledExpiry,
} from '../../record/record.js';
import { aboutCompleted, aboutRunning } from './about.js';
import { newTerm } from './budgets.js';
import type { CallState, Request, Rules } from './state.js';
import type { Step } from './step.js';

/**
 * Makes a record under a token that no other record ever bears. An unfinished one keeps what the record before it has and this
 * version does not know.
 */
export function draft(
  step: Step,
  own: RecordState,
  expiresAt: number,
  before?: RecordState,
): IdempotencyRecord {
  const { fingerprint } = step.call;
  // Neither is done by spreading: that takes longer than all else in the machine.
  if (fingerprint !== undefined) (own as { fingerprint?: string }).fingerprint = fingerprint;
  if (before) Object.assign(own, unknownFields(before));
  return draftAnew(step, own, expiresAt);
}

/** Makes a record that has nothing of its call, nor of the record before it. */
export function draftAnew({ call }: Step, state: RecordState, expiresAt: number): IdempotencyRecord {
  call.sent += 1;
  return { key: call.key, token: `${call.owner}.${call.sent}`, expiresAt, state };
}

/** What identifies a run in its records. */
export type Run = Pick<RecordState, 'attempt' | 'fencingToken' | 'recoveries'>;

/** Makes the record of a lease that begins now. */
export function draftInProgress(
  step: Step,
  { attempt, fencingToken, recoveries }: Run,
  before?: RecordState,
): IdempotencyRecord {
  const { rules, call } = step;
  const term = newTerm(step);
  const own: Own<InProgressState> = {
    format: FORMAT,
    status: 'in-progress' as const,
    attempt,
    fencingToken,
    startedAt: call.startedAt,
    leaseUntil: term.until,
    about: aboutRunning(step, fencingToken, before !== undefined && before === call.confirmed?.state),
  };
  if (recoveries) own.recoveries = recoveries;
  const record = draft(step, own, unresolved(rules, term.until), before);
  const sent = { token: record.token, term };
  // A list that has grown has room for sixteen more.
  if (call.sentTerms.length === 0) call.sentTerms = [sent];
  else call.sentTerms.push(sent);
  return record;
}

/** Makes the record of an outcome. */
export function draftCompleted(
  step: Step,
  { attempt, fencingToken }: Pick<RecordState, 'attempt' | 'fencingToken'>,
  { outcome, completedAt, ttlMs }: Ended,
): IdempotencyRecord {
  const { fingerprint } = step.call;
  const own: Own<CompletedState> = {
    format: FORMAT,
    status: 'completed' as const,
    attempt,
    fencingToken,
    completedAt,
  } as CompletedState;
  if (fingerprint !== undefined) own.fingerprint = fingerprint;
  own.about = aboutCompleted(step);
  // The last of all: a store that lists records need not read what comes after the other fields.
  own.outcome = outcome;
  return draftAnew(step, own, instantAfter(completedAt, ttlMs));
}

type Own<T> = { -readonly [K in keyof T]: T[K] };

/** How a run ended with an outcome. */
interface Ended {
  readonly outcome: StoredOutcome;
  readonly completedAt: number;
  readonly ttlMs: number;
}

/** Returns when a record expires that frees its key. */
export function unsettled(rules: Rules, from: number): number {
  return unsettledExpiry(from, fixedTtl(rules));
}

/** Returns when a record expires whose run may have done its work without recording it. */
export function unresolved(rules: Rules, from: number): number {
  const { unresolvedTtl, onAbandoned, clockTolerance } = rules;
  const isGuarded = onAbandoned !== 'run';
  return unresolvedExpiry(from, { unresolvedTtl, isGuarded, clockTolerance, ttl: fixedTtl(rules) });
}

function fixedTtl({ ttl }: Rules): number | undefined {
  return typeof ttl === 'number' ? ttl : undefined;
}

/** Whether a record is of this call. */
export function isOwn({ owner }: CallState, { token }: IdempotencyRecord): boolean {
  return typeof token === 'string' && token.startsWith(owner) && token[owner.length] === '.';
}

/** Whether a record that was read, and may be stale, has the outcome of this call. */
export function isOutcomeOf(
  { call, now }: Step,
  record: IdempotencyRecord | undefined,
): record is IdempotencyRecord & { readonly state: CompletedState } {
  if (!isRecordOf(call.key, record) || record.expiresAt <= now.wall) return false;
  const state = readState(record);
  return state.status === 'completed' && !isForAnotherRequest(call, state);
}

/** Whether a record is of an earlier run than one that the call was told of. */
export function isOutdated({ latestRun }: CallState, { state }: IdempotencyRecord): boolean {
  return state.fencingToken < latestRun;
}

/** Whether a claim in progress may be taken over. */
export function isAbandoned({ rules, now }: Step, state: InProgressState): boolean {
  return now.wall >= lapsesAt(state, rules.clockTolerance);
}

// A record or a call without a fingerprint comes from before or after a change of that option.
export function isForAnotherRequest(
  { fingerprint }: Pick<CallState, 'fingerprint'>,
  state: RecordState,
): boolean {
  return fingerprint !== undefined && state.fingerprint !== undefined && fingerprint !== state.fingerprint;
}

/** Takes note of the run that holds the key, or did where that was only read and may be stale. */
export function see(call: CallState, { attempt, fencingToken }: RecordState, isRead = false): void {
  if (isRead && fencingToken <= call.latestRun) return;
  call.attempt = attempt;
  call.latestRun = fencingToken;
}

const noRecord = { what: 'a value that is not a record', isWrong: true };

/** Returns what is wrong with an answer that no store may give. `isWrong: false` where its database may have lost writes. */
export function wrongAnswer(
  call: CallState,
  request: Request,
  holder: IdempotencyRecord | undefined,
): { readonly what: string; readonly isWrong: boolean } | undefined {
  const { record } = request;
  if (!record) {
    // A call reads past a record that is none. An operator who asks for the record is told.
    return call.purpose !== 'run' && holder && !isRecordOf(call.key, holder) ? noRecord : undefined;
  }
  if (holder?.token === record.token) return isRecordOf(record.key, holder) ? undefined : noRecord;
  if (request.do === 'replace' && holder?.token === request.token)
    return { what: 'the record that it should have replaced', isWrong: true };
  // Of what was sent in doubt only one record can come to stand. After that one there is no other but the method's completion.
  const isIssued = holder !== undefined && holder.token === call.issued?.token;
  if (call.showedEarlierWrite && holder && isOwn(call, holder) && !isIssued)
    return { what: 'one earlier record of this call after another', isWrong: false };
  if (request.do === 'claim' && !(holder && holder.expiresAt > request.now))
    return { what: 'no record that holds the key', isWrong: true };
  return holder && !isRecordOf(record.key, holder) ? noRecord : undefined;
}
