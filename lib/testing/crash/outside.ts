import { ConfigurationError } from '../../errors.js';
import { chance } from './chance.js';
import { here } from './here.js';
import type { Place, RealParts } from './place.js';
import { awaitReal } from './real-work.js';
import { realNow, restOfPromises, restOfTurn } from './turns.js';
import type { VirtualTimer } from './virtual-timer.js';

/** How often, and for how many milliseconds at most, real time passes before a timer fires, to see whether there are real parts. */
const TRIALS = 3;
const LONGEST_TRIAL_MS = 100;
/** For how many real milliseconds what is outside may take. */
const LONGEST_WAIT_MS = 10_000;

/** Outside of all processes of a history, where `setUp`, effects and stores run. Its time passes while one of them waits. */
export class Outside implements Place {
  readonly process = undefined;
  readonly steady = { last: 0, ahead: 0 };
  readonly #chance: () => number;
  /** Texts that are other ones in each history, such as the owners of records, and what they are known by. */
  readonly names = new Map<string, string>();
  readonly clock: { readonly now: number };
  readonly #timers = new Set<VirtualTimer>();
  /** Why the history cannot go on. */
  failure: ConfigurationError | undefined;
  /** How much time has passed in what is done just now. For the processes it is done at once. */
  #passed = 0;

  constructor(
    world: { readonly now: number },
    readonly realParts: RealParts,
    seed: number,
  ) {
    const passed = () => this.#passed;
    this.clock = {
      get now() {
        return world.now + passed();
      },
    };
    this.#chance = chance(seed);
  }

  /** Real parts tell requests of two histories apart by it. */
  get chance(): (() => number) | undefined {
    return this.realParts.areSeen ? undefined : this.#chance;
  }

  get timers(): Set<VirtualTimer> | undefined {
    return this.realParts.areSeen ? undefined : this.#timers;
  }

  /**
   * Runs code here, and lets time pass until it is done.
   *
   * @throws {ConfigurationError} if it is not done after long, and nothing is known that it waits for.
   */
  async do<T>(name: string, work: () => T | PromiseLike<T>): Promise<T> {
    let isDone = false;
    this.#passed = 0;
    const result = here.run(this, async () => work());
    const end = () => {
      isDone = true;
    };
    result.then(end, end);
    await restOfPromises();
    const began = isDone ? 0 : realNow();
    while (!isDone) {
      await restOfTurn();
      await this.#letTimePass(() => !isDone);
      if (isDone || realNow() - began <= LONGEST_WAIT_MS) continue;
      this.failure = unanswered(name);
      throw this.failure;
    }
    this.#passed = 0;
    return result;
  }

  async #letTimePass(isWaiting: () => boolean): Promise<void> {
    if (!isWaiting()) return;
    const timers = [...this.#timers].filter((timer) => timer.hasRef());
    const next = timers.sort((a, b) => a.at - b.at)[0];
    if (!next) return;
    const { realParts, clock } = this;
    if (realParts.areSeen || realParts.trials < TRIALS) {
      realParts.trials += 1;
      const ms = Math.min(next.at - clock.now, realParts.areSeen ? LONGEST_WAIT_MS : LONGEST_TRIAL_MS);
      if (await awaitReal(ms, isWaiting)) {
        realParts.areSeen = true;
        return;
      }
    }
    this.#passed += Math.max(0, next.at - clock.now);
    next.fire();
  }
}

function unanswered(name: string): ConfigurationError {
  return new ConfigurationError(
    `crashTest: ${name} was not done after ${LONGEST_WAIT_MS / 1_000} seconds, and waits for no timer. Let a stand-in answer or throw: that no answer comes, the test tries by itself`,
  );
}
