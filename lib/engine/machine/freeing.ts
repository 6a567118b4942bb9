import { backoff } from '../../process/backoff.js';
import { instantAfter } from '../../record/instants.js';
import type { IdempotencyRecord } from '../../record/persistence-store.js';
import {
  FORMAT,
  lapsesAt,
  type RecordState,
  readState,
  type StoredOutcome,
  type UnreadableState,
  unknownFields,
} from '../../record/record.js';
import { aboutResolved } from './about.js';
import type { PhaseRules } from './phase-rules.js';
import { draftAnew, isAbandoned, unsettled } from './records.js';
import type { Phase, Resolution } from './state.js';
import type { Step } from './step.js';

/** How long an operator's decision is tried again while other calls replace the record, in milliseconds. */
const PATIENCE_MS = 5_000;

/** How a key is inspected, or resolved by an operator: freed, or given an outcome. */
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
  const { as, isForced, token } = call.resolution as Resolution;
  const state = readState(holder);
  if (token !== undefined && holder.token !== token) return step.refuse({ reason: 'changed' });
  if (state.status === 'released' && !givesOutcome(as)) return freed(step, false);
  if (state.status === 'in-progress' && !isForced && !isAbandoned(step, state))
    return step.refuse({
      reason: 'running',
      lapsesInMs: lapsesAt(state, rules.clockTolerance) - now.wall,
      startedAt: state.startedAt,
    });
  // An outcome stays what it is. Who wants another run forgets it first.
  if (state.status === 'completed' && as !== 'forgotten') return step.refuse({ reason: 'completed' });
  step.replace(draftResolved(step, state), holder.token);
}

function draftResolved(step: Step, before: RecordState | UnreadableState): IdempotencyRecord {
  const { call, rules, now } = step;
  const resolution = call.resolution as Resolution;
  const { as, outcome, ttlMs } = resolution;
  const known = before.status === 'unreadable' ? undefined : before;
  const fencingToken = known?.fencingToken ?? now.wall;
  const about = aboutResolved(step, fencingToken, resolution, known);
  // The next call may be for another request, and it begins anew.
  const isAnew = as === 'forgotten' || !known;
  const run = { format: FORMAT, attempt: isAnew ? 0 : known.attempt, fencingToken };
  const fingerprint = isAnew || known.fingerprint === undefined ? {} : { fingerprint: known.fingerprint };
  if (givesOutcome(as)) {
    const own = { ...run, ...fingerprint, status: 'completed' as const, completedAt: now.wall, about };
    const expiresAt = instantAfter(now.wall, ttlMs);
    return draftAnew(step, { ...own, outcome: outcome as StoredOutcome }, expiresAt);
  }
  const unknown = isAnew ? {} : unknownFields(known);
  // One more run, also of a key that has had all its attempts.
  const permitted = isAnew ? {} : { permitted: known.attempt + 1 };
  const own = { ...run, ...fingerprint, ...permitted, status: 'released' as const, about, ...unknown };
  return draftAnew(step, own, unsettled(rules, now.wall));
}

function givesOutcome(as: Resolution['as']): boolean {
  return as === 'value' || as === 'refuse';
}

/** No later call may join a run that began before: that may end with the outcome that was forgotten. */
function freed(step: Step, isFreed: boolean): void {
  const { process, call, now } = step;
  for (const id of [...process.leaders.values()]) {
    const leader = process.calls.get(id);
    if (leader?.key === call.key) step.sendAway(leader);
  }
  for (const other of process.calls.values()) {
    if (other.phase !== 'waiting' || other.key !== call.key) continue;
    other.dueAt = now.steady;
    step.out.push({ do: 'wake', call: other.id });
  }
  if (isFreed) step.tell({ event: 'resolved' });
  step.answer({ with: 'freed', isFreed }, 'ended');
}
