import { everyFault, recoveryFunction, type Scenario, times } from './scenario.js';

/**
 * How far is explored: `quick` where a broken engine is to be caught, `usual` in each run of CI and for the evidence, `deep` by
 * hand.
 */
export type Depth = 'quick' | 'usual' | 'deep';

interface Family extends Omit<Scenario, 'faults' | 'mostFaults'> {
  /** How many faults there may be in one history, by depth. */
  readonly mostFaults: Readonly<Record<Depth, number | 'not at all'>>;
}

const refusesAtOnce = { wait: 0 } as const;

const families: readonly Family[] = [
  {
    name: 'two processes, the second call waits',
    processes: [0, 1],
    rules: {},
    mostFaults: { quick: 1, usual: 2, deep: 3 },
  },
  {
    name: 'two processes, the second call waits in vain',
    processes: [0, 1],
    // Less than a lease.
    rules: { wait: 200 },
    mostFaults: { quick: 1, usual: 1, deep: 3 },
  },
  {
    name: 'two processes, the second call is refused at once',
    processes: [0, 1],
    rules: refusesAtOnce,
    mostFaults: { quick: 1, usual: 2, deep: 3 },
  },
  {
    name: 'two processes, a lapsed claim is refused',
    processes: [0, 1],
    rules: { ...refusesAtOnce, onAbandoned: 'refuse' },
    mostFaults: { quick: 1, usual: 2, deep: 3 },
  },
  {
    name: 'two processes, a recovery function is asked',
    processes: [0, 1],
    rules: { onAbandoned: recoveryFunction },
    mostFaults: { quick: 1, usual: 2, deep: 2 },
  },
  {
    name: 'two processes, with one attempt in all',
    processes: [0, 1],
    rules: { ...refusesAtOnce, maxAttempts: 1 },
    mostFaults: { quick: 1, usual: 2, deep: 3 },
  },
  {
    name: 'two processes, with two attempts in all, the second call waits',
    processes: [0, 1],
    rules: { maxAttempts: 2 },
    mostFaults: { quick: 0, usual: 1, deep: 2 },
  },
  {
    name: 'two processes, with one attempt and one recovery function in all',
    processes: [0, 1],
    rules: { ...refusesAtOnce, onAbandoned: recoveryFunction, maxAttempts: 1 },
    mostFaults: { quick: 1, usual: 2, deep: 2 },
  },
  {
    name: 'two processes, with one attempt, and an operator permits another',
    processes: [0, 1],
    rules: { ...refusesAtOnce, maxAttempts: 1 },
    operator: 'run again',
    mostFaults: { quick: 1, usual: 1, deep: 2 },
  },
  {
    name: 'two processes, which read first',
    processes: [0, 1],
    rules: { ...refusesAtOnce, readFirst: true },
    mostFaults: { quick: 1, usual: 2, deep: 3 },
  },
  {
    name: 'two processes, which run where the store cannot be reached',
    processes: [0, 1],
    rules: { ...refusesAtOnce, onStoreFailure: 'run' },
    mostFaults: { quick: 1, usual: 2, deep: 3 },
  },
  {
    name: 'two processes, whose failures leave the outcome unknown',
    processes: [0, 1],
    rules: refusesAtOnce,
    failures: 'unknown',
    mostFaults: { quick: 1, usual: 2, deep: 3 },
  },
  {
    name: 'two processes, where something before the method answers',
    processes: [0, 1],
    rules: { ...refusesAtOnce, onAbandoned: 'run' },
    failures: 'restore',
    mostFaults: { quick: 1, usual: 2, deep: 3 },
  },
  {
    name: 'two processes, whose methods write their completion',
    processes: [0, 1],
    rules: refusesAtOnce,
    method: 'commits',
    mostFaults: { quick: 1, usual: 2, deep: 3 },
  },
  {
    name: 'two processes, the clock of the first ahead',
    processes: [0, 1],
    rules: {},
    skews: [times.skew, 0],
    mostFaults: { quick: 0, usual: 2, deep: 2 },
  },
  {
    name: 'two processes, the clock of the second ahead',
    processes: [0, 1],
    rules: {},
    skews: [0, times.skew],
    mostFaults: { quick: 0, usual: 2, deep: 2 },
  },
  {
    name: 'two processes, and an operator forgets the outcome',
    processes: [0, 1],
    rules: refusesAtOnce,
    operator: 'forget',
    mostFaults: { quick: 1, usual: 2, deep: 2 },
  },
  {
    name: 'two processes, and an operator frees the key by force',
    processes: [0, 1],
    rules: refusesAtOnce,
    operator: 'force',
    mostFaults: { quick: 0, usual: 1, deep: 2 },
  },
  {
    name: 'two processes, and an operator answers in place of a lost one',
    processes: [0, 1],
    rules: refusesAtOnce,
    operator: 'answer',
    mostFaults: { quick: 1, usual: 2, deep: 2 },
  },
  {
    name: 'two processes, and an operator answers by force',
    processes: [0, 1],
    rules: refusesAtOnce,
    operator: 'force an answer',
    mostFaults: { quick: 0, usual: 1, deep: 2 },
  },
  {
    name: 'two processes, and an operator lets a lost one run again',
    processes: [0, 1],
    rules: { ...refusesAtOnce, onAbandoned: 'refuse' },
    operator: 'run again',
    mostFaults: { quick: 1, usual: 2, deep: 2 },
  },
  {
    name: 'two processes, whose invocations end',
    processes: [0, 1],
    rules: {},
    invocationMs: 700,
    mostFaults: { quick: 1, usual: 1, deep: 3 },
  },
  {
    name: 'two processes, whose calls nest',
    processes: [0, 1],
    rules: refusesAtOnce,
    method: 'nests',
    mostFaults: { quick: 1, usual: 2, deep: 3 },
  },
  {
    name: 'two processes, the second call waits for a notice',
    processes: [0, 1],
    rules: {},
    hasNotices: true,
    mostFaults: { quick: 0, usual: 2, deep: 2 },
  },
  {
    name: 'one process, where two calls meet',
    processes: [0, 0],
    rules: {},
    mostFaults: { quick: 1, usual: 2, deep: 2 },
  },
  {
    name: 'one process, where the second call is refused at once',
    processes: [0, 0],
    rules: refusesAtOnce,
    mostFaults: { quick: 1, usual: 1, deep: 3 },
  },
  {
    name: 'three processes, the others wait',
    processes: [0, 1, 2],
    rules: {},
    mostFaults: { quick: 'not at all', usual: 1, deep: 1 },
  },
  {
    name: 'three processes, the others are refused at once',
    processes: [0, 1, 2],
    rules: refusesAtOnce,
    mostFaults: { quick: 0, usual: 1, deep: 2 },
  },
  {
    name: 'two calls in one process, one in another',
    processes: [0, 0, 1],
    rules: refusesAtOnce,
    mostFaults: { quick: 0, usual: 1, deep: 2 },
  },
  {
    name: 'two calls in one process, one in another, the others wait',
    processes: [0, 0, 1],
    rules: {},
    mostFaults: { quick: 'not at all', usual: 0, deep: 1 },
  },
];

export function scenarios(depth: Depth): Scenario[] {
  return families.flatMap((family) => {
    const mostFaults = family.mostFaults[depth];
    return mostFaults === 'not at all' ? [] : [{ ...family, faults: everyFault, mostFaults }];
  });
}
