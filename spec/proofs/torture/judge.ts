import { type Cause, whyAnother } from './causes.js';
import { History, type Run, type Story } from './history.js';
import { doubles, laws, successions } from './laws.js';
import {
  type Line,
  type NetworkFate,
  type Policy,
  policiesOf,
  type Rules,
  type StoreName,
} from './ledger.js';

/** Further runs or effects of a key, by what had become of the run before. */
export type ByCause = Partial<Record<Cause, number>>;

/** What happened under one policy on one store. */
export interface Tally {
  readonly store: StoreName;
  readonly policy: Policy;
  keys: number;
  calls: number;
  answered: number;
  runs: number;
  effects: number;
  readonly further: ByCause;
  readonly double: ByCause;
  /** Recovery functions that were asked. */
  recoveries: number;
  /** Keys that are refused for good, by effects that they had. */
  readonly refusedWith: [none: number, one: number];
  /** The longest call, in milliseconds. */
  longest: number;
}

/** What was done to one store and its workers. */
export interface Hardship {
  readonly store: StoreName;
  readonly killed: number;
  readonly stopped: number;
  readonly restarts: number;
  readonly network: Readonly<Record<NetworkFate, number>>;
}

export interface Verdict {
  readonly rules: Rules;
  /** Each in one sentence, with the story of its key. */
  readonly violations: readonly string[];
  readonly tallies: readonly Tally[];
  readonly hardships: readonly Hardship[];
}

/** Judges what happened, by the lines of a ledger and nothing else. */
export function judge(lines: readonly Line[]): Verdict {
  const history = new History(lines);
  const stories = [...history.stories.values()];
  const violations = history.crashes.map(({ worker, said }) => `worker ${worker} ended by itself: ${said}`);
  for (const story of stories) {
    for (const law of laws) {
      for (const what of law(story, history))
        violations.push(`${story.key}: ${what}\n${told(story, history)}`);
    }
  }
  const { rules } = history;
  const tallies = rules.stores.flatMap((store) =>
    policiesOf(store).map((policy) =>
      tally(
        store,
        policy,
        stories.filter((story) => story.store === store && story.policy === policy),
        history,
      ),
    ),
  );
  for (const { store, policy, calls } of tallies) {
    if (calls === 0) violations.push(`${store}/${policy}: nothing was called, so that nothing is proven`);
  }
  return { rules, violations, tallies, hardships: rules.stores.map((store) => hardship(store, history)) };
}

function tally(store: StoreName, policy: Policy, stories: readonly Story[], history: History): Tally {
  const count: Tally = {
    store,
    policy,
    keys: stories.length,
    calls: 0,
    answered: 0,
    runs: 0,
    effects: 0,
    further: {},
    double: {},
    recoveries: 0,
    refusedWith: [0, 0],
    longest: 0,
  };
  for (const story of stories) {
    const { calls, answers, refusals, runs, effects, recoveries } = story;
    count.calls += calls.length;
    count.answered += answers.length;
    count.runs += runs.length;
    count.effects += effects.length;
    count.recoveries += recoveries.length;
    for (const { took } of [...answers, ...refusals]) count.longest = Math.max(count.longest, took);
    for (const pair of successions(story)) add(count.further, causeOf(history, story, pair));
    for (const pair of doubles(story)) add(count.double, causeOf(history, story, pair));
    if (answers.length === 0) count.refusedWith[effects.length === 0 ? 0 : 1] += 1;
  }
  return count;
}

// Between two runs with an effect there may be others that had none: the first one's fate is that of its successor.
function causeOf(history: History, story: Story, [run]: readonly [Run, Run]): Cause | undefined {
  const next = story.runs[story.runs.indexOf(run) + 1] as Run;
  return whyAnother(history, story, run, next);
}

function add(counts: ByCause, cause: Cause | undefined): void {
  // Without a cause it is a violation already.
  if (cause) counts[cause] = (counts[cause] ?? 0) + 1;
}

function hardship(store: StoreName, history: History): Hardship {
  const isHere = ({ worker }: { readonly worker: string }) => worker.startsWith(`${store}-`);
  const network = { lose: 0, swallow: 0, hold: 0, late: 0, cut: 0, lock: 0 };
  for (const line of history.of('network')) if (line.store === store) network[line.fate] += line.met;
  return {
    store,
    killed: history.of('killed').filter(isHere).length,
    stopped: history.of('stopped').filter(isHere).length,
    restarts: history.of('up').filter((line) => line.store === store).length,
    network,
  };
}

/** The lines about a key and about the workers that ran it, times in milliseconds since its first. */
function told({ key, runs }: Story, { lines }: History): string {
  const workers = runs.map(({ worker }) => worker);
  const about = lines.filter((line) =>
    'key' in line ? line.key === key : 'worker' in line && workers.includes(line.worker),
  );
  const start = lines.find((line) => 'key' in line && line.key === key)?.at ?? 0;
  return about
    .map(({ at, ...line }) => `    ${at - start} ms ${JSON.stringify({ ...line, key: undefined })}`)
    .join('\n');
}
