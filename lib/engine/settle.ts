import { ClaimLostError, OutcomeUnknownError } from '../errors.js';
import type { IdempotencyRecord } from '../record/persistence-store.js';
import { readState, type StoredOutcome } from '../record/record.js';
import { DEFAULT_TTL_MS } from '../settings/duration-checks.js';
import type { Call } from './call/call.js';
import type { Ending } from './call/ending.js';
import { keepLocally } from './call/local-outcomes.js';
import { abandonedAt, isOutcomeOf, named } from './call/verdict.js';
import { decide } from './error-decision.js';
import { type ClaimedExecution, executions } from './execution/execution.js';
import { patienceEnd, type Recording, recordNoOutcome, recordOutcome } from './recording.js';
import { recordedEnding, replay } from './replay.js';
import type { LocalEnd } from './waiting/local-runs.js';
import { type Found, Waiting } from './waiting/waiting.js';

/** How a run ends, for its caller and for the calls that joined it. */
export interface Settlement {
  readonly ending: Ending;
  readonly joined: LocalEnd;
}

/** Records how the method ended. Never throws: the caller gets what the method gave, or what stands instead. */
export async function settle(execution: ClaimedExecution, ending: Ending): Promise<Settlement> {
  await execution.lease?.end();
  const { call, issued } = execution;
  const { format } = call.settings;
  if ('value' in ending) {
    const outcome = format.encodeValue(ending.value);
    if (issued) return settleIssued(execution, ending, outcome);
    const ttl = executions.run(execution, () => call.ttlOf(ending.value));
    return settleOutcome(execution, ending, outcome, ttl);
  }
  const decision = executions.run(execution, () => decide(call, ending.error));
  if (decision !== 'remember') return settleNoOutcome(execution, ending, decision);
  const { ttl } = call.settings;
  return settleOutcome(
    execution,
    ending,
    format.encodeError(ending.error),
    typeof ttl === 'number' ? ttl : DEFAULT_TTL_MS,
  );
}

async function settleOutcome(
  execution: ClaimedExecution,
  ending: Ending,
  outcome: StoredOutcome,
  ttl: number,
): Promise<Settlement> {
  const { call } = execution;
  const { recording, shared } = await recordOutcome(execution, outcome, ttl);
  if (recording.kind === 'recorded') {
    call.publish('value' in ending ? 'completed' : 'remembered', () => ({}));
    call.recorded = recording.record;
    keepLocally(call, recording.record);
  }
  // Somebody else's outcome is recorded; whoever joined gets that.
  const joined = recording.kind === 'taken' ? ('ended' as const) : { record: shared };
  return settleByOtherRecord(execution, recording, ending) ?? { ending, joined };
}

/** Records that there is no outcome: the key is free again, or nobody knows. */
export async function settleNoOutcome(
  execution: ClaimedExecution,
  ending: Ending,
  decision: 'release' | 'unknown',
): Promise<Settlement> {
  const recording = await recordNoOutcome(execution, decision === 'release' ? 'released' : 'unknown');
  return noOutcomeSettled(execution, recording, ending, decision);
}

function noOutcomeSettled(
  execution: ClaimedExecution,
  recording: Recording,
  ending: Ending,
  decision: 'release' | 'unknown',
): Settlement | Promise<Settlement> {
  if (recording.kind === 'recorded')
    execution.call.publish(decision === 'release' ? 'released' : 'unknown', () => ({}));
  return settleByOtherRecord(execution, recording, ending) ?? { ending, joined: 'released' };
}

