import { backoff } from '../../process/backoff.js';
import type { IdempotencyRecord } from '../../record/persistence-store.js';
import { FORMAT, lapsesAt, readState } from '../../record/record.js';
import type { PhaseRules } from './phase-rules.js';
import { draftAnew, isAbandoned, unsettled } from './records.js';
import type { Phase } from './state.js';
import type { Step } from './step.js';

/** How long `forget` tries again while other calls replace the record, in milliseconds. */
const PATIENCE_MS = 5_000;

/** How a key is inspected, or freed by `forget`. */
export const freeing = {
  inspecting: {
    enter(step) {
      step.call.freesUntil = step.now.steady + PATIENCE_MS;
      step.find(true);
    },
    found(step, record) {
      const { call, now } = step;
      const holder = record && record.expiresAt > now.wall ? record : undefined;
      if (call.purpose === 'inspect') return step.answer({ with: 'holder', record: holder }, 'ended');
      if (!holder) return freed(step, false);
      call.holder = holder;
      step.go('freeing');
    },
  },

  freeing: {
    enter: free,
    written(step, written) {
      const { call, now } = step;
      if (written !== 'taken') return freed(step, written !== 'missing');
      const pauseMs = backoff(call.turns, now.chance);
      if (now.steady + pauseMs >= call.freesUntil) return step.refuse({ reason: 'changing' });
      call.turns += 1;
      // The first conflict may be a single renewal, so that it is tried again at once. Later pauses let others write.
      if (call.turns === 1) return free(step);
      step.go('yielding');
      step.pause(pauseMs);
    },
  },

  yielding: { due: (step) => step.go('freeing') },
} satisfies Partial<Record<Phase, PhaseRules>>;

function free(step: Step): void {
  const { call, rules, now } = step;
  const holder = call.holder as IdempotencyRecord;
  const state = readState(holder);
  if (state.status === 'released') return freed(step, false);
  if (state.status === 'in-progress' && call.purpose !== 'force' && !isAbandoned(step, state))
    return step.refuse({
      reason: 'running',
      lapsesInMs: lapsesAt(state, rules.clockTolerance) - now.wall,
      startedAt: state.startedAt,
    });
  const fencingToken = state.status === 'unreadable' ? now.wall : state.fencingToken;
  // The next call may be for another request, and it begins anew.
  const own = { format: FORMAT, status: 'released' as const, attempt: 0, fencingToken };
  const record = draftAnew(step, own, unsettled(rules, now.wall));
  step.replace(record, holder.token);
}

/** No later call may join a run that began before: that may end with the outcome that was forgotten. */
function freed(step: Step, isFreed: boolean): void {
  const { process, call } = step;
  for (const id of [...process.leaders.values()]) {
    const leader = process.calls.get(id);
    if (leader?.key === call.key) step.sendAway(leader);
  }
  step.answer({ with: 'freed', isFreed }, 'ended');
}
