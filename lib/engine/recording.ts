import { StoreError } from '../errors.js';
import { steadyNow } from '../process/steady-clock.js';
import { backoff, pause } from '../process/timers.js';
import { warnOnce } from '../process/warnings.js';
import { instantAfter } from '../record/instants.js';
import type { IdempotencyRecord } from '../record/persistence-store.js';
import type { StoredOutcome } from '../record/record.js';
import type { Call } from './call/call.js';
import type { Hearing } from './call/store-calls.js';
import type { Claim, Written } from './claim/claim.js';
import type { ClaimedExecution } from './execution/execution.js';

/** How long a caller waits for its result to be recorded, in milliseconds. */
const PATIENCE = 5_000;
/** The same where the store was out of reach before: the caller has waited for it already. */
const OPEN_PATIENCE = 1_000;

/** What became of recording how a method ended. */
export type Recording =
  | { readonly kind: 'done'; readonly record: IdempotencyRecord }
  /** A completion that the method wrote by itself stands already. */
  | { readonly kind: 'stands'; readonly record: IdempotencyRecord }
  | { readonly kind: 'lost'; readonly holder: IdempotencyRecord }
  | { readonly kind: 'unanswered'; readonly fault: unknown };

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
  let kept = outcome;
  const draft = (stored: StoredOutcome) =>
    claim.draft(
      { status: 'completed', ...attemptOf(execution), completedAt, outcome: stored },
      instantAfter(completedAt, ttl),
    );
  const record = async (patience: Patience): Promise<Recording> => {
    const recording = await write(execution, () => draft(kept), patience);
    const isRefused = recording.kind === 'unanswered' && isTooLarge(recording.fault) && kept.kind !== 'none';
    if (!isRefused) return recording;
    kept = { kind: 'none', reason: 'it is larger than the store takes' };
    tellNotStored(call, kept.reason);
    return write(execution, () => draft(kept), patience);
  };
  if (outcome.kind === 'none') tellNotStored(call, outcome.reason);
  const recording = await record({ until: patienceEnd(execution) });
  if (recording.kind === 'unanswered') giveUp(execution, record);
  return { recording, shared: draft(outcome) };
}

/** Until when, by the steady clock, a caller waits for what is being recorded from now on. */
export function patienceEnd({ call, isOpen }: ClaimedExecution): number {
  return Math.min(steadyNow() + (isOpen ? OPEN_PATIENCE : PATIENCE), call.endsAt);
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
    const standing = follows ? claim.standing : undefined;
    // What ended the claim already is never written over.
    if (standing && standing.state.status !== 'in-progress') {
      return { kind: sent.has(standing.token) ? 'done' : 'stands', record: standing };
    }
    const record = draft();
    sent.add(record.token);
    const limit = until === undefined ? Number.POSITIVE_INFINITY : until - steadyNow();
    const written = await writeOnce(claim, record, follows, { limit, isAwaited });
    switch (written.kind) {
      case 'done':
        return { kind: 'done', record };
      case 'moved':
        follows = true;
        continue;
      case 'lost':
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
  hearing: Partial<Hearing>,
): Promise<Exclude<Written, { kind: 'gone' }>> {
  const written: Written = follows ? await claim.follow(record, undefined, hearing) : { kind: 'gone' };
  return written.kind === 'gone' ? claim.claim(record, Date.now(), hearing) : written;
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
    if (recording.kind === 'done') call.publish('completed', () => ({}));
  });
}

function isTooLarge(fault: unknown): boolean {
  return fault instanceof StoreError && fault.tooLarge;
}
