import { parentPort } from 'node:worker_threads';
import type { Scenario } from './scenario.js';
import { type Depth, scenarios } from './scenarios.js';
import { explore, type Found, shorten } from './search.js';

/** What a thread is to explore. */
export interface Order {
  readonly depth: Depth;
  readonly scenario: string;
  readonly mostFaults: number;
  readonly states: number;
  /** Whether a violation is to be made as short as can be. */
  readonly shortens: boolean;
  /** `exact`: also without merging, to compare the ends. */
  readonly mode: 'merged' | 'exact';
}

/** What it found. */
export interface Report extends Found {
  readonly exactStates?: number;
  /** Whether it found the same ends as without merging. */
  readonly isSameAsExact?: boolean;
}

/** The most states that are explored to make a trace shorter. */
const patience = { states: 2_000_000 };

// One after another: code that has been used is fast.
parentPort?.on('message', (order: Order) => {
  parentPort?.postMessage(order.mode === 'exact' ? compare(order) : find(order));
});

function scenarioOf({ depth, scenario: name, mostFaults }: Order): Scenario {
  const family = scenarios(depth).find((one) => one.name === name);
  if (!family) throw new Error(`there is no scenario '${name}'`);
  return { ...family, mostFaults };
}

function find(order: Order): Report {
  const { states, shortens } = order;
  const scenario = scenarioOf(order);
  const found = explore(scenario, { states });
  const violation =
    found.violation && shortens ? shorten(scenario, found.violation, patience) : found.violation;
  return { ...found, ...(violation && { violation }) };
}

function compare(order: Order): Report {
  const { states } = order;
  const scenario = scenarioOf(order);
  const merged = explore(scenario, { states }, { keepsEnds: true });
  const exact = explore(scenario, { states }, { keepsEnds: true, isExact: true });
  const isSameAsExact = haveSame(merged.ends, exact.ends);
  return { ...merged, exactStates: exact.states, isSameAsExact };
}

function haveSame(one: ReadonlySet<string> | undefined, other: ReadonlySet<string> | undefined): boolean {
  return one !== undefined && other?.size === one.size && [...one].every((end) => other.has(end));
}
