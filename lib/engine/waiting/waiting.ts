import { steadyNow } from '../../process/steady-clock.js';
import { backoff } from '../../process/timers.js';
import type { IdempotencyRecord } from '../../record/persistence-store.js';
import { type InProgressState, readState } from '../../record/record.js';
import type { Call } from '../call/call.js';
import { abandonedAt, isOutcomeOf } from '../call/verdict.js';
import { Listening } from './listening.js';
import { joinableRun, type LocalRun } from './local-runs.js';

/** Where the outcome was found that a waiting call answers with. */
export interface Found {
  readonly record: IdempotencyRecord;
  readonly source: 'store' | 'joined' | 'kept';
}

/** A call's waiting for somebody else's outcome. */
export class Waiting {
  #round = 0;

  /** `own` is the run under which others join this call: it must not join itself. */
  constructor(
    readonly call: Call,
    readonly own: LocalRun,
  ) {}

  /**
   * Waits while the claim of `state` holds. Answers with the outcome, or with nothing when the store has to be
   * asked by a claim: the wait is over, the lease lapsed, or something else was found, which may be stale.
   */
  async forOutcome(state: InProgressState): Promise<Found | undefined> {
    const listening = new Listening(this.call);
    try {
      return await this.#listen(state, listening);
    } finally {
      listening.stop();
    }
  }

  async #listen(state: InProgressState, listening: Listening): Promise<Found | undefined> {
    const { call } = this;
    let lapsesAt = abandonedAt(call, state);
    while (call.waitLeft > 0 && Date.now() < lapsesAt) {
      const run = joinableRun(call);
      if (run && run !== this.own) {
        const end = await run.join(call);
        if (!end) continue;
        // It may be the run that lost its claim to the one that this call was told of.
        const isOutcome = typeof end === 'object' && !call.isOutdated(end.record);
        return isOutcome ? { record: end.record, source: 'joined' } : undefined;
      }
      const found = await call.waiting(() => this.#look(lapsesAt, listening));
      if (found === 'nothing new') continue;
      if (isOutcomeOf(call, found, Date.now()) && !call.isOutdated(found))
        return { record: found, source: 'store' };
      const seen = found && readState(found);
      if (seen?.status !== 'in-progress') return undefined;
      call.sees(seen, true);
      lapsesAt = Math.max(lapsesAt, abandonedAt(call, seen));
    }
    return undefined;
  }

  async #look(
    lapsesAt: number,
    listening: Listening,
  ): Promise<IdempotencyRecord | undefined | 'nothing new'> {
    const { call } = this;
    const until = steadyNow() + Math.min(call.waitLeft, lapsesAt - Date.now());
    const delay = listening.isOn ? safetyNet() : backoff(this.#round++);
    await listening.pause(Math.min(delay, until - steadyNow()));
    // A look at the very end would only delay the claim that follows.
    const left = until - steadyNow();
    if (left <= 0) return 'nothing new';
    const answer = await call.ask('find', () => call.store.find(call.key), {
      limitMs: left,
    });
    return 'fault' in answer ? 'nothing new' : answer.value;
  }
}

/** How long a call that listens for notices waits for one before it looks all the same, in milliseconds. */
function safetyNet(): number {
  return 2_000 * (0.5 + Math.random() / 2);
}
