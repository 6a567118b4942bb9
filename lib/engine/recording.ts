import { StoreError } from '../errors.js';
import { steadyNow } from '../process/steady-clock.js';
import { backoff, pause } from '../process/timers.js';
import { warnOnce } from '../process/warnings.js';
import { instantAfter } from '../record/instants.js';
import type { IdempotencyRecord } from '../record/persistence-store.js';
import type { StoredOutcome } from '../record/record.js';
import type { Call } from './call/call.js';
import type { CallLimits } from './call/store-calls.js';
import type { Claim, WriteResult } from './claim/claim.js';
import type { ClaimedExecution } from './execution/execution.js';

/** How long a caller waits for its result to be recorded, in milliseconds. */
const PATIENCE_MS = 5_000;
/** The same where the store was out of reach before: the caller has waited for it already. */
const OPEN_PATIENCE_MS = 1_000;

/** What became of recording how a method ended. */
export type Recording =
  | { readonly kind: 'recorded'; readonly record: IdempotencyRecord }
  /** A completion that the method wrote by itself stands already. */
  | { readonly kind: 'already-completed'; readonly record: IdempotencyRecord }
  | Extract<WriteResult, { kind: 'taken' | 'unanswered' }>;

/** For how long a record is written again and again. */
interface Patience {
  /** Without a time, at once, and no more often than this. */
  readonly tries?: number;
  /** By the steady clock. */
  readonly until?: number;
  readonly isAwaited?: boolean;
}

/**
 * Records an outcome, retried for as long as a caller can be kept waiting, and then behind its back.
 * `shared` is for the calls that joined: the outcome as it is, even where the store did not take it.
 */
export async function recordOutcome(
  execution: ClaimedExecution,
  outcome: StoredOutcome,
  ttl: number,
): Promise<{ readonly recording: Recording; readonly shared: IdempotencyRecord }> {
  const { call, claim } = execution;
  const completedAt = Date.now();
  let stored = outcome;
  const draft = (outcomeToWrite: StoredOutcome) =>
    claim.draft(
      { status: 'completed', ...attemptOf(execution), completedAt, outcome: outcomeToWrite },
      instantAfter(completedAt, ttl),
    );
  const record = async (patience: Patience): Promise<Recording> => {
    const recording = await write(execution, () => draft(stored), patience);
    const isRefused =
      recording.kind === 'unanswered' && isTooLarge(recording.fault) && stored.kind !== 'none';
    if (!isRefused) return recording;
    stored = { kind: 'none', reason: 'it is larger than the store takes' };
    tellNotStored(call, stored.reason);
    return write(execution, () => draft(stored), patience);
  };
  if (outcome.kind === 'none') tellNotStored(call, outcome.reason);
  const recording = await record({ until: patienceEnd(execution) });
  if (recording.kind === 'unanswered') giveUp(execution, record);
  return { recording, shared: draft(outcome) };
}

/** Until when, by the steady clock, a caller waits for what is being recorded from now on. */
export function patienceEnd({ call, isOpen }: ClaimedExecution): number {
  return Math.min(steadyNow() + (isOpen ? OPEN_PATIENCE_MS : PATIENCE_MS), call.endsAt);
}

/** Records that there is no outcome. Tried twice: the method's own error must not wait for it. */
export function recordNoOutcome(
  execution: ClaimedExecution,
  status: 'released' | 'unknown',
  patience: Patience = { tries: 2 },
): Promise<Recording> {
  const { call, claim } = execution;
  const expiry = (now: number) =>
    status === 'released' ? call.unsettledExpiry(now) : call.unresolvedExpiry(now);
  const draft = () => claim.draft({ status, ...attemptOf(execution) }, expiry(Date.now()));
  return write(execution, draft, patience);
}

function attemptOf({ view: { attempt, fencingToken } }: ClaimedExecution) {
  return { attempt, fencingToken };
}

/** Writes after our last confirmed record until there is an answer. Our own earlier writes may surface on the way. */
async function write(
  { claim, isOpen }: ClaimedExecution,
  draft: () => IdempotencyRecord,
  { tries: mostTries = Number.POSITIVE_INFINITY, until, isAwaited = true }: Patience,
): Promise<Recording> {
  const sent = new Set<string>();
  let follows = !isOpen;
  for (let tries = 1; ; ) {
    const confirmed = follows ? claim.confirmed : undefined;
    // What ended the claim already is never written over.
    if (confirmed && confirmed.state.status !== 'in-progress') {
      return { kind: sent.has(confirmed.token) ? 'recorded' : 'already-completed', record: confirmed };
    }
    const record = draft();
    sent.add(record.token);
    const limitMs = until === undefined ? Number.POSITIVE_INFINITY : until - steadyNow();
    const written = await writeOnce(claim, record, follows, { limitMs, isAwaited });
    switch (written.kind) {
      case 'written':
        return { kind: 'recorded', record };
      case 'earlier-write':
        follows = true;
        continue;
      case 'taken':
        return written;
    }
    if (tries === mostTries || isTooLarge(written.fault)) return written;
    tries += 1;
    if (until === undefined) continue;
    const delay = backoff(tries);
    if (steadyNow() + delay >= until) return written;
    await pause(delay, { isAwaited });
  }
}

// A record that is gone was not replaced by anybody, so the outcome may be put in its place.
async function writeOnce(
  claim: Claim,
  record: IdempotencyRecord,
  follows: boolean,
  limits: Partial<CallLimits>,
): Promise<Exclude<WriteResult, { kind: 'missing' }>> {
  const written: WriteResult = follows ? await claim.follow(record, undefined, limits) : { kind: 'missing' };
  return written.kind === 'missing' ? claim.claim(record, Date.now(), limits) : written;
}

function tellNotStored(call: Call, reason: string): void {
  call.publish('outcome-not-stored', () => ({ reason }));
  warnOnce(
    `unkept:${call.operation}`,
    'RETRYSAFE_OUTCOME_NOT_STORED',
    `${call.operation}: the key is completed without its outcome, so that duplicates get an OutcomeUnavailableError: ${reason}`,
  );
}

function giveUp(execution: ClaimedExecution, record: (patience: Patience) => Promise<Recording>): void {
  const { call, claim, isOpen } = execution;
  call.publish('outcome-not-stored', () => ({ reason: 'the store cannot be reached' }));
  const isLambda =
    call.endsAt !== Number.POSITIVE_INFINITY || process.env.AWS_LAMBDA_FUNCTION_NAME !== undefined;
  const unless = isLambda ? '' : 'unless it does before the lease ends, ';
  const next = isOpen
    ? 'it ran without a claim, so the next equal call knows nothing of it and runs again'
    : `${unless}\`onAbandoned\` decides about the next equal call`;
  warnOnce(
    `not-stored:${call.operation}`,
    'RETRYSAFE_OUTCOME_NOT_STORED',
    `${call.operation}: the method ran, but the store did not take its outcome (key ${call.key}); ${next}`,
  );
  // Nothing runs on between two invocations; and without a claim there is no lease to use up.
  if (isLambda || isOpen) return;
  void record({ until: steadyNow() + claim.term.left, isAwaited: false }).then((recording) => {
    if (recording.kind === 'recorded') call.publish('completed', () => ({}));
  });
}

function isTooLarge(fault: unknown): boolean {
  return fault instanceof StoreError && fault.tooLarge;
}
