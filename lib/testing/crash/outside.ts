import { here } from './here.js';
import type { Place, RealParts } from './place.js';
import { awaitReal } from './real-work.js';
import { restOfPromises, restOfTurn } from './turns.js';
import type { VirtualTimer } from './virtual-timer.js';

/** How often, and for how many milliseconds at most, real time passes before a timer fires, to see whether there are real parts. */
const TRIALS = 3;
const LONGEST_TRIAL_MS = 1_000;

/** Outside of all processes of a history, where `setUp`, effects and stores run. Its time passes while one of them waits. */
export class Outside implements Place {
  readonly process = undefined;
  readonly steady = { last: 0, ahead: 0 };
  /** Texts that are other ones in each history, such as the owners of records, and what they are known by. */
  readonly names = new Map<string, string>();
  readonly #timers = new Set<VirtualTimer>();

  constructor(
    readonly clock: { now: number },
    readonly realParts: RealParts,
  ) {}

  get timers(): Set<VirtualTimer> | undefined {
    return this.realParts.areSeen ? undefined : this.#timers;
  }

  /** Runs code here, and lets time pass until it is done. */
  async do<T>(work: () => T | PromiseLike<T>): Promise<T> {
    let isDone = false;
    const result = here.run(this, async () => work());
    const end = () => {
      isDone = true;
    };
    result.then(end, end);
    await restOfPromises();
    while (!isDone) {
      await restOfTurn();
      await this.#letTimePass(() => !isDone);
    }
    return result;
  }

  async #letTimePass(isWaiting: () => boolean): Promise<void> {
    if (!isWaiting()) return;
    const timers = [...this.#timers].filter((timer) => timer.hasRef());
    const next = timers.sort((a, b) => a.at - b.at)[0];
    if (!next) return;
    const { realParts, clock } = this;
    const isTried = realParts.areSeen || realParts.trials < TRIALS;
    if (isTried) {
      realParts.trials += 1;
      const ms = Math.min(
        next.at - clock.now,
        realParts.areSeen ? Number.POSITIVE_INFINITY : LONGEST_TRIAL_MS,
      );
      if (await awaitReal(ms, isWaiting)) {
        realParts.areSeen = true;
        return;
      }
    }
    clock.now = Math.max(clock.now, next.at);
    next.fire();
  }
}
