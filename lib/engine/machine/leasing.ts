import type { IdempotencyRecord } from '../../record/persistence-store.js';
import type { InProgressState, StoredOutcome } from '../../record/record.js';
import { newTerm } from './budgets.js';
import type { Denial, Fault, Loss } from './events.js';
import { NEVER, NO_TERM, type Term, termLeft } from './moment.js';
import { draftCompleted, draftInProgress, isOwn } from './records.js';
import type { CallState } from './state.js';
import type { Step } from './step.js';

/** What became of a write. */
export type Written =
  /** It is in the store. */
  | 'written'
  /** An earlier record of this call is, whose answer it never got. It goes on from there. */
  | 'earlier-write'
  /** Another call holds the key. */
  | 'taken'
  /** There is no record under the key. */
  | 'missing';

/** Reads the answer to a write. */
export function readWrite(
  step: Step,
  sent: IdempotencyRecord,
  holder: IdempotencyRecord | undefined,
): Written {
  const { call } = step;
  call.isInDoubt = false;
  // What a claim shows after that is no news: else a store whose replace finds nothing would be asked in a circle.
  if (!holder) return 'missing';
  call.showedEarlierWrite = false;
  const isSent = holder.token === sent.token;
  if (!isSent && !isOwn(call, holder)) {
    call.holder = holder;
    return 'taken';
  }
  call.confirmed = isSent ? sent : holder;
  call.term = termOf(step, call.confirmed);
  call.sentTerms = [];
  call.showedEarlierWrite = !isSent;
  return isSent ? 'written' : 'earlier-write';
}

function termOf(step: Step, { token, state }: IdempotencyRecord): Term {
  if (state.status !== 'in-progress') return NO_TERM;
  for (const sent of step.call.sentTerms) if (sent.token === token) return sent.term;
  // A database that lost its last writes may show a record that was confirmed before.
  return { until: state.leaseUntil, endsAt: newTerm(step).endsAt };
}

/** The last record of this call that is known to be in the store. */
export function confirmedOf({ confirmed }: CallState): IdempotencyRecord {
  if (!confirmed) throw new TypeError('no record of this call is known to be in the store');
  return confirmed;
}

/** Whether the claim has ended by a record of this call, such as a completion that the method wrote. */
export function isCompleted({ confirmed }: CallState): boolean {
  return confirmed?.state.status === 'completed';
}

/** Writes the lease anew after the last confirmed record. */
export function renew(step: Step, { renews, limitMs, attempt }: RenewalOptions = {}): void {
  const { state, token } = confirmedOf(step.call);
  const { fencingToken } = state;
  const run = attempt === undefined ? state : { attempt, fencingToken };
  step.replace(draftInProgress(step, run, state), token, limitMs, renews);
}

interface RenewalOptions {
  readonly renews?: 'lease' | 'completion';
  readonly limitMs?: number;
  /** Another number of the attempt, which begins with it. */
  readonly attempt?: number;
}

/** Whether a lease is long enough to begin a run under it. An answer may come when others are about to take over. */
export function hasEnoughLease(step: Step): boolean {
  const { call, now } = step;
  return termLeft(call.term, now) >= (termLeft(newTerm(step), now) * 2) / 3;
}

/** Begins to keep the lease, while the method runs or the recovery function does. */
export function beginLease(step: Step): void {
  const { call, rules, now } = step;
  call.claim = 'held';
  call.mayRenew = true;
  call.renewUntil = Math.min(now.steady + rules.renewFor, call.endsAt);
  noteLease(step);
}

/** Takes note of a confirmed lease. It counts from its end, since the answer may have come late. */
function noteLease(step: Step): void {
  const { call, rules, now } = step;
  const isShorter = termLeft(call.term, now) < termLeft(call.joinableFor, now);
  call.joinableFor = call.term;
  // Those who joined before the claim was answered learn of its lease now.
  if (isShorter) step.wakeFollowers(call);
  // At the end of an invocation the lease cannot grow any more.
  const canGrow = call.mayRenew && call.term.endsAt < call.renewUntil;
  call.renewsAt = canGrow ? call.term.endsAt - (rules.lease * 2) / 3 : NEVER;
}

/** Whether the end of the lease is the loss of the claim: not where the method's own completion has ended it. */
export function keepsLease(call: CallState): boolean {
  return (call.claim === 'held' || call.claim === 'renewing') && !isCompleted(call);
}

/** Returns for how many milliseconds the method may go on. */
export function leaseLeft(call: CallState, now: Step['now']): number {
  return Math.min(termLeft(call.term, now), call.renewUntil - now.steady);
}

