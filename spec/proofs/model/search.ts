import { type Choice, choicesIn, labelOf, take } from './choices.js';
import { conclude } from './conclusion.js';
import { ExactStates } from './exact.js';
import type { Scenario } from './scenario.js';
import { type Parts, Setting } from './setting.js';
import { StateWriter } from './state-writer.js';
import { Visited } from './visited.js';
import { World } from './world.js';

/** A history that broke an invariant. */
export interface Violation {
  readonly invariant: string;
  /** What happened, in order. */
  readonly trace: readonly string[];
  /** Which choice was taken at each step: `--trace` takes them again. */
  readonly choices: readonly number[];
}

export interface Found {
  readonly states: number;
  /** Steps from one state to another one, also to one that was reached before. */
  readonly transitions: number;
  /** Of the longest history. */
  readonly steps: number;
  readonly seconds: number;
  /** Whether there is nothing left to explore within the bounds. */
  readonly isExhausted: boolean;
  readonly violation?: Violation;
  /** All ways in which a call ended; where it was asked for. */
  readonly ends?: ReadonlySet<string>;
}

export interface Bounds {
  /** Histories are cut off after so many steps. */
  readonly steps?: number;
  readonly states?: number;
}

export interface Ways extends Parts {
  /** Compares states as they are. */
  readonly isExact?: boolean;
  /** Is told of each state before anything follows from it. */
  readonly inspect?: (world: World) => void;
  /** Whether all ways in which a call ends are kept. */
  readonly keepsEnds?: boolean;
}

interface Frame {
  readonly world: World;
  readonly choices: readonly Choice[];
  /** The next one to be taken. */
  next: number;
}

/** Explores every history of a scenario, each state once, and takes each step on a copy. Stops at the first violation. */
export function explore(scenario: Scenario, bounds: Bounds = {}, ways: Ways = {}): Found {
  const { steps: mostSteps = Number.POSITIVE_INFINITY, states: mostStates = Number.POSITIVE_INFINITY } =
    bounds;
  const from = performance.now();
  const setting = new Setting(scenario, ways);
  const known = statesOf(setting, ways, mostSteps !== Number.POSITIVE_INFINITY);
  const ends = ways.keepsEnds ? new Set<string>() : undefined;
  const root = new World(setting);
  known.add(root, 0);
  const path: Frame[] = [frameOf(root, ways)];
  let transitions = 0;
  let longest = 0;
  let violation: Violation | undefined;
  let isCutOff = false;
  for (let frame = path.at(-1); frame; frame = path.at(-1)) {
    const choice = frame.choices[frame.next];
    if (!choice) {
      path.pop();
      continue;
    }
    frame.next += 1;
    transitions += 1;
    const world = frame.world.copy();
    take(world, choice);
    longest = Math.max(longest, path.length);
    if (ends) addEnds(ends, frame.world, world);
    let broken = world.violation;
    if (!broken && known.add(world, path.length)) {
      const next = frameOf(world, ways);
      if (next.choices.length === 0) broken = conclude(world);
      else if (path.length < mostSteps) path.push(next);
      if (known.size >= mostStates) isCutOff = true;
    }
    if (broken !== undefined) {
      violation = violationOf(broken, path);
      break;
    }
    if (isCutOff) break;
  }
  const seconds = (performance.now() - from) / 1_000;
  const isExhausted = !isCutOff && !violation;
  return {
    states: known.size,
    transitions,
    steps: longest,
    seconds,
    isExhausted,
    ...(violation && { violation }),
    ...(ends && { ends }),
  };
}

function frameOf(world: World, { inspect }: Ways): Frame {
  inspect?.(world);
  return { world, choices: choicesIn(world), next: 0 };
}

/** The states that were reached. Within a bound, a shorter way to one of them leads further. */
function statesOf(setting: Setting, { isExact = false }: Ways, isBounded: boolean) {
  if (isExact) return new ExactStates();
  const writer = new StateWriter(setting);
  const visited = new Visited(isBounded);
  return {
    get size() {
      return visited.size;
    },
    add(world: World, depth: number) {
      writer.hash(world);
      return visited.add(writer.low >>> 0, writer.high >>> 0, depth);
    },
  };
}

/** Adds how calls ended at this step, and what the store had of their key then. */
function addEnds(ends: Set<string>, before: World, after: World): void {
  for (const { facts, state, runs, verdict } of after.callers) {
    if (state !== 'ended' || before.callers[facts.index]?.state === 'ended') continue;
    const record = after.holderOf(facts.key)?.state;
    const all = after.callers.reduce((sum, one) => sum + (one.facts.key === facts.key ? one.runs : 0), 0);
    ends.add(
      `${facts.purpose} ${facts.key}: ${verdict}, ran ${runs} of ${all}, ${record?.status} ${record?.attempt}`,
    );
  }
}

function violationOf(invariant: string, path: readonly Frame[]): Violation {
  const choices = path.map(({ next }) => next - 1);
  const trace = path.map(({ world, choices, next }) => labelOf(world, choices[next - 1] as Choice));
  return { invariant, trace, choices };
}

/**
 * Looks for the shortest history that breaks an invariant, by exploring no further than the shortest known one.
 * `isShortest` where nothing shorter is left within the bound on states.
 */
export function shorten(
  scenario: Scenario,
  known: Violation,
  bounds: Bounds = {},
  ways: Ways = {},
): Violation & { readonly isShortest: boolean } {
  for (let shortest = known; ; ) {
    const steps = shortest.trace.length - 1;
    const found = explore(scenario, { ...bounds, steps }, ways);
    if (!found.violation) return { ...shortest, isShortest: found.isExhausted };
    shortest = found.violation;
  }
}

/** Repeats one history. Returns what it broke, if anything. */
export function repeat(
  scenario: Scenario,
  choices: readonly number[],
  ways: Ways = {},
): { readonly trace: readonly string[]; readonly invariant: string | undefined } {
  let world = new World(new Setting(scenario, ways));
  const trace: string[] = [];
  for (const number of choices) {
    const all = choicesIn(world);
    const choice = all[number];
    if (!choice)
      throw new RangeError(
        `there is no choice ${number} of ${all.length}: the history is of another engine or scenario`,
      );
    trace.push(labelOf(world, choice));
    world = world.copy();
    take(world, choice);
  }
  const isEnd = !world.violation && choicesIn(world).length === 0;
  return { trace, invariant: isEnd ? conclude(world) : world.violation };
}
