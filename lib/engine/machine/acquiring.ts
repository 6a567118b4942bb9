import { backoff } from '../../process/backoff.js';
import type { IdempotencyRecord } from '../../record/persistence-store.js';
import { FORMAT, lapsesAt, type RecordState, readState } from '../../record/record.js';
import { aboutExhausted, aboutRestored } from './about.js';
import { isExhausted, isMarked, mayRecover, recoveriesOf } from './attempts.js';
import { isEnding, waitLeft } from './budgets.js';
import type { Fault } from './events.js';
import { confirmedOf, hasEnoughLease, isCompleted, renew, type Written } from './leasing.js';
import { termLeft } from './moment.js';
import type { PhaseRules } from './phase-rules.js';
import {
  draft,
  draftInProgress,
  isAbandoned,
  isForAnotherRequest,
  isOutcomeOf,
  see,
  unresolved,
  unsettled,
} from './records.js';
import type { CallState, Phase, TakenOver } from './state.js';
import type { Step } from './step.js';

/** Begins to ask for the key. */
export function acquire(step: Step): void {
  if (isEnding(step)) step.refuse({ reason: 'ending' });
  else step.go(step.rules.readFirst ? 'peeking' : 'claiming');
}

/** How a call gets the right to run, or an outcome. */
export const acquiring = {
  peeking: {
    // What the process keeps must not be stale.
    enter: (step) => step.find(step.rules.keepLocal > 0),
    found(step, record) {
      if (isOutcomeOf(step, record)) return step.replay(record, 'store');
      if (record && record.expiresAt > step.now.wall) step.call.hasSeenHolder = true;
      step.go('claiming');
    },
    failed: (step) => step.go('claiming'),
  },

  claiming: {
    enter(step) {
      const { call, now } = step;
      call.takenOver = undefined;
      const record = draftInProgress(step, { attempt: 1, fencingToken: now.wall });
      step.claim(record, now.wall);
    },
    // With the same record and the same `now`: whichever arrives, it is the same claim.
    again: (step, { record, now }) => step.claim(record as IdempotencyRecord, now),
    written: (step, written) => follow(step, written, lengthen),
    failed(step, fault) {
      if (!mayRunOpen(step, fault)) return step.refuse({ reason: 'store', step: 'claim' });
      step.tell({ event: 'failed-open' });
      step.call.claim = 'open';
      step.lead();
      step.go('running');
    },
  },

  'taking-over': {
    enter: takeOver,
    again: takeOver,
    written: (step, written) => follow(step, written, lengthen),
  },

  // However often an answer finds the lease too short, as where a process is suspended time and again: only faults count.
  lengthening: {
    enter: (step) => renew(step),
    again: (step) => renew(step),
    written: (step, written) => follow(step, written, renew),
  },

  'giving-back': {
    enter: giveBack,
    written: (step) => step.refuse({ reason: 'ending' }),
    failed: (step) => step.refuse({ reason: 'ending' }),
  },

  exhausting: {
    enter: markExhausted,
    again: markExhausted,
    written(step, written) {
      const { call } = step;
      if (written === 'taken' || written === 'missing') return lostWhileDeciding(step, written);
      const record = confirmedOf(call);
      if (isCompleted(call)) return step.completed(record);
      // An earlier renewal came to light: the mark follows it.
      if (record.state.status !== 'unknown') return markExhausted(step);
      step.tell({ event: 'unknown' });
      refuseExhausted(step, record.state);
    },
  },

  retrying: { due: (step) => step.go('claiming') },

  // The attempt is counted before it begins, so that a crash in it is seen for what it is.
  counting: {
    enter: count,
    again: count,
    written(step, written) {
      const { call, now } = step;
      if (written === 'taken' || written === 'missing') lostWhileDeciding(step, written);
      else if (isCompleted(call)) {
        // The recovery function wrote a completion after all.
        step.completed(confirmedOf(call));
      } else if (written === 'written' && termLeft(call.term, now) > 0) {
        call.attempt = confirmedOf(call).state.attempt;
        call.issued = undefined;
        step.go('running');
      } else {
        // A process may be suspended between two answers. Nothing begins under a claim that others may take over by now.
        count(step);
      }
    },
  },
} satisfies Partial<Record<Phase, PhaseRules>>;