/** Loses a lease that lapsed, and else renews it where that is due. A lease that lapsed is not brought back to life. */
export function keepLease(step: Step): void {
  const { call, now } = step;
  if (!keepsLease(call)) return;
  if (leaseLeft(call, now) <= 0) {
    loseClaim(step, now.steady >= call.renewUntil ? 'not-renewed' : 'lapsed');
  } else if (call.renewsAt <= now.steady && !call.request) {
    call.renewsAt = NEVER;
    call.claim = 'renewing';
    renew(step, { renews: 'lease' });
  }
}

/** Follows the answer to a renewal. */
export function renewed(step: Step, written: Written | 'unanswered'): void {
  const { call, rules, now } = step;
  if (call.claim === 'renewing') call.claim = 'held';
  if (written === 'taken' || written === 'missing') loseClaim(step, 'taken');
  else if (written === 'unanswered') {
    if (call.mayRenew) call.renewsAt = now.steady + rules.lease / 10;
  } else if (keepsLease(call)) {
    // The answer may come when the new lease has lapsed again, in a process that was suspended.
    if (leaseLeft(call, now) > 0)
      step.tell({
        event: 'renewed',
        leaseUntil: (confirmedOf(call).state as InProgressState).leaseUntil,
      });
    noteLease(step);
  }
}

export function loseClaim(step: Step, loss: Loss): void {
  const { call } = step;
  if (call.claim === 'lost') return;
  call.claim = 'lost';
  call.mayRenew = false;
  call.renewsAt = NEVER;
  // Those who joined must not wait for a run that others may already repeat.
  step.sendAway(call);
  step.tell({ event: 'claim-lost' });
  step.out.push({ do: 'abort', loss });
}

/** Stops to renew, since the method has ended or asks for its completion: that must follow the last record. */
export function stopRenewing(call: CallState): void {
  call.mayRenew = false;
  call.renewsAt = NEVER;
}

/**
 * How long a method that asks for its completion waits for a renewal that is under way, and then for one of its own, in
 * milliseconds. It may hold a transaction open on the only connection, so that the store would never answer.
 */
const COMPLETION_PATIENCE_MS = { underWay: 2_000, own: 1_000 };

/** Takes a request for a completion. It waits until no renewal is under way. */
export function askCompletion(
  step: Step,
  { outcome, ttlMs }: { readonly outcome: StoredOutcome; readonly ttlMs: number },
): void {
  const { call, now } = step;
  if (call.claim === 'open') return deny(step, 'open');
  if (call.phase !== 'running' && call.phase !== 'recovering') return deny(step, 'returned');
  stopRenewing(call);
  const patienceEndsAt = now.steady + COMPLETION_PATIENCE_MS.underWay;
  call.asks.push({ outcome, ttlMs, patienceEndsAt, tries: 0, hasRenewed: false });
}

/** Grants the completions that the method waits for, one after another. */
export function grantCompletions(step: Step): void {
  const { call, now } = step;
  for (let ask = call.asks[0]; ask && !call.request; ask = call.asks[0]) {
    if (call.claim === 'lost') denyNext(step, 'lost');
    else if (isCompleted(call)) denyNext(step, 'applied');
    else {
      // A renewal before the second completion changes the token that the first one was to follow. And one whose answer
      // is unknown may have changed it already: a transaction that follows the old one would be cancelled.
      const isShort = termLeft(call.term, now) < termLeft(newTerm(step), now) / 2;
      if (!ask.hasRenewed && (call.issued || isShort || call.isInDoubt))
        renew(step, { renews: 'completion', limitMs: COMPLETION_PATIENCE_MS.own });
      else grant(step, ask);
    }
  }
}

function grant(step: Step, { outcome, ttlMs }: CallState['asks'][number]): void {
  const { call } = step;
  call.asks.shift();
  const { state, token } = confirmedOf(call);
  const record = draftCompleted(step, state, { outcome, completedAt: step.now.wall, ttlMs });
  call.issued = record;
  step.out.push({ do: 'grant', record, token });
}

/** Follows the answer to a renewal that a completion needs. */
export function renewedForCompletion(step: Step, written: Written | 'unanswered', fault?: Fault): void {
  const { call } = step;
  const [ask] = call.asks;
  if (!ask) return;
  if (written === 'written') ask.hasRenewed = true;
  else if (written === 'taken' || written === 'missing') denyNext(step, 'taken');
  else if (written === 'unanswered') {
    ask.tries += 1;
    if (fault === 'late') denyNext(step, 'late');
    else if (ask.tries === 2) denyNext(step, 'unanswered');
  }
}

/** Denies every completion that the method has asked for and not awaited. */
export function denyCompletions(step: Step): void {
  while (step.call.asks.length > 0) denyNext(step, 'returned');
}

function denyNext(step: Step, why: Denial): void {
  step.call.asks.shift();
  deny(step, why);
}

function deny(step: Step, why: Denial): void {
  step.out.push({ do: 'deny', why });
}
