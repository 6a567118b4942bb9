import { type IdempotentOptions, makeIdempotent, type PersistenceStore } from 'retrysafe';
import { fakeGlobals, realNow } from './clock.js';
import { type Apply, lawful } from './database.js';
import type { Caller } from './invariants.js';
import { baseOptions, type Scenario } from './scenario.js';
import { type Call, observe, World } from './world.js';

/** A history that broke an invariant. */
export interface Violation {
  readonly invariant: string;
  /** What happened, in order. */
  readonly trace: readonly string[];
  /** Which choice was taken at each step: `--trace` takes them again. */
  readonly choices: readonly number[];
}

export interface Found {
  readonly schedules: number;
  readonly states: number;
  /** Of the longest history. */
  readonly steps: number;
  readonly seconds: number;
  /** Whether there is nothing left to explore within the bounds. */
  readonly isExhausted: boolean;
  readonly violation?: Violation;
}

export interface Bounds {
  /** Histories are cut off after so many steps. */
  readonly steps?: number;
  readonly states?: number;
}

interface Step {
  choice: number;
  /** How many choices there were. */
  of: number;
  label: string;
}

/** Explores every history of a scenario, each state once. Stops at the first violation. */
export async function explore(
  scenario: Scenario,
  bounds: Bounds = {},
  apply: Apply = lawful,
): Promise<Found> {
  const { steps: mostSteps = Number.POSITIVE_INFINITY, states: mostStates = Number.POSITIVE_INFINITY } =
    bounds;
  const from = realNow();
  const stage = new Stage(scenario, apply);
  /** At which depth each state was seen: within a bound, a shorter way to it leads further. */
  const visited = new Map<number, number>();
  const path: Step[] = [];
  let schedules = 0;
  let longest = 0;
  let violation: Violation | undefined;
  try {
    for (;;) {
      const world = await stage.replay(path);
      schedules += 1;
      while (!world.violation) {
        const choices = [...world.choices()];
        const [first] = choices;
        if (!first) {
          await world.conclude();
          break;
        }
        const state = world.fingerprint();
        const seenAt = visited.get(state);
        const isKnown =
          seenAt !== undefined && (mostSteps === Number.POSITIVE_INFINITY || seenAt <= path.length);
        if (isKnown || path.length >= mostSteps) break;
        visited.set(state, path.length);
        path.push({ choice: 0, of: choices.length, label: first.label });
        await world.take(first);
      }
      longest = Math.max(longest, path.length);
      if (world.violation) {
        violation = violationOf(world.violation, path);
        break;
      }
      if (!advance(path) || visited.size >= mostStates) break;
    }
  } finally {
    stage.clear();
  }
  const seconds = (realNow() - from) / 1_000;
  const isExhausted = path.length === 0;
  return {
    schedules,
    states: visited.size,
    steps: longest,
    seconds,
    isExhausted,
    ...(violation && { violation }),
  };
}

function violationOf(invariant: string, path: readonly Step[]): Violation {
  return { invariant, trace: path.map(({ label }) => label), choices: path.map(({ choice }) => choice) };
}

/**
 * Looks for the shortest history that breaks an invariant, by exploring no further than the shortest known one.
 * `isShortest` where nothing shorter is left within the bound on states.
 */
export async function shorten(
  scenario: Scenario,
  known: Violation,
  bounds: Bounds = {},
  apply: Apply = lawful,
): Promise<Violation & { readonly isShortest: boolean }> {
  for (let shortest = known; ; ) {
    const steps = shortest.trace.length - 1;
    const found = await explore(scenario, { ...bounds, steps }, apply);
    if (!found.violation) return { ...shortest, isShortest: found.isExhausted };
    shortest = found.violation;
  }
}

/** Repeats one history. Returns what it broke, if anything. */
export async function repeat(
  scenario: Scenario,
  choices: readonly number[],
  apply: Apply = lawful,
): Promise<{ readonly trace: readonly string[]; readonly invariant: string | undefined }> {
  const stage = new Stage(scenario, apply);
  try {
    const path = choices.map((choice) => ({ choice, of: choice + 1, label: '' }));
    const world = await stage.replay(path);
    if (world.isOver && !world.violation) await world.conclude();
    return { trace: path.map(({ label }) => label), invariant: world.violation };
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

/** Where the histories of one scenario take place, one after another. */
class Stage {
  readonly #call: Call;
  readonly #lastCall: Call;
  readonly #clear: (() => void)[];
  #world: World;

  constructor(
    readonly scenario: Scenario,
    readonly apply: Apply,
  ) {
    this.#call = this.#operation(scenario.options);
    this.#lastCall = this.#operation({ ...scenario.options, wait: '1m', onStoreFailure: 'throw' });
    this.#world = this.#empty();
    const current = () => this.#world;
    this.#clear = [observe(current), fakeGlobals(current)];
  }

  /** A new world, in which everything has happened that the path says. */
  async replay(path: readonly Step[]): Promise<World> {
    this.#world = this.#empty();
    for (const step of path) {
      const choice = nth(this.#world.choices(), step.choice);
      step.label = choice.label;
      await this.#world.take(choice);
    }
    return this.#world;
  }

  clear(): void {
    for (const clear of this.#clear) clear();
  }

  #empty(): World {
    return new World(this.scenario, this.#call, this.#lastCall, this.apply);
  }

  #operation(options: IdempotentOptions): Call {
    const method = (caller: Caller) => this.#world.work(caller);
    // Each process is its own store object, so that its callers meet in it and others do not.
    const store = (self: unknown) => self as PersistenceStore;
    const asks = (_: unknown, caller: Caller) => this.#world.recover(caller);
    const { policy = 'run' } = this.scenario;
    const onAbandoned = policy === 'asks' ? asks : policy;
    return makeIdempotent(method, { ...baseOptions, ...options, onAbandoned, store }) as Call;
  }
}

function nth<T>(all: Iterable<T>, index: number): T {
  let at = 0;
  for (const one of all) {
    if (at === index) return one;
    at += 1;
  }
  throw new RangeError(`there is no choice ${index} of ${at}: the history is of another engine or scenario`);
}
