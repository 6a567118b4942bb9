import type { Claim } from './claim.js';
import { ClaimLostError } from './errors.js';
import type { LocalRun } from './local-runs.js';
import { startTimer } from './timers.js';
import { named } from './verdict.js';

const bookkeeping = { isAwaited: false };

/** Keeps a claim's lease while the method runs, and tells by a signal when it is lost. */
export class Lease {
  readonly #controller = new AbortController();
  readonly #cutOff = new AbortController();
  readonly #renewUntil: number;
  #stopRenewal = () => {};
  #stopLapse = () => {};
  #renewal: Promise<void> | undefined;
  #isRenewing = true;

  constructor(
    readonly claim: Claim,
    readonly run: LocalRun,
  ) {
    const { settings, endsAt } = claim.call;
    this.#renewUntil = Math.min(Date.now() + settings.renewFor, endsAt);
    this.#confirm();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /**
   * Stops renewing, and resolves when no renewal is in flight any more; one that takes longer than `patience`
   * milliseconds is given up. The signal still tells when the lease lapses.
   */
  async stopRenewing(patience = Number.POSITIVE_INFINITY): Promise<void> {
    this.#isRenewing = false;
    this.#stopRenewal();
    if (!this.#renewal) return;
    const stop = startTimer(patience, () => this.#cutOff.abort(), { isAwaited: true });
    await this.#renewal;
    stop();
  }

  /** Resolves when the lease causes nothing more: no renewal, no abort, no timer. */
  async end(): Promise<void> {
    await this.stopRenewing();
    this.#stopLapse();
  }

  /** Takes note of a confirmed lease. Timed from `leaseUntil`, since the answer may have come late. */
  #confirm(): void {
    const { leaseUntil, call } = this.claim;
    this.run.leaseUntil = leaseUntil;
    const lapsesAt = Math.min(leaseUntil, this.#renewUntil);
    this.#stopLapse();
    this.#stopLapse = startTimer(lapsesAt - Date.now(), () => this.#lapse(), bookkeeping);
    // At the end of an invocation the lease cannot grow any more.
    if (leaseUntil < this.#renewUntil) this.#renewAt(leaseUntil - (call.settings.lease * 2) / 3);
  }

  #renewAt(time: number): void {
    this.#stopRenewal();
    if (!this.#isRenewing || this.signal.aborted) return;
    const delay = time - Date.now();
    this.#stopRenewal = startTimer(
      delay,
      () => {
        // A timer may fire late, in a process that was frozen: a lease that lapsed is not brought back to life.
        if (this.#isLapsed) this.#lapse();
        else this.#renewal = this.#renew();
      },
      bookkeeping,
    );
  }

  async #renew(): Promise<void> {
    const { call } = this.claim;
    const written = await this.claim.renew({}, { isAwaited: false, cutOff: this.#cutOff.signal });
    switch (written.kind) {
      case 'done':
      case 'moved':
        if (this.signal.aborted) break;
        // It may have been answered when its own lease had lapsed again, in a process that was suspended.
        if (!this.#isLapsed) call.publish('renewed', () => ({ leaseUntil: this.claim.leaseUntil }));
        this.#lapse();
        break;
      case 'unanswered':
        this.#renewAt(Date.now() + call.settings.lease / 10);
        break;
      default:
        this.#lose('another call took it over');
    }
  }

  get #isLapsed(): boolean {
    return Date.now() >= Math.min(this.claim.leaseUntil, this.#renewUntil);
  }

  #lapse(): void {
    if (!this.#isLapsed) this.#confirm();
    else this.#lose(Date.now() >= this.#renewUntil ? 'it is not renewed any longer' : 'its lease lapsed');
  }

  #lose(reason: string): void {
    this.#isRenewing = false;
    this.#stopRenewal();
    this.#stopLapse();
    if (this.signal.aborted) return;
    // Whoever joined must not wait for a run that others may already repeat.
    this.run.sendAway();
    const { call } = this.claim;
    call.publish('claim-lost', () => ({}));
    this.#controller.abort(
      new ClaimLostError(
        `${call.operation}: the claim on ${call.key} is lost, ${reason}; stop working, another call may do the same`,
        named(call),
      ),
    );
  }
}
