import { steadyNow } from '../../process/steady-clock.js';
import { pause, startTimer } from '../../process/timers.js';
import { warnOnce } from '../../process/warnings.js';
import type { Call } from '../call/call.js';

/**
 * A stream of notices that lead to nothing new makes nobody look more often than this, in milliseconds. One look may come
 * early: the first is made when the store begins to listen, and a short run may end just after that.
 */
const SHORTEST_PAUSE = 20;

/** A call's ear for notices of a store that gives them, so that it looks when there is something to see. */
export class Listening {
  readonly #controller = new AbortController();
  /** Whether notices will come: from then on looks without one are but a safety net. */
  #isOn = false;
  #isDue = false;
  #wake = () => {};
  /** When the next look is no look too many. */
  #mayLookAt = Number.NEGATIVE_INFINITY;

  constructor(readonly call: Call) {
    this.#next();
  }

  get isOn(): boolean {
    return this.#isOn;
  }

  /** Pauses until a notice comes, for at most `delay` milliseconds. A look that follows it misses nothing. */
  async pause(delay: number): Promise<void> {
    const until = steadyNow() + delay;
    if (!this.#isDue) await this.#wokenWithin(delay);
    if (this.#isDue) {
      const now = steadyNow();
      const early = Math.min(this.#mayLookAt - now, SHORTEST_PAUSE, until - now);
      if (early > 0) await pause(early);
      this.#next();
    }
    const now = steadyNow();
    this.#mayLookAt = Math.max(this.#mayLookAt, now - SHORTEST_PAUSE) + SHORTEST_PAUSE;
  }

  stop(): void {
    this.#isOn = false;
    this.#controller.abort();
  }

  #wokenWithin(delay: number): Promise<void> {
    return new Promise((resolve) => {
      const stop = startTimer(delay, resolve, { isAwaited: true });
      this.#wake = () => {
        stop();
        resolve();
      };
    });
  }

  #next(): void {
    this.#isDue = false;
    const { store, key } = this.call;
    if (!store.changed) return;
    const { signal } = this.#controller;
    // In a promise, so that a store which throws is one that rejects.
    new Promise<void>((resolve) => resolve(store.changed?.(key, signal))).then(
      () => {
        if (signal.aborted) return;
        this.#isOn = true;
        this.#isDue = true;
        this.#wake();
      },
      () => this.#giveUp(),
    );
  }

  #giveUp(): void {
    if (this.#controller.signal.aborted) return;
    // What the store could not tell any more may have happened already.
    if (this.#isOn) this.#wake();
    this.stop();
    const { operation } = this.call;
    warnOnce(
      `notices:${operation}`,
      'RETRYSAFE_NOTICES',
      `${operation}: the store gives no notices, so a call that waits for another asks it again and again; check the connection that the store listens on`,
    );
  }
}
