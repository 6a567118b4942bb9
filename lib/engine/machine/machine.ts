import type { IdempotencyRecord } from '../../record/persistence-store.js';
import { acquiring } from './acquiring.js';
import type { Command, Event, Fault } from './events.js';
import { freeing } from './freeing.js';
import {
  askCompletion,
  denyCompletions,
  grantCompletions,
  keepLease,
  keepsLease,
  leaseLeft,
  readWrite,
  renewed,
  renewedForCompletion,
  stopRenewing,
} from './leasing.js';
import { type Moment, NEVER } from './moment.js';
import type { PhaseRules } from './phase-rules.js';
import { wrongAnswer } from './records.js';
import { settle, settling } from './settling.js';
import type { CallState, Phase, ProcessState, Request, Rules } from './state.js';
import { Step } from './step.js';
import { joinEndsAt, joinOrAcquire, waiting } from './waiting.js';

/** What a call does in each phase. */
const phases: Readonly<Record<Phase, PhaseRules>> = {
  new: {},
  ...acquiring,
  ...waiting,
  ...settling,
  ...freeing,
  done: {},
};

/**
 * The protocol of one operation, without I/O: it is told what happened, and says what to do next. It has no promise, timer,
 * clock, store or codec, and draws nothing by chance. All its state is in the process that it is given, as plain data.
 */
export class Machine {
  constructor(readonly rules: Rules) {}

  /** Applies one event of one call, and appends to `out` what its driver is to do. An event that comes too late changes nothing. */
  next(process: ProcessState, event: Event, now: Moment, out: Command[]): void {
    if (event.type === 'begin') process.calls.set(event.call.id, event.call);
    const call = event.type === 'begin' ? event.call : process.calls.get(event.call);
    if (!call) return;
    const step = new Step(this.rules, process, call, now, out);
    // The event first, then the time: an answer that has come counts, even if it came too late for a timer.
    apply(step, event);
    enterPhases(step);
    passTime(step);
    if (call.phase === 'done') process.calls.delete(call.id);
  }
}

function apply(step: Step, event: Event): void {
  const { call } = step;
  switch (event.type) {
    case 'begin':
      return call.purpose === 'run' ? joinOrAcquire(step) : step.go('inspecting');
    case 'answer':
      if (call.request?.n === event.request) answered(step, call.request, event.record);
      return;
    case 'fault':
      if (call.request?.n === event.request) failed(step, call.request, event.fault);
      return;
    case 'ended':
      call.end = event.end;
      call.stopsWithAnswer = event.stopsWithAnswer;
      stopRenewing(call);
      denyCompletions(step);
      return step.go('ending');
    case 'completion':
      return askCompletion(step, event);
    case 'notice':
      call.notices = 'on';
      call.isNoticed = true;
      return phases[call.phase].noticed?.(step);
    case 'no-notices':
      // What the store could not tell any more may have happened already.
      if (call.notices === 'on' && call.phase === 'waiting') call.dueAt = step.now.steady;
      call.notices = 'none';
  }
}

function answered(step: Step, request: Request, record: IdempotencyRecord | undefined): void {
  const { call, out } = step;
  const wrong = wrongAnswer(call, request, record);
  if (wrong) {
    out.push({ do: 'reject', step: request.do, ...wrong });
    return failed(step, request, 'other');
  }
  call.request = undefined;
  const rules = phases[call.phase];
  const sent = request.record;
  if (!sent) return rules.found?.(step, record);
  const written = readWrite(step, sent, record);
  if (request.renews === 'lease') renewed(step, written);
  else if (request.renews) renewedForCompletion(step, written);
  else rules.written?.(step, written, sent);
}

function failed(step: Step, request: Request, fault: Fault): void {
  const { call } = step;
  call.request = undefined;
  if (request.record) {
    call.isInDoubt = true;
    call.showedEarlierWrite = false;
  }
  if (request.renews === 'lease') return renewed(step, 'unanswered');
  if (request.renews) return renewedForCompletion(step, 'unanswered', fault);
  const { again, failed: failedTwice } = phases[call.phase];
  call.tries += 1;
  if (again && call.tries === 1) again(step, request);
  else if (failedTwice) failedTwice(step, fault);
  else step.refuse({ reason: 'store', step: request.do });
}

/** Begins the phases that the call came to. */
function enterPhases(step: Step): void {
  while (step.hasMoved) {
    step.hasMoved = false;
    phases[step.call.phase].enter?.(step);
  }
}

/** Lets happen what is due, in a fixed order, until nothing is. */
function passTime(step: Step): void {
  const { call, now, process } = step;
  for (;;) {
    const { request, phase } = call;
    if (request && giveUpAt(call, request) <= now.steady) giveUp(step, request);
    else if (call.told) phases[phase].told?.(step);
    else if (phase === 'joining' && joinEndsAt(process, call, now) <= now.steady) phases.joining.due?.(step);
    else if (call.dueAt <= now.steady) phases[phase].due?.(step);
    else {
      keepLease(step);
      grantCompletions(step);
      if (call.phase !== 'ending' || call.request) return;
      settle(step);
    }
    enterPhases(step);
  }
}

/** Until when a store call is awaited. A method that asks for its completion does not wait long for a renewal. */
function giveUpAt({ asks }: CallState, request: Request): number {
  const patienceEndsAt = asks[0]?.patienceEndsAt ?? NEVER;
  return request.renews === 'lease' ? Math.min(request.giveUpAt, patienceEndsAt) : request.giveUpAt;
}

function giveUp(step: Step, request: Request): void {
  step.out.push({ do: 'give-up', request, isCutOff: step.now.steady < request.giveUpAt });
  failed(step, request, 'late');
}

/** Returns when the call is to be told of the time at the latest, by the steady clock. A function of the state, so that no timer is part of it. */
export function deadline(process: ProcessState, call: CallState, now: Moment): number {
  let at = call.dueAt;
  if (call.request) at = Math.min(at, giveUpAt(call, call.request));
  if (call.phase === 'joining') at = Math.min(at, joinEndsAt(process, call, now));
  if (keepsLease(call)) {
    const endsAt = now.steady + leaseLeft(call, now);
    at = Math.min(at, endsAt, call.request ? NEVER : call.renewsAt);
  }
  return at;
}

/** Whether the call has a use for notices of its store. */
export function listens({ phase, notices }: CallState): boolean {
  return (phase === 'waiting' || phase === 'looking') && notices !== 'none';
}

/** Whether the method runs, or the recovery function. */
export function isWorking({ phase }: CallState): boolean {
  return phase === 'running' || phase === 'recovering';
}

/** Whether a caller waits for what comes next. If not, the process may end before it. */
export function isAwaited(call: CallState): boolean {
  return !call.isAnswered && (!isWorking(call) || call.asks.length > 0);
}