/** Goes on where another call has replaced the record that was to be followed, or it is gone. */
function lostWhileDeciding(step: Step, written: 'taken' | 'missing'): void {
  const { call } = step;
  if (call.claim === 'ended') step.tell({ event: 'claim-lost' });
  call.claim = 'none';
  // The record that it is told of may be the outcome.
  if (written === 'taken') judge(step, call.holder as IdempotencyRecord);
  else claimOnceMore(step);
}

/** Goes on from the answer to a write that asked for the key. `tooShort`: what follows a lease that is too short. */
function follow(step: Step, written: Written, tooShort: (step: Step) => void): void {
  const { call, now } = step;
  switch (written) {
    case 'written':
    case 'earlier-write':
      // The answer may have taken what was left of a Lambda invocation.
      if (isEnding(step)) step.go('giving-back');
      else if (hasEnoughLease(step)) hold(step);
      else tooShort(step);
      return;
    case 'missing': {
      // Records are deleted, or the store loses them: it is not asked again and again without a pause.
      const left = waitLeft(step);
      if (left <= 0) return step.refuse({ reason: 'vanished' });
      step.go('retrying');
      step.pause(Math.min(backoff(call.claims, now.chance), left));
      call.claims += 1;
      return;
    }
    case 'taken':
      return judge(step, call.holder as IdempotencyRecord);
  }
}

function lengthen(step: Step): void {
  step.go('lengthening');
}

/** Judges the record of another call that holds the key. */
function judge(step: Step, holder: IdempotencyRecord): void {
  const { call, rules, now } = step;
  // It has expired in the meantime.
  if (holder.expiresAt <= now.wall) return claimOnceMore(step);
  call.hasSeenHolder = true;
  const state = readState(holder);
  if (state.status === 'unreadable') return step.refuse({ reason: 'unreadable', why: state.reason });
  see(call, state);
  if (isForAnotherRequest(call, state)) return step.refuse({ reason: 'fingerprint' });
  switch (state.status) {
    case 'completed':
      return step.replay(holder, 'store');
    case 'released':
      if (isExhausted(rules, state)) return exhaust(step, state);
      return takeOverFrom(step, { from: 'released', state, token: holder.token });
    case 'in-progress':
      if (!isAbandoned(step, state)) {
        const endsAt = lapsesAt(state, rules.clockTolerance);
        if (waitLeft(step) > 0) return step.wait(endsAt);
        const { startedAt } = state;
        return step.refuse({ reason: 'running', lapsesInMs: endsAt - now.wall, startedAt });
      }
  }
  // A recovery function may know the outcome of the last attempt. Else the count alone decides.
  const mayBegin =
    typeof rules.onAbandoned === 'function' ? mayRecover(rules, state) : !isExhausted(rules, state);
  if (!mayBegin) return exhaust(step, state);
  if (rules.onAbandoned === 'refuse') return step.refuse({ reason: 'unknown' });
  const from = state.status === 'unknown' ? 'unknown' : 'abandoned';
  takeOverFrom(step, { from, state, token: holder.token });
}

/** Refuses a call at a key that has had all its attempts. The record says so first, so that an operator finds it. */
function exhaust(step: Step, state: RecordState): void {
  if (state.status === 'unknown' && isMarked(state)) refuseExhausted(step, state);
  else step.go('exhausting');
}

function refuseExhausted(step: Step, state: RecordState): void {
  step.refuse({ reason: 'exhausted', attempts: state.attempt, recoveries: recoveriesOf(state) });
}

