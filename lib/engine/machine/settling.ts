import { backoff } from '../../process/backoff.js';
import type { IdempotencyRecord } from '../../record/persistence-store.js';
import {
  FORMAT,
  type Reason,
  type RecordState,
  type ReleasedState,
  type StoredOutcome,
  type UnknownState,
  unknownFields,
} from '../../record/record.js';
import { aboutRestored, aboutUnsettled } from './about.js';
import { isExhausted } from './attempts.js';
import type { Fault } from './events.js';
import { beginLease, confirmedOf } from './leasing.js';
import { NEVER, termLeft } from './moment.js';
import type { PhaseRules } from './phase-rules.js';
import { draft, draftAnew, draftCompleted, unresolved, unsettled } from './records.js';
import type { CallState, MethodEnd, Phase, Recording, TakenOver } from './state.js';
import type { Step } from './step.js';
import { followSuccessor } from './waiting.js';

/** How long a caller waits for its result to be recorded, in milliseconds. */
const PATIENCE_MS = 5_000;
/** The same where the store was out of reach before: the caller has waited for it already. */
const OPEN_PATIENCE_MS = 1_000;
/** How often it is written that there is no outcome: the method's own error must not wait for it. */
const TRIES_WITHOUT_OUTCOME = 2;

/** How a method runs, and how its end is recorded. */
export const settling = {
  recovering: {
    enter(step) {
      const { from, state } = step.call.takenOver as TakenOver;
      beginLease(step);
      const { attempt, fencingToken } = state;
      step.out.push({ do: 'recover', from: from as 'abandoned' | 'unknown', attempt, fencingToken });
    },
  },

  running: {
    enter(step) {
      if (step.call.claim !== 'open') beginLease(step);
      step.out.push({ do: 'run' });
    },
  },

  // Two writes at once could follow the same record. So a renewal that is under way is awaited.
  ending: {},

  checking: {
    enter: (step) => step.find(true),
    found(step, record) {
      const { issued } = step.call;
      if (issued && record?.token === issued.token) step.completed(issued, true);
      else recordWithoutOutcome(step, 'unknown', patienceEnd(step));
    },
    // A read that failed says nothing. A write that the completion keeps from applying does.
    failed: (step) => recordWithoutOutcome(step, 'unknown', patienceEnd(step)),
  },

  recording: {
    enter: write,
    written(step, written, record) {
      const { call, now } = step;
      if (written === 'written') return recorded(step, 'recorded', record);
      if (written === 'taken') return recorded(step, 'taken');
      // A record that is gone was not replaced by any call, so the outcome may be put in its place.
      if (written === 'missing') return step.claim(record, now.wall, limitOf(step));
      (call.recording as Recording).follows = true;
      write(step);
    },
    failed: writeAgain,
  },

  resting: { due: (step) => step.go('recording') },
} satisfies Partial<Record<Phase, PhaseRules>>;

/** Records how the method ended, when no renewal is under way. */
export function settle(step: Step): void {
  const { call } = step;
  const end = call.end as MethodEnd;
  if (call.claim === 'held') call.claim = 'ended';
  if (end.kind === 'run')
    return step.go(isExhausted(step.rules, confirmedOf(call).state) ? 'exhausting' : 'counting');
  if (end.kind === 'value' && call.issued) {
    if (end.isAsCompleted) return step.go('checking');
    return recordWithoutOutcome(step, 'unknown', patienceEnd(step));
  }
  if (end.kind === 'error' && end.decision !== 'remember') {
    const isUnknown = end.decision === 'restore' ? wasUnknown(call) : end.decision !== 'release';
    const status = isUnknown ? 'unknown' : 'released';
    return recordWithoutOutcome(step, status, NEVER, TRIES_WITHOUT_OUTCOME);
  }
  const { outcome, ttlMs } = end;
  if (outcome.kind === 'none') step.tell({ event: 'outcome-not-stored', reason: outcome.reason });
  record(step, 'completed', outcome, ttlMs, patienceEnd(step));
}

function recordWithoutOutcome(
  step: Step,
  status: 'released' | 'unknown',
  until: number,
  mostTries = NEVER,
): void {
  record(step, status, undefined, 0, until, mostTries);
}

