import { ConfigurationError } from '../errors.js';
import type { Abandoned, AbandonedDecision } from '../options/options.js';
import type { Call } from './call/call.js';
import { outcomeUnknown, storeError, type TakenOver } from './call/verdict.js';
import type { Claim } from './claim/claim.js';
import { ClaimedExecution, runWithin } from './execution/execution.js';
import { type Settlement, settle, settleCompleted, settleNoOutcome } from './settle.js';
import type { LocalRun } from './waiting/local-runs.js';

/** What to do after asking: the call is settled, its method runs, or the key has to be acquired once more. */
export type Recovered = Settlement | 'run' | 'acquire';

/**
 * Asks the recovery function what became of the attempt before, under a claim of its own, so never twice at once.
 *
 * @throws {StoreError} where the claim for the run it asks for cannot be renewed.
 */
export async function recover(claim: Claim, { from, state }: TakenOver, run: LocalRun): Promise<Recovered> {
  const { call } = claim;
  const { onAbandoned } = call.settings;
  if (from === 'released' || typeof onAbandoned !== 'function') return 'run';
  const { attempt, fencingToken } = state;
  const abandoned: Abandoned = {
    operation: call.operation,
    key: call.key,
    status: from,
    attempt,
    fencingToken,
  };
  const execution = new ClaimedExecution(claim, false, run);
  const ending = await runWithin(execution, () => onAbandoned.apply(call.self, [abandoned, ...call.args]));
  if ('error' in ending) return leaveUnknown(execution, ending.error);
  const decision = ending.value as AbandonedDecision<unknown> | undefined;
  if (decision === 'refuse') return leaveUnknown(execution, outcomeUnknown(call));
  if (typeof decision === 'object' && decision !== null && 'value' in decision) {
    return settle(execution, { value: decision.value });
  }
  if (decision === 'run') return startAttempt(execution, attempt + 1);
  return leaveUnknown(execution, wrongDecision(call));
}

async function leaveUnknown(execution: ClaimedExecution, error: unknown): Promise<Settlement> {
  await execution.lease?.end();
  return settleNoOutcome(execution, { error }, 'unknown');
}

// The attempt is counted before it begins, so that a crash in it is seen for what it is.
async function startAttempt({ claim, lease }: ClaimedExecution, attempt: number): Promise<Recovered> {
  await lease?.end();
  for (let tries = 0; ; ) {
    claim.call.refuseIfEnding();
    const written = await claim.renew({ attempt });
    // A process may freeze between two answers: under a claim that others may take over by now nothing begins.
    if (written.kind === 'written' && claim.term.left > 0) break;
    if (written.kind === 'taken' || written.kind === 'missing') {
      if (!lease?.lossError) claim.call.publish('claim-lost', () => ({}));
      return 'acquire';
    }
    // The recovery function wrote a completion after all.
    if (claim.confirmed.state.status === 'completed') return settleCompleted(claim.call, claim.confirmed);
    if (written.kind === 'unanswered' && tries++ > 0) throw storeError(claim.call, 'replace', written.fault);
  }
  claim.call.attempt = attempt;
  return 'run';
}

function wrongDecision({ operation, key }: Call): ConfigurationError {
  return new ConfigurationError(
    `${operation}: option "onAbandoned" returned none of its decisions; expected { value }, 'run' or 'refuse'`,
    { operation, key },
  );
}
