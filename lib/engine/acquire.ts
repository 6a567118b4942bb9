import { ConfigurationError, StoreError } from '../errors.js';
import { backoff, pause } from '../process/timers.js';
import type { IdempotencyRecord } from '../record/persistence-store.js';
import { readState } from '../record/record.js';
import type { Call } from './call/call.js';
import { dropEarlier, keepLocally } from './call/local-outcomes.js';
import { inProgress, isOutcomeOf, judge, storeError, type TakenOver } from './call/verdict.js';
import { Claim, type WriteResult } from './claim/claim.js';
import { joinableRun, type LocalRun } from './waiting/local-runs.js';
import { type Found, Waiting } from './waiting/waiting.js';

/** What a call got by asking for its key. */
export type Acquired =
  | { readonly kind: 'held'; readonly claim: Claim; readonly takenOver?: TakenOver }
  | ({ readonly kind: 'replay' } & Found)
  /** The store cannot be reached, and the options say to run all the same. */
  | { readonly kind: 'open'; readonly claim: Claim };

/**
 * Gets the right to run, or somebody's outcome.
 *
 * @throws {IdempotencyError} where neither is to be had; the method has not run.
 */
export async function acquire(call: Call, own: LocalRun): Promise<Acquired> {
  const waiting = new Waiting(call, own);
  const claim = new Claim(call);
  call.refuseIfEnding();
  if (call.settings.readFirst) {
    // What is kept must not be stale.
    const consistently = call.settings.keepLocal > 0 ? ([{ consistent: true }] as const) : [];
    const answer = await call.ask('find', () => call.store.find(call.key, ...consistently));
    const seen = 'value' in answer ? answer.value : undefined;
    if (isOutcomeOf(call, seen, Date.now())) {
      keepLocally(call, seen);
      return { kind: 'replay', record: seen, source: 'store' };
    }
    if (seen && seen.expiresAt > Date.now()) call.hasSeenHolder = true;
  }
  for (let round = 0; ; round += 1) {
    const written = await firstClaim(claim);
    if (written.kind === 'unanswered') {
      if (round === 0 && mayRunOpen(call, own, written.fault)) {
        call.publish<'store-failed'>('store-failed', () => ({
          step: 'claim',
          error: written.fault,
          failedOpen: true,
        }));
        return { kind: 'open', claim };
      }
      throw storeError(call, 'claim', written.fault);
    }
    const acquired = await follow(claim, waiting, written, round);
    if (acquired) return acquired;
  }
}

/**
 * Where anybody is known to run, running beside them would be a second run and no open failure. And a store that is
 * used wrongly was reached: it may hold the outcome, and it will not be right by the next call.
 */
function mayRunOpen(call: Call, own: LocalRun, fault: unknown): boolean {
  if (call.settings.onStoreFailure !== 'run' || call.hasSeenHolder) return false;
  if (fault instanceof ConfigurationError) return false;
  const run = joinableRun(call);
  return !run || run === own;
}

// Repeated once with the same record and the same `now`: whichever arrives, it is the same claim.
async function firstClaim(claim: Claim): Promise<WriteResult> {
  const now = Date.now();
  const record = claim.draftInProgress({ attempt: 1, fencingToken: now });
  const written = await claim.claim(record, now);
  return written.kind === 'unanswered' ? claim.claim(record, now) : written;
}

/** Goes on from an answer of the store until the call has something, or has to claim once more. */
async function follow(
  claim: Claim,
  waiting: Waiting,
  first: WriteResult,
  round: number,
): Promise<Acquired | undefined> {
  const { call } = claim;
  let written = first;
  let takenOver: TakenOver | undefined;
  for (;;) {
    if (written.kind === 'written' || written.kind === 'earlier-write') {
      if (!hasEnoughLease(claim)) written = await withEnoughLease(claim);
      if (written.kind === 'written' || written.kind === 'earlier-write') {
        // The answer may have taken what was left of a Lambda invocation.
        if (call.isEnding) await giveBack(claim, takenOver);
        call.refuseIfEnding();
        dropEarlier(call, claim.confirmed);
        return { kind: 'held', claim, ...(takenOver && { takenOver }) };
      }
    }
    if (written.kind === 'missing') {
      // Somebody deletes records, or the store loses them: not to be asked again and again without a pause.
      if (call.waitLeft <= 0) throw storeError(call, 'replace', vanished());
      await call.waiting(() => pause(Math.min(backoff(round), call.waitLeft)));
      return undefined;
    }
    if (written.kind === 'unanswered') throw storeError(call, 'replace', written.fault);

    const { holder } = written;
    const verdict = judge(call, holder, Date.now());
    call.hasSeenHolder ||= verdict.kind !== 'claim';
    const state = readState(holder);
    if (verdict.kind !== 'claim' && state.status !== 'unreadable') {
      call.sees(state);
      dropEarlier(call, holder);
    }
    switch (verdict.kind) {
      case 'claim':
        await call.nextTurn();
        return undefined;
      case 'replay':
        keepLocally(call, holder);
        return { kind: 'replay', record: holder, source: 'store' };
      case 'refuse':
        throw verdict.error;
      case 'wait': {
        if (call.waitLeft <= 0) throw inProgress(call, verdict.state);
        const found = await waiting.forOutcome(verdict.state);
        if (found) call.sees(found.record.state);
        call.publish('waited', () => ({}));
        return found && { kind: 'replay', ...found };
      }
      case 'take-over':
        if (takenOver) {
          await call.nextTurn();
          return undefined;
        }
        takenOver = verdict;
        written = await takeOver(claim, holder, verdict);
    }
  }
}

// An error of ours, so that its words are repeated: nothing that the store could do better next time.
function vanished(): StoreError {
  return new StoreError(
    'its record vanished while it was taken over; try again, and let nothing remove records but what the store itself removes after they expired',
  );
}

// The method has not run, and nobody should have to wonder whether it did. What was abandoned before stays so.
async function giveBack(claim: Claim, takenOver: TakenOver | undefined): Promise<void> {
  if (takenOver && takenOver.from !== 'released') return;
  const { attempt, fencingToken } = claim.confirmed.state;
  const state = { status: 'released' as const, attempt: attempt - 1, fencingToken };
  await claim.follow(claim.draft(state, claim.call.unsettledExpiry(Date.now())));
}

async function takeOver(
  claim: Claim,
  holder: IdempotencyRecord,
  { from, state }: TakenOver,
): Promise<WriteResult> {
  // A recovery function only asks what became of the attempt before; it is no attempt of its own.
  const isRecovery = from !== 'released' && typeof claim.call.settings.onAbandoned === 'function';
  const attempt = state.attempt + (isRecovery ? 0 : 1);
  const send = () => {
    const fencingToken = Math.max(state.fencingToken + 1, Date.now());
    return claim.follow(claim.draftInProgress({ attempt, fencingToken }), holder.token);
  };
  const written = await send();
  return written.kind === 'unanswered' ? send() : written;
}

// An answer may come late, when others are about to take over: with too little left, the lease is renewed first. However
// often an answer finds it too short, as where a process is suspended time and again: only faults are counted.
async function withEnoughLease(claim: Claim): Promise<WriteResult> {
  let written = await claim.renew();
  for (let faults = 0; written.kind !== 'taken' && written.kind !== 'missing'; ) {
    if (written.kind === 'unanswered') faults += 1;
    else if (claim.call.isEnding || hasEnoughLease(claim)) break;
    if (faults === 2) break;
    written = await claim.renew();
  }
  return written;
}

function hasEnoughLease({ call, term }: Claim): boolean {
  return term.left >= (call.newTerm().left * 2) / 3;
}
