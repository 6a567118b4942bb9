import type { Outcome } from './simulate.js';
import type { StoreModel } from './store-model.js';

/** What many histories on one model came to. */
export interface Tally {
  histories: number;
  calls: number;
  runs: number;
  /** How many single things happened. */
  steps: number;
  longestOverhead: number;
  readonly counts: Record<string, number>;
}

export function emptyTally(): Tally {
  return { histories: 0, calls: 0, runs: 0, steps: 0, longestOverhead: 0, counts: {} };
}

export function addOutcome(tally: Tally, { calls, runs, steps, longestOverhead, counts }: Outcome): void {
  addTally(tally, { histories: 1, calls, runs, steps, longestOverhead, counts: Object.fromEntries(counts) });
}

export function addTally(tally: Tally, more: Tally): void {
  tally.histories += more.histories;
  tally.calls += more.calls;
  tally.runs += more.runs;
  tally.steps += more.steps;
  tally.longestOverhead = Math.max(tally.longestOverhead, more.longestOverhead);
  for (const [what, times] of Object.entries(more.counts))
    tally.counts[what] = (tally.counts[what] ?? 0) + times;
}

/** All that was counted whose name begins so. */
export function countOf({ counts }: Tally, prefix: string): number {
  return Object.entries(counts).reduce(
    (sum, [what, times]) => sum + (what.startsWith(prefix) ? times : 0),
    0,
  );
}

/** Endings, decisions and faults that many histories have to reach: where one never occurs, nothing was tried of it. */
const expected: readonly string[] = [
  'ending: own value',
  'ending: own value that is no outcome',
  "ending: another call's value",
  "ending: another call's remembered error",
  'ending: own error',
  'ending: InProgressError',
  'ending: FingerprintError',
  'ending: OutcomeUnknownError',
  'ending: AttemptsExhaustedError',
  'ending: OutcomeUnavailableError',
  'ending: ClaimLostError',
  'ending: StoreError (claim)',
  'ending: StoreError (replace)',
  'ending: ConfigurationError',
  'event: ran without a claim',
  'event: renewed',
  'event: claim-lost',
  'event: remembered',
  'event: unknown',
  'event: replayed (store)',
  'event: replayed (joined)',
  'event: replayed (kept)',
  'event: taken-over (released)',
  'event: taken-over (abandoned)',
  'event: taken-over (unknown)',
  'event: outcome-not-stored (it is larger than the store takes)',
  'event: outcome-not-stored (the result cannot be encoded)',
  'event: outcome-not-stored (the store cannot be reached)',
  'recovery: run',
  'recovery: refuse',
  'recovery: value',
  'recovery: throws',
  'recovery: nonsense',
  'another run after: crash',
  'another run after: lapse',
  'another run after: failure',
  'another run after: completion given up',
  'another run after: expiry',
  'another run after: forget',
  ...['true', 'false', 'InProgressError', 'NotResolvedError', 'StoreError'].map((end) => `forget: ${end}`),
  ...['value', 'run-again', 'refuse'].flatMap((as) => [
    `decision: ${as}`,
    `decision: ${as} by force`,
    `decided: ${as}`,
    `event: resolved (${as})`,
    ...['true', 'false', 'InProgressError', 'NotResolvedError', 'StoreError'].map(
      (end) => `resolve (${as}): ${end}`,
    ),
  ]),
  'decision: about the standing version',
  'decision: about an outdated version',
  'event: resolved (forgotten)',
  "ending: an operator's value",
  'after a decision: value',
  'after a decision: refuse',
  'after its key was taken: a value',
  'after its key was taken: ClaimLostError',
  'after its key was taken: OutcomeUnavailableError',
  'another run after: decision to run again',
  'record with a past',
  'crash',
  'invocation timed out',
  ...['crash', 'freeze', 'outage', 'clock', 'forget', 'resolve'].map((kind) => `act: ${kind}`),
];

/** What never occurred on a model although it should have. */
export function missing(model: StoreModel, { counts }: Tally): readonly string[] {
  const own = [
    ...model.acts.map((kind) => `act: ${kind}`),
    ...model.faults.map((fault) => `request: ${fault}`),
    ...model.features,
  ];
  return [...new Set([...expected, ...own])].filter((what) => !counts[what]);
}
