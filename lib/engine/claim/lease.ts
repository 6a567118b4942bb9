import { ClaimLostError } from '../../errors.js';
import { steadyNow } from '../../process/steady-clock.js';
import { startTimer } from '../../process/timers.js';
import { named } from '../call/verdict.js';
import type { LocalRun } from '../waiting/local-runs.js';
import type { Claim } from './claim.js';

const bookkeeping = { isAwaited: false };

/** Keeps a claim's lease while the method runs, and tells by a signal when it is lost. */
export class Lease {
  readonly #renewUntil: number;
  /** What is due next, a renewal or the end of the lease. */
  #stopTimer = () => {};
  #renewsAt = Number.POSITIVE_INFINITY;
  #renewal: Promise<void> | undefined;
  #isRenewing = true;
  #lossError: ClaimLostError | undefined;
  // These two are made for whoever wants them: few methods look at their signal, and most are done before a renewal.
  #controller: AbortController | undefined;
  #cutOff: AbortController | undefined;

  constructor(
    readonly claim: Claim,
    readonly run: LocalRun,
  ) {
    const { settings, endsAt } = claim.call;
    this.#renewUntil = Math.min(steadyNow() + settings.renewFor, endsAt);
    this.#confirm();
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#lossError) this.#controller.abort(this.#lossError);
    return this.#controller.signal;
  }

  /** Why the claim is lost, once it is: the reason of the signal. */
  get lossError(): ClaimLostError | undefined {
    return this.#lossError;
  }

  /**
   * Stops renewing, and resolves when no renewal is in flight any more; one that takes longer than `patience`
   * milliseconds is given up. The signal still tells when the lease lapses.
   */
  async stopRenewing(patience = Number.POSITIVE_INFINITY): Promise<void> {
    this.#isRenewing = false;
    this.#schedule();
    if (!this.#renewal) return;
    const stop = startTimer(patience, () => this.#cutOff?.abort(), { isAwaited: true });
    await this.#renewal;
    stop();
  }

  /** Resolves when the lease causes nothing more: no renewal, no abort, no timer. */
  async end(): Promise<void> {
    if (this.#renewal) await this.stopRenewing();
    this.#isRenewing = false;
    this.#stopTimer();
  }

  /** Takes note of a confirmed lease. Timed from its end, since the answer may have come late. */
  #confirm(): void {
    const { term, call } = this.claim;
    this.run.term = term;
    // At the end of an invocation the lease cannot grow any more.
    const canGrow = term.endsAt < this.#renewUntil;
    this.#renewsAt = canGrow ? term.endsAt - (call.settings.lease * 2) / 3 : Number.POSITIVE_INFINITY;
    this.#schedule();
  }

  /** Sets the timer anew. A lease that has lapsed is lost there and then, whatever its timer says. */
  #schedule(): void {
    this.#stopTimer();
    if (this.#lossError) return;
    const { left } = this;
    if (left <= 0) {
      this.#lapse();
      return;
    }
    const renewsIn = this.#renewsAt - steadyNow();
    const renews = this.#isRenewing && renewsIn < left;
    const delay = renews ? renewsIn : left;
    this.#stopTimer = startTimer(delay, () => (renews ? this.#startRenewal() : this.#lapse()), bookkeeping);
  }

  #startRenewal(): void {
    this.#renewsAt = Number.POSITIVE_INFINITY;
    this.#schedule();
    // A timer may fire late, in a process that was frozen: a lease that lapsed is not brought back to life.
    if (!this.#lossError) this.#renewal = this.#renew();
  }

  async #renew(): Promise<void> {
    const { call } = this.claim;
    this.#cutOff = new AbortController();
    const written = await this.claim.renew({}, { isAwaited: false, cutOff: this.#cutOff.signal });
    switch (written.kind) {
      case 'written':
      case 'earlier-write':
        if (this.#lossError) break;
        // It may have been answered when its own lease had lapsed again, in a process that was suspended.
        if (this.left > 0) call.publish('renewed', () => ({ leaseUntil: this.claim.term.until }));
        this.#confirm();
        break;
      case 'unanswered':
        this.#renewsAt = steadyNow() + call.settings.lease / 10;
        this.#schedule();
        break;
      default:
        this.#lose('another call took it over');
    }
  }

  /** For how long the method may go on, in milliseconds. */
  get left(): number {
    return Math.min(this.claim.term.left, this.#renewUntil - steadyNow());
  }

  #lapse(): void {
    if (this.left > 0) this.#confirm();
    else this.#lose(steadyNow() >= this.#renewUntil ? 'it is not renewed any longer' : 'its lease lapsed');
  }

  #lose(reason: string): void {
    this.#isRenewing = false;
    this.#stopTimer();
    if (this.#lossError) return;
    const { call } = this.claim;
    this.#lossError = new ClaimLostError(
      `${call.operation}: the claim on ${call.key} is lost, ${reason}; stop working, another call may do the same`,
      named(call),
    );
    // Whoever joined must not wait for a run that others may already repeat.
    this.run.sendAway();
    call.publish('claim-lost', () => ({}));
    this.#controller?.abort(this.#lossError);
  }
}
