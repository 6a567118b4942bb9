import type { About, PastState, RecordState } from '../../record/record.js';
import { MOST_PAST, soundAbout, soundPast } from '../../record/sound-about.js';
import type { CallState, Resolution } from './state.js';
import type { Step } from './step.js';

type Own<T> = { -readonly [K in keyof T]: T[K] };

/** What a call says of itself in each record that it writes. Without spreading, as all that each call makes. */
function ownAbout({ by, traceparent, takenOver }: CallState): Own<About> {
  const about: Own<About> = {};
  if (by !== undefined) about.by = by;
  if (traceparent !== undefined) about.traceparent = traceparent;
  if (takenOver) about.past = pastWith(takenOver.state);
  return about;
}

/** What a record in progress tells of itself. `isRenewal`: it follows one of the same run. */
export function aboutRunning({ call, now }: Step, fencingToken: number, isRenewal: boolean): About {
  const about = ownAbout(call);
  about.run = fencingToken;
  if (isRenewal) about.renewedAt = now.wall;
  return about;
}

/** What a record with an outcome tells of itself. */
export function aboutCompleted({ call }: Step): About {
  const about = ownAbout(call);
  about.startedAt = call.startedAt;
  return about;
}

/** What a record without an outcome tells of itself, after a run. */
export function aboutUnsettled({ call, now }: Step, run: number, why: About['why']): About {
  return { ...ownAbout(call), run, startedAt: call.startedAt, at: now.wall, ...(why && { why }) };
}

/** What a record tells of itself where nothing has run: what it told before, or that nothing did. */
export function aboutRestored({ call, now }: Step, run: number, before: RecordState | undefined): About {
  const about = before && soundAbout(before);
  if (about) return { ...about, run };
  return { ...ownAbout(call), run, at: now.wall, why: { kind: 'not-begun' } };
}

/** What a record tells of itself where no attempt may begin any more. */
export function aboutExhausted({ call, now }: Step, run: number, before: RecordState): About {
  return {
    ...ownAbout(call),
    run,
    at: now.wall,
    why: { kind: 'attempts-exhausted' },
    past: pastWith(before),
  };
}

/** What a record tells of itself that an operator has written. */
export function aboutResolved(
  { call, now }: Step,
  run: number,
  { as, reason }: Resolution,
  before: RecordState | undefined,
): About {
  const why = { kind: 'resolved' as const, as, ...(reason !== undefined && { reason }) };
  return { ...ownAbout(call), run, at: now.wall, why, ...(before && { past: pastWith(before) }) };
}

/** Returns the past of a record that follows one in this state: the earliest of them goes where there are too many. */
export function pastWith(before: RecordState): readonly PastState[] {
  return [...soundPast(before).slice(1 - MOST_PAST), pastOf(before)];
}

function pastOf(state: RecordState): PastState {
  const { run: _run, past: _past, ...about } = soundAbout(state) ?? {};
  const { status, attempt } = state;
  switch (state.status) {
    case 'in-progress':
      return { status, attempt, startedAt: state.startedAt, leaseUntil: state.leaseUntil, ...about };
    case 'completed':
      return { status, attempt, at: state.completedAt, ...about };
    default:
      return { status, attempt, ...about };
  }
}
