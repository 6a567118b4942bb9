import type { IdempotencyRecord } from '../record/persistence-store.js';
import type { CompletedState } from '../record/record.js';
import { viewOf } from '../record/record-view.js';
import type { Call } from './call/call.js';
import type { Ending } from './call/ending.js';
import { unavailable } from './call/verdict.js';
import { runWithin } from './execution/execution.js';
import { ReplayExecution } from './execution/replay-execution.js';
import type { Found } from './waiting/waiting.js';

/** The outcome that a completed record has, a copy of its own for each call. */
export function recordedEnding(
  call: Call,
  { state }: IdempotencyRecord,
): Ending | { readonly error: unknown; readonly isMissing: true } {
  const outcome = call.settings.format.decode((state as CompletedState).outcome);
  return outcome.kind === 'none' ? { error: unavailable(call, outcome.reason), isMissing: true } : outcome;
}

/** Answers a duplicate with the outcome of an earlier call. Never throws. */
export async function replay(call: Call, { record, source }: Found): Promise<Ending> {
  call.attempt = record.state.attempt;
  const ending = recordedEnding(call, record);
  if ('isMissing' in ending) {
    call.publish('refused', () => ({ code: 'ERR_IDEMPOTENCY_OUTCOME_UNAVAILABLE' }));
    return ending;
  }
  call.publish('replayed', () => ({ source }));
  call.replayed = { record, source };
  const { mapReplay, clockTolerance } = call.settings;
  if (!mapReplay || 'error' in ending) return ending;
  const view = viewOf(call.operation, record, clockTolerance);
  return runWithin(new ReplayExecution(call, record), () => mapReplay.call(call.self, ending.value, view));
}
