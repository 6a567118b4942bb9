import { parentPort, workerData } from 'node:worker_threads';
import { type Depth, scenarios } from './scenarios.js';
import { explore, type Found, shorten } from './search.js';

/** What a thread is to explore, with a clock of its own. */
export interface Order {
  readonly depth: Depth;
  readonly scenario: string;
  readonly states: number;
  /** Whether a violation is to be made as short as can be. */
  readonly shortens: boolean;
}

/** What it found, and what it took. */
export interface Report extends Found {
  readonly cpuSeconds: number;
  readonly isShortest?: boolean;
}

/** The most states that are explored to make a trace shorter. */
const patience = { states: 500_000 };

// A warning once in a process is right, and no news here.
process.emitWarning = () => {};

const { depth, scenario: name, states, shortens } = workerData as Order;
const scenario = scenarios(depth).find((one) => one.name === name);
if (!scenario) throw new Error(`there is no scenario '${name}'`);
const found = await explore(scenario, { states });
const violation =
  found.violation && shortens ? await shorten(scenario, found.violation, patience) : found.violation;
const report: Found = { ...found, ...(violation && { violation }) };
parentPort?.postMessage(report);