// Follows the record of another call, or the claim of its own under which the recovery function decided that the method runs.
function markExhausted(step: Step): void {
  const { call, rules, now } = step;
  const { state, token } = recordToMark(call);
  const { attempt, fencingToken, recoveries } = state;
  const about = aboutExhausted(step, fencingToken, state);
  const own: RecordState = {
    format: FORMAT,
    status: 'unknown',
    attempt,
    fencingToken,
    exhausted: attempt,
    ...(recoveries && call.claim === 'none' && { recoveries }),
    about,
  };
  step.replace(draft(step, own, unresolved(rules, now.wall), state), token);
}

function recordToMark(call: CallState): IdempotencyRecord {
  return call.claim === 'none' ? (call.holder as IdempotencyRecord) : confirmedOf(call);
}

function takeOverFrom(step: Step, takenOver: TakenOver): void {
  // A second time: the key changes hands.
  if (step.call.takenOver) return claimOnceMore(step);
  step.call.takenOver = takenOver;
  step.go('taking-over');
}

function takeOver(step: Step): void {
  const { call, rules, now } = step;
  const { from, state, token } = call.takenOver as TakenOver;
  // A recovery function only asks what became of the attempt before. It is no attempt of its own.
  const isRecovery = from !== 'released' && typeof rules.onAbandoned === 'function';
  const { attempt } = state;
  const fencingToken = Math.max(state.fencingToken + 1, now.wall);
  const run = isRecovery
    ? { attempt, fencingToken, recoveries: { of: attempt, count: recoveriesOf(state) + 1 } }
    : { attempt: attempt + 1, fencingToken };
  step.replace(draftInProgress(step, run, state), token);
}

/** The key is the call's: it runs the method, or asks the recovery function first. */
function hold(step: Step): void {
  const { call, rules } = step;
  const { takenOver } = call;
  call.attempt = confirmedOf(call).state.attempt;
  step.lead();
  if (!takenOver) step.tell({ event: 'claimed' });
  else step.tell({ event: 'taken-over', from: takenOver.from });
  const asks = takenOver && takenOver.from !== 'released' && typeof rules.onAbandoned === 'function';
  step.go(asks ? 'recovering' : 'running');
}

// Nothing has run, so no attempt is counted: the record says again what it said before this call, under a new token.
function giveBack(step: Step): void {
  const { call, rules, now } = step;
  const { state, token } = confirmedOf(call);
  const { fencingToken } = state;
  const before: RecordState | undefined = call.takenOver?.state;
  const about = aboutRestored(step, fencingToken, before?.status === 'completed' ? undefined : before);
  const restored =
    before === undefined || before.status === 'completed'
      ? { format: FORMAT, status: 'released' as const, attempt: 0, fencingToken, about }
      : { ...before, fencingToken, about };
  const expiresAt = restored.status === 'released' ? unsettled(rules, now.wall) : unresolved(rules, now.wall);
  step.replace(draft(step, restored, expiresAt, state), token);
}

/**
 * Where any call is known to run, running beside it would be a second run and no open failure. And a store that is used
 * wrongly was reached: it may hold the outcome, and it will not be right by the next call.
 */
function mayRunOpen(step: Step, fault: Fault): boolean {
  const { call, rules } = step;
  const isFirst = call.claims === 0 && !call.hasSeenHolder;
  return rules.onStoreFailure === 'run' && isFirst && fault !== 'misused' && !step.joinable();
}

/** Claims once more, since the key has changed hands: time and again not without a pause, and no longer than the call may wait. */
function claimOnceMore(step: Step): void {
  const { call, now } = step;
  call.turns += 1;
  call.claims += 1;
  // A call that loses a race once is better off at once.
  if (call.turns === 1) return step.go('claiming');
  const left = waitLeft(step);
  if (left <= 0) return step.refuse({ reason: 'contended' });
  step.go('retrying');
  step.pause(Math.min(backoff(call.turns, now.chance), left));
}

function count(step: Step): void {
  if (isEnding(step)) return step.go('giving-back');
  renew(step, { attempt: (step.call.takenOver as TakenOver).state.attempt + 1 });
}