function record(
  step: Step,
  status: Recording['status'],
  outcome: StoredOutcome | undefined,
  ttlMs: number,
  until: number,
  mostTries = NEVER,
): void {
  const { call, now } = step;
  call.recording = {
    status,
    outcome,
    ttlMs,
    completedAt: now.wall,
    from: call.sent + 1,
    tries: 1,
    mostTries,
    until,
    follows: call.claim !== 'open',
  };
  step.go('recording');
}

/** Until when a caller waits for what is recorded from now on, by the steady clock. */
function patienceEnd({ call, now }: Step): number {
  return Math.min(now.steady + (call.claim === 'open' ? OPEN_PATIENCE_MS : PATIENCE_MS), call.endsAt);
}

/** Writes after the last confirmed record, until there is an answer. Earlier records of this call may come to light. */
function write(step: Step): void {
  const { call, now } = step;
  const recording = call.recording as Recording;
  // What has ended the claim is never overwritten.
  if (recording.follows && confirmedOf(call).state.status !== 'in-progress') {
    const isOfThisEnd = numberOf(confirmedOf(call)) >= recording.from;
    return recorded(step, isOfThisEnd ? 'recorded' : 'already-completed', confirmedOf(call));
  }
  const record = draftEnd(step, recording);
  if (recording.follows) step.replace(record, confirmedOf(call).token, limitOf(step));
  else step.claim(record, now.wall, limitOf(step));
}

function draftEnd(step: Step, recording: Recording): IdempotencyRecord {
  const { call, rules, now } = step;
  const { status } = recording;
  const { attempt, fencingToken } = runOf(call);
  if (status === 'completed') return draftCompleted(step, runOf(call), recording as Ended);
  const expiresAt = status === 'released' ? unsettled(rules, now.wall) : unresolved(rules, now.wall);
  if (call.end?.kind === 'error' && call.end.decision === 'restore')
    return draftRestored(step, status, expiresAt);
  const about = aboutUnsettled(step, fencingToken, reasonOf(call.end));
  const own: Own<UnsettledState> = { format: FORMAT, status, attempt, fencingToken, about };
  // A recovery function that threw is asked again, but not for ever. A method's own run has no such count.
  const recoveries = call.confirmed?.state.recoveries;
  const isDecided = call.end?.kind === 'error' && call.end.decision === 'refuse';
  if (recoveries && !isDecided) own.recoveries = recoveries;
  return draft(step, own, expiresAt, call.confirmed?.state);
}

type UnsettledState = ReleasedState | UnknownState;
type Own<T> = { -readonly [K in keyof T]: T[K] };
type Ended = Recording & { readonly outcome: StoredOutcome };

function reasonOf(end: MethodEnd | undefined): Reason | undefined {
  if (end?.kind === 'value') return { kind: 'no-completion' };
  return end?.kind === 'error' && end.decision !== 'remember' ? end.why : undefined;
}

// Nothing has run, so no attempt is counted, and the fingerprint is that of an attempt before, if there was one.
function draftRestored(step: Step, status: 'released' | 'unknown', expiresAt: number): IdempotencyRecord {
  const { call } = step;
  const { fencingToken } = runOf(call);
  const before = stateBefore(call);
  const about = aboutRestored(step, fencingToken, before);
  const own: RecordState = { format: FORMAT, status, attempt: before?.attempt ?? 0, fencingToken, about };
  const { fingerprint, recoveries, permitted, exhausted } = before ?? {};
  const kept = Object.entries({ fingerprint, recoveries, permitted, exhausted }).filter(
    ([, value]) => value !== undefined,
  );
  const unknown = call.confirmed ? unknownFields(call.confirmed.state) : {};
  return draftAnew(step, { ...own, ...Object.fromEntries(kept), ...unknown }, expiresAt);
}

function wasUnknown(call: CallState): boolean {
  const status = stateBefore(call)?.status;
  return status !== undefined && status !== 'released';
}

