import { chance } from './chance.js';
import type { CrashTestOptions } from './crash-options.js';
import type { CrashTestReport } from './crash-report.js';
import type { RealParts } from './place.js';
import { choicesOf, type Plan } from './plan.js';
import { type History, liveThrough } from './run-history.js';
import { endless, stuck } from './stuck.js';
import { realNow } from './turns.js';

type Any = CrashTestOptions<unknown, unknown>;

/** How often, and for how many real milliseconds, a process is waited for that waits for nothing which is simulated. */
const MOST_WAITS = 3;
const LONGEST_WAIT_MS = 250;

/** How many histories are lived through at most to find a shorter one. */
const MOST_TO_SHORTEN = 500;

/** The histories with one number of faults that are still to be tried. */
interface Level {
  /** From `head` on: where all are tried, those come first that branch off least often. */
  plans: (Plan | undefined)[];
  head: number;
  histories: number;
}

/** A history in which the invariant does not hold, and the choices that lead to it. */
export interface Found {
  readonly plan: Plan | undefined;
  readonly faults: number;
  readonly history: History;
}

/** What was explored: a report, and what was found first. */
export interface Explored {
  readonly report: CrashTestReport;
  readonly found: Found | undefined;
}

/**
 * Lives through one history after another: first all without a fault, then all with one, then some with more, drawn by the seed. Each
 * begins anew and branches off from an earlier one at one point. It ends where it comes to a state that is known.
 */
export class Explorer {
  readonly #levels: Level[];
  /** With how few switches each state was reached: with fewer, more can follow. Never with fewer faults than before. */
  readonly #known = new Map<number, number>();
  readonly #effects: Record<string, number> = {};
  readonly #draw: () => number;
  #began = realNow();
  readonly #mostSwitches: number;
  #histories = 0;
  #steps = 0;
  #merged = 0;
  #endless = 0;
  #beyond = 0;
  #waits = 0;
  readonly #realParts: RealParts = { areSeen: false, trials: 0 };
  #cutBy: 'histories' | 'seconds' | undefined;

  /** With `only`, faults of these kinds alone, and all of them in order. */
  constructor(
    readonly options: Any,
    readonly only?: ReadonlySet<string>,
  ) {
    this.#levels = Array.from({ length: this.faults + 1 }, () => ({ plans: [], head: 0, histories: 0 }));
    this.#draw = chance(options.seed ?? 1);
    this.#mostSwitches = options.switches ?? 2;
  }

  get faults(): number {
    return this.options.faults ?? 2;
  }

  async explore(): Promise<Explored> {
    this.#began = realNow();
    this.#levels[0]?.plans.push(undefined);
    for (const [faults, level] of this.#levels.entries()) {
      for (let plan = this.#next(level, faults); plan !== 'none'; plan = this.#next(level, faults)) {
        const history = await this.live(plan);
        if (history.end === 'stuck') throw stuck((await this.live(plan, true)).world);
        if (history.end === 'endless' && plan === undefined) throw endless(history.world, history.steps);
        level.histories += 1;
        this.#count(history);
        if (history.violation) return { report: this.report(), found: { plan, faults, history } };
        this.#branch(plan, history);
      }
    }
    return { report: this.report(), found: undefined };
  }

  /** Looks for a history with fewer choices that has the kinds of faults of the one that was found, in whatever process, or some of them. */
  async shorten(found: Found): Promise<Found> {
    if (found.faults < 2) return found;
    const faults = choicesOf(found.plan).flatMap(({ isFault, label }) =>
      isFault ? [kindOfFault(label)] : [],
    );
    const options = { ...this.options, faults: found.faults, histories: MOST_TO_SHORTEN };
    return (await new Explorer(options, new Set(faults)).explore()).found ?? found;
  }

  /** Lives through one history. */
  live(plan: Plan | undefined, isTold = false): Promise<History> {
    const switches = plan?.switches ?? 0;
    const isKnown = (state: number) => {
      const fewest = this.#known.get(state) ?? Number.POSITIVE_INFINITY;
      if (switches < fewest) this.#known.set(state, switches);
      return switches >= fewest;
    };
    return liveThrough(this.options, {
      choices: choicesOf(plan),
      faults: this.faults,
      isTold,
      patience: () => this.#patience(),
      realParts: this.#realParts,
      isKnown: isTold ? () => false : isKnown,
    });
  }

  /** Where a few waits were in vain, there is nothing real to wait for. */
  #patience(): number {
    this.#waits += 1;
    return this.#waits <= MOST_WAITS ? LONGEST_WAIT_MS : 0;
  }

  report(): CrashTestReport {
    const levels = this.#levels.map(({ plans, head, histories }, faults) => ({
      faults,
      histories,
      left: plans.length - head,
    }));
    return {
      histories: this.#histories,
      states: this.#known.size,
      steps: this.#steps,
      levels,
      merged: this.#merged,
      endless: this.#endless,
      beyondSwitches: this.#beyond,
      ...(this.#cutBy && { cutBy: this.#cutBy }),
      effects: this.#effects,
      seconds: Math.round(realNow() - this.#began) / 1_000,
      seed: this.options.seed ?? 1,
    };
  }

  /** The next one of a level, in order with up to one fault, else by chance: there are more of them than can be tried. */
  #next(level: Level, faults: number): Plan | undefined | 'none' {
    const { plans } = level;
    if (level.head === plans.length) return 'none';
    if (this.#isOver()) return 'none';
    if (faults > 1 && !this.only) {
      const drawn = level.head + Math.floor(this.#draw() * (plans.length - level.head));
      [plans[level.head], plans[drawn]] = [plans[drawn], plans[level.head]];
    }
    const plan = plans[level.head];
    level.head += 1;
    return plan;
  }

  #isOver(): boolean {
    if (this.#histories >= (this.options.histories ?? 1_500)) this.#cutBy = 'histories';
    else if (realNow() - this.#began >= (this.options.seconds ?? 30) * 1_000) this.#cutBy = 'seconds';
    return this.#cutBy !== undefined;
  }

  #count({ world, steps, end }: History): void {
    this.#histories += 1;
    this.#steps += steps;
    if (end === 'merged') this.#merged += 1;
    if (end === 'endless') this.#endless += 1;
    for (const [name, count] of Object.entries(world.counts))
      this.#effects[name] = (this.#effects[name] ?? 0) + count;
  }

  #branch(parent: Plan | undefined, { branchings }: History): void {
    for (const { step, options, faultsUsed } of branchings)
      for (const [option, { label, isFault }] of options.entries()) {
        if (option === 0 || (isFault && this.only && !this.only.has(kindOfFault(label)))) continue;
        const switches = (parent?.switches ?? 0) + (isFault ? 0 : 1);
        if (switches > this.#mostSwitches) this.#beyond += 1;
        else
          this.#levels[faultsUsed + (isFault ? 1 : 0)]?.plans.push({
            parent,
            step,
            option,
            label,
            isFault,
            switches,
          });
      }
  }
}

/** What happens at which operation, whoever's and whichever time: `bank.placeHold: crash after`. */
function kindOfFault(label: string): string {
  return label.replace(/^call \d+( \(delivery \d+\))?:? /, '').replace(/ \(\d+\): /, ': ');
}
