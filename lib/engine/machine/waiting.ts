import { backoff } from '../../process/backoff.js';
import type { IdempotencyRecord } from '../../record/persistence-store.js';
import { lapsesAt, readState } from '../../record/record.js';
import { soundAbout } from '../../record/sound-about.js';
import { acquire } from './acquiring.js';
import { waitLeft } from './budgets.js';
import type { Source } from './events.js';
import { confirmedOf, renew } from './leasing.js';
import { type Moment, termLeft } from './moment.js';
import type { PhaseRules } from './phase-rules.js';
import { isAbandoned, isOutcomeOf, isOutdated, see } from './records.js';
import type { CallState, Phase, Told } from './state.js';
import type { Step } from './step.js';

/**
 * However many notices come that lead to nothing new, a call reads no more often than once in so many milliseconds. One read may
 * come early: the first is made when the store begins to listen, and a short run may end just after that.
 */
const SHORTEST_PAUSE_MS = 20;

/** Begins a call: it joins an equal one of its process, or becomes the one that others join. */
export function joinOrAcquire(step: Step): void {
  const leader = toJoin(step);
  if (leader) return join(step, leader, 'new');
  step.lead();
  acquire(step);
}

function toJoin(step: Step): CallState | undefined {
  return waitLeft(step) > 0 ? step.joinable() : undefined;
}

function join(step: Step, leader: CallState, from: CallState['joinsFrom']): void {
  const { call } = step;
  call.leader = leader.id;
  call.joinsFrom = from;
  leader.followers.push(call.id);
  if (from === 'new') call.hasSeenHolder = true;
  step.go('joining');
}

/** How a call waits for the outcome of another one. */
export const waiting = {
  joining: {
    enter: (step) => step.pause(waitLeft(step)),
    due(step) {
      const { call, process } = step;
      const leader = process.calls.get(call.leader as number) as CallState;
      leader.followers = leader.followers.filter((id) => id !== call.id);
      const { attempt, traceparent } = leader;
      joined(step, { end: 'sent-away', attempt, traceparent });
    },
    told(step) {
      const told = step.call.told as Told;
      step.call.told = undefined;
      joined(step, told);
    },
  },

  waiting: {
    enter: waitOn,
    due(step) {
      const { call, now } = step;
      call.isNoticed = false;
      // After a notice the next one is awaited before the read, so that it misses nothing.
      call.mayLookAt = Math.max(call.mayLookAt, now.steady - SHORTEST_PAUSE_MS) + SHORTEST_PAUSE_MS;
      // A read at the very end would only delay the claim that follows.
      if (now.steady >= call.lookUntil) step.go('waiting');
      else step.go('looking');
    },
    noticed: hurry,
  },

  looking: {
    enter: (step) => step.find(false, step.call.lookUntil - step.now.steady),
    found(step, record) {
      const { call, rules } = step;
      if (isOutcomeOf(step, record) && !isOutdated(call, record)) return leave(step, record, 'store');
      const state = record && readState(record);
      // What was read may be stale. A write that cannot apply any more has the holder as its answer.
      if (state?.status !== 'in-progress') return leave(step);
      see(call, state, true);
      call.lapsesAt = Math.max(call.lapsesAt, lapsesAt(state, rules.clockTolerance));
      step.go('waiting');
    },
    failed: (step) => step.go('waiting'),
  },

  probing: {
    enter(step) {
      if (confirmedOf(step.call).state.status === 'in-progress') renew(step);
      else withoutSuccessor(step);
    },
    written: (step, written) => (written === 'taken' ? followHolder(step) : withoutSuccessor(step)),
    failed: followHolder,
  },
} satisfies Partial<Record<Phase, PhaseRules>>;

/** Follows the call that took over: its outcome is the answer. */
export function followSuccessor(step: Step): void {
  const { call } = step;
  if (call.claim !== 'lost') step.tell({ event: 'claim-lost' });
  call.claim = 'lost';
  call.hasRun = true;
  followHolder(step);
}

function followHolder(step: Step): void {
  const { call, rules } = step;
  const holder = call.holder as IdempotencyRecord;
  const state = readState(holder);
  if (state.status !== 'in-progress') return succeeded(step, holder, 'store');
  if (waitLeft(step) <= 0 || isAbandoned(step, state)) return withoutSuccessor(step);
  step.wait(lapsesAt(state, rules.clockTolerance));
}

function succeeded(step: Step, record: IdempotencyRecord, source: Source): void {
  if (isOutcomeOf(step, record)) step.answer({ with: 'successor', record, source }, { record });
  else withoutSuccessor(step);
}

function withoutSuccessor(step: Step): void {
  step.answer({ with: 'claim-lost' }, 'ended');
}

/** Goes on after a joined call has ended, or may be joined no longer. */
function joined(step: Step, { end, attempt, traceparent }: Told): void {
  const { call } = step;
  call.leader = undefined;
  if (call.joinsFrom === 'waiting') {
    if (end === 'sent-away') return step.go('waiting');
    // It may be the run that lost its claim to the one that this call was told of.
    const isOutcome = typeof end === 'object' && !isOutdated(call, end.record);
    return isOutcome ? leave(step, end.record, 'joined') : leave(step);
  }
  call.attempt = attempt;
  step.tell({ event: 'waited', traceparent });
  if (typeof end === 'object') {
    return step.replay(end.record, 'joined');
  }
  // A call that got nothing from the store leaves all others to ask for themselves.
  if (end === 'ended') acquire(step);
  // Of those that a released run leaves behind, one goes to the store and the rest join it.
  else joinOrAcquire(step);
}

/** Ends the waiting, with an outcome or without. */
function leave(step: Step, found?: IdempotencyRecord, source: Source = 'store'): void {
  const { call } = step;
  if (call.hasRun) return found ? succeeded(step, found, source) : step.go('probing');
  if (found) see(call, found.state);
  step.tell({ event: 'waited', traceparent: soundAbout(call.holder?.state)?.traceparent });
  if (found) return step.replay(found, source);
  call.claims += 1;
  step.go('claiming');
}

/** Pauses until the next read: until the wait is over, the claim lapses, or an equal call of this process can be joined. */
function waitOn(step: Step): void {
  const { call, now } = step;
  const left = Math.min(waitLeft(step), call.lapsesAt - now.wall);
  if (left <= 0) return leave(step);
  const leader = step.joinable();
  if (leader) return join(step, leader, 'waiting');
  call.lookUntil = now.steady + left;
  const pauseMs = call.notices === 'on' ? safetyNet(now) : backoff(call.looks++, now.chance);
  step.pause(Math.min(pauseMs, left));
  if (call.isNoticed) hurry(step);
}

/** Reads soon, since the store told of a change. */
function hurry(step: Step): void {
  const { call, now } = step;
  const early = Math.min(call.mayLookAt - now.steady, SHORTEST_PAUSE_MS);
  call.dueAt = Math.min(call.dueAt, now.steady + Math.max(0, early));
}

/** How long a call that listens for notices waits for one before it reads all the same, in milliseconds. */
function safetyNet({ chance }: Moment): number {
  return 2_000 * (0.5 + chance / 2);
}

/** Returns when a joined call may join no longer, by the steady clock. */
export function joinEndsAt(process: Step['process'], call: CallState, now: Moment): number {
  const leader = process.calls.get(call.leader as number);
  return leader ? now.steady + termLeft(leader.joinableFor, now) : now.steady;
}
