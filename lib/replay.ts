import type { Call } from './call.js';
import { runWithin } from './execution.js';
import type { IdempotencyRecord } from './persistence-store.js';
import type { CompletedState } from './record.js';
import { viewOf } from './record-view.js';
import { ReplayExecution } from './replay-execution.js';
import { unavailable } from './verdict.js';

/** How a call ends: with a value to return, or an error to throw. */
export type Ending = { readonly value: unknown } | { readonly error: unknown };

/** The outcome that a completed record has, a copy of its own for each call. */
export function recordedEnding(
  call: Call,
  { state }: IdempotencyRecord,
): Ending | { readonly error: unknown; readonly isMissing: true } {
  const outcome = call.settings.format.decode((state as CompletedState).outcome);
  return outcome.kind === 'none' ? { error: unavailable(call, outcome.reason), isMissing: true } : outcome;
}

/** Answers a duplicate with the outcome of an earlier call. Never throws. */
export async function replay(
  call: Call,
  { record, source }: { readonly record: IdempotencyRecord; readonly source: 'store' | 'joined' | 'kept' },
): Promise<Ending> {
  call.attempt = record.state.attempt;
  const ending = recordedEnding(call, record);
  if ('isMissing' in ending) {
    call.publish('refused', () => ({ code: 'ERR_IDEMPOTENCY_OUTCOME_UNAVAILABLE' }));
    return ending;
  }
  call.publish('replayed', () => ({ source }));
  const { mapReplay, clockTolerance } = call.settings;
  if (!mapReplay || 'error' in ending) return ending;
  const view = viewOf(call.operation, record, clockTolerance);
  return runWithin(new ReplayExecution(call, record), () => mapReplay.call(call.self, ending.value, view));
}