/** The method asked for a completion to write by itself, and returned. Whether it is there decides. */
async function settleIssued(
  execution: ClaimedExecution,
  ending: Ending,
  outcome: StoredOutcome,
): Promise<Settlement> {
  const { call, issued } = execution;
  const isSame = issued && JSON.stringify(outcome) === JSON.stringify(issued.outcome);
  const answer = isSame
    ? await call.ask('find', () => call.store.find(call.key, { consistent: true }))
    : undefined;
  const isThere = answer && 'value' in answer && answer.value?.token === issued?.record.token;
  // A look that failed says nothing; a write that the completion keeps from applying does.
  const recording: Recording =
    issued && isThere
      ? { kind: 'already-completed', record: issued.record }
      : await recordNoOutcome(execution, 'unknown', { until: patienceEnd(execution) });
  if (isSame && recording.kind === 'already-completed' && recording.record.token === issued.record.token) {
    completed(call, issued.record);
    return { ending, joined: { record: issued.record } };
  }
  return noOutcomeSettled(execution, recording, { error: notApplied(call, recording) }, 'unknown');
}

// Nobody answers as if the work were done where nobody can tell: the next equal call finds out.
function notApplied(call: Call, { kind }: Recording): OutcomeUnknownError {
  const what =
    kind === 'unanswered'
      ? 'whether that completion was applied cannot be told, since the store does not answer; send the request again'
      : 'that completion was not applied; let a failed transaction throw. Find out whether the work was done: the next equal call runs again unless `onAbandoned` says otherwise';
  return new OutcomeUnknownError(
    `${call.operation}: the method asked for a completion of ${call.key} and returned, but ${what}`,
    { ...named(call), ...(kind === 'unanswered' && { advice: 'retry-later' as const }) },
  );
}

/** What stands in the way of an ending, where something does. */
function settleByOtherRecord(
  execution: ClaimedExecution,
  recording: Recording,
  ending: Ending,
): Settlement | Promise<Settlement> | undefined {
  const { call, isOpen } = execution;
  if (recording.kind === 'already-completed') return settleCompleted(call, recording.record);
  // Without a claim nothing was lost: somebody else ran as well.
  return recording.kind === 'taken' && !isOpen
    ? followSuccessor(execution, recording.holder, ending)
    : undefined;
}

/** A completion that the method wrote by itself was applied: what it recorded is the answer. */
export function settleCompleted(call: Call, record: IdempotencyRecord): Settlement {
  completed(call, record);
  return { ending: recordedEnding(call, record), joined: { record } };
}

function completed(call: Call, record: IdempotencyRecord): void {
  call.publish('completed', () => ({}));
  call.recorded = record;
  keepLocally(call, record);
}

/** Another call holds the key: its outcome is the answer. */
async function followSuccessor(
  { call, claim, lease, run }: ClaimedExecution,
  holder: IdempotencyRecord,
  ending: Ending,
): Promise<Settlement> {
  if (!lease?.lossError) call.publish('claim-lost', () => ({}));
  const waiting = new Waiting(call, run);
  let found: Found | undefined;
  for (let seen: IdempotencyRecord | undefined = holder; seen && !found; ) {
    const state = readState(seen);
    if (state.status !== 'in-progress') found = { record: seen, source: 'store' };
    else if (call.waitLeft <= 0 || Date.now() >= abandonedAt(call, state)) break;
    else {
      found = await waiting.forOutcome(state);
      if (found) break;
      // What ended the waiting may be stale. A write that cannot apply any more answers with the holder.
      const written = await call.waiting(() => claim.renew());
      if (written.kind !== 'unanswered') seen = written.kind === 'taken' ? written.holder : undefined;
    }
  }
  if (found && isOutcomeOf(call, found.record, Date.now())) {
    const joined = { record: found.record };
    // Before `mapReplay` is asked: an equal call inside of it would wait for this run.
    run.end(joined);
    const recorded = recordedEnding(call, found.record);
    // Where that has no outcome nobody is refused: the method has run.
    const answer = 'isMissing' in recorded ? recorded : await replay(call, found);
    return { ending: answer, joined };
  }
  const error = new ClaimLostError(
    `${call.operation}: the claim on ${call.key} was lost while the method ran, and there is no outcome of the call that took it over; send the request again to get one`,
    { ...named(call), ...('error' in ending && { cause: ending.error }) },
  );
  return { ending: { error }, joined: 'ended' };
}
