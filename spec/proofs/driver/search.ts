import { type IdempotencyEventName, keyOf, makeIdempotent, onIdempotencyEvent } from 'retrysafe';
import { eventNames } from '../../support/recorded-events.js';
import { type Call, type Caller, contexts } from './caller.js';
import type { Scenario } from './scenario.js';
import { fakeGlobals } from './timers.js';
import { World } from './world.js';

export interface Found {
  readonly histories: number;
  readonly steps: number;
  readonly violation?: string;
  /** What happened, in order. */
  readonly trace: readonly string[];
}

interface Step {
  choice: number;
  of: number;
  label: string;
}

/** Tries every history of a scenario within its bounds, until one breaks a rule. */
export async function explore(scenario: Scenario): Promise<Found> {
  const stage = new Stage(scenario);
  const path: Step[] = [];
  let histories = 0;
  let steps = 0;
  try {
    do {
      const world = await stage.replay(path);
      histories += 1;
      steps += path.length;
      if (world.ledger.violation)
        return { histories, steps, violation: world.ledger.violation, trace: path.map(({ label }) => label) };
    } while (advance(path));
    return { histories, steps, trace: [] };
  } finally {
    stage.clear();
  }
}

/** Goes on to the next choice of the last step that has one. */
function advance(path: Step[]): boolean {
  for (let last = path.at(-1); last; last = path.at(-1)) {
    last.choice += 1;
    if (last.choice < last.of) return true;
    path.pop();
  }
  return false;
}

let count = 0;

/** Where the histories of one scenario take place, one after another. */
class Stage {
  readonly #call: Call;
  readonly #key: string;
  readonly #clear: (() => void)[];
  #world: World;

  constructor(readonly scenario: Scenario) {
    count += 1;
    const operation = makeIdempotent((caller: Caller) => this.#world.work(caller), {
      name: `driven ${count}`,
      key: ({ key }: Caller) => key,
      store: () => this.#world.store,
      wait: 10,
      lease: 3,
      ttl: (_value: unknown, caller: Caller) => {
        this.#world.ledger.asked('ttl', caller);
        return 60;
      },
      onError: (_error: unknown, caller: Caller) => {
        this.#world.ledger.asked('onError', caller);
      },
      mapReplay: (value: unknown) => {
        this.#world.ledger.enters('mapReplay');
        return value;
      },
      ...scenario.options,
    });
    this.#call = operation as Call;
    // The key needs a store to be asked of, but none is called.
    this.#world = new World(scenario, this.#call, '');
    this.#key = keyOf(operation, { key: 'a' } as Caller);
    this.#clear = [fakeGlobals(() => this.#world), this.#watch(), this.#catch()];
  }

  /** Repeats the choices of a path, then takes the first one at each further step, and lets the rest follow. */
  async replay(path: Step[]): Promise<World> {
    this.#world = new World(this.scenario, this.#call, this.#key);
    const world = this.#world;
    for (let at = 0; at < this.scenario.bounds.depth && !world.ledger.violation; at += 1) {
      const choices = world.choices();
      if (choices.length === 0) break;
      const step = path[at] ?? { choice: 0, of: choices.length, label: '' };
      const choice = choices[step.choice];
      if (!choice)
        throw new RangeError(
          `a history took another turn when it was repeated, after ${path[at - 1]?.label}`,
        );
      step.of = choices.length;
      step.label =
        choice.hurriedBy === undefined
          ? choice.label
          : `${choice.label}, and ${choice.hurriedBy} microtasks on:`;
      path[at] = step;
      await world.take(choice);
    }
    if (!world.ledger.violation) await world.conclude();
    return world;
  }

  clear(): void {
    for (const clear of this.#clear) clear();
  }

  #watch(): () => void {
    const stops = eventNames.map((name: IdempotencyEventName) =>
      onIdempotencyEvent(name, () => this.#world.published(name)),
    );
    return () => {
      for (const stop of stops) stop();
    };
  }

  #catch(): () => void {
    const listener = (reason: unknown) =>
      this.#world.ledger.fails(`a promise is rejected and not handled: ${reason} in ${contexts.getStore()}`);
    process.on('unhandledRejection', listener);
    return () => {
      process.off('unhandledRejection', listener);
    };
  }
}