/** What the record said before this call, if that was no outcome. */
function stateBefore({ takenOver }: CallState): RecordState | undefined {
  return takenOver?.state.status === 'completed' ? undefined : takenOver?.state;
}

/** The attempt and the fencing token of the run. Without a claim it has only its own time. */
export function runOf(call: CallState): { readonly attempt: number; readonly fencingToken: number } {
  if (call.claim === 'open' || !call.confirmed) return { attempt: 1, fencingToken: call.startedAt };
  const { attempt, fencingToken } = call.confirmed.state;
  return { attempt, fencingToken };
}

function limitOf({ call, now }: Step): number {
  return (call.recording as Recording).until - now.steady;
}

function numberOf({ token }: IdempotencyRecord): number {
  return Number(token.slice(token.lastIndexOf('.') + 1));
}

function writeAgain(step: Step, fault: Fault): void {
  const { call, now } = step;
  const recording = call.recording as Recording;
  if (fault === 'too-large') {
    const { outcome } = recording;
    if (!outcome || outcome.kind === 'none') return recorded(step, 'unanswered');
    recording.outcome = { kind: 'none', reason: 'it is larger than the store takes' };
    recording.tries = 1;
    step.tell({ event: 'outcome-not-stored', reason: recording.outcome.reason });
    return write(step);
  }
  if (recording.tries === recording.mostTries) return recorded(step, 'unanswered');
  recording.tries += 1;
  if (recording.until === NEVER) return write(step);
  const pauseMs = backoff(recording.tries, now.chance);
  if (now.steady + pauseMs >= recording.until) return recorded(step, 'unanswered');
  step.go('resting');
  step.pause(pauseMs);
}

/** What came of recording. */
type Recorded =
  | 'recorded'
  /** A completion that the method wrote itself is in the store. */
  | 'already-completed'
  /** Another call holds the key. */
  | 'taken'
  /** It is unknown whether it was written. */
  | 'unanswered';

/** Ends the call by what came of recording its end. */
function recorded(step: Step, what: Recorded, record?: IdempotencyRecord): void {
  const { call } = step;
  const end = call.end as Exclude<MethodEnd, { kind: 'run' }>;
  if (call.isAnswered) {
    if (what === 'recorded' && record) step.tell({ event: 'completed', record });
    return step.go('done');
  }
  if (what === 'already-completed' && record) {
    const isSame = end.kind === 'value' && end.isAsCompleted && record.token === call.issued?.token;
    return step.completed(record, isSame);
  }
  // Without a claim nothing was lost: another call ran as well.
  if (what === 'taken' && call.claim !== 'open') return followSuccessor(step);
  const { status } = call.recording as Recording;
  if (status === 'completed') return withOutcome(step, what, record);
  if (what === 'recorded') step.tell({ event: status });
  const isNotApplied = end.kind === 'value';
  step.answer(
    isNotApplied ? { with: 'not-applied', isUnanswered: what === 'unanswered' } : { with: 'own' },
    'released',
  );
}

function withOutcome(step: Step, what: Recorded, record?: IdempotencyRecord): void {
  const { call } = step;
  const recording = call.recording as Recording;
  const end = call.end as Extract<MethodEnd, { readonly outcome: StoredOutcome }>;
  if (what === 'recorded' && record)
    step.tell({ event: end.kind === 'value' ? 'completed' : 'remembered', record });
  // Another call's outcome is recorded, and those that joined get that. Else they get this one, even if the store did not take it.
  if (what === 'taken') return step.answer({ with: 'own' }, 'ended');
  const isWhole = record && recording.outcome === end.outcome;
  const shared = isWhole ? record : draftCompleted(step, runOf(call), { ...recording, outcome: end.outcome });
  if (what === 'unanswered') step.tell({ event: 'outcome-not-stored', reason: 'unreachable' });
  step.answer({ with: 'own' }, { record: shared });
  if (what !== 'unanswered') return;
  // Nothing runs on between two invocations. And without a claim there is no lease to use up.
  if (call.stopsWithAnswer || call.claim === 'open') return;
  recording.until = step.now.steady + termLeft(call.term, step.now);
  recording.tries = 1;
  step.go('recording');
}
