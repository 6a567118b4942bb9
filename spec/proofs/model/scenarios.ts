import { everyFault, type Scenario, times } from './scenario.js';

/** How far is explored: `quick` in each run of CI and where a broken engine is to be caught, `usual` for the evidence, `deep` by hand. */
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
    options: {},
    mostFaults: { quick: 0, usual: 1, deep: 2 },
  },
  {
    name: 'two processes, the second call is refused at once',
    processes: [0, 1],
    options: refusesAtOnce,
    mostFaults: { quick: 1, usual: 1, deep: 3 },
  },
  {
    name: 'two processes, a lapsed claim is refused',
    processes: [0, 1],
    options: refusesAtOnce,
    policy: 'refuse',
    mostFaults: { quick: 1, usual: 2, deep: 3 },
  },
  {
    name: 'two processes, a recovery function is asked',
    processes: [0, 1],
    options: {},
    policy: 'asks',
    mostFaults: { quick: 0, usual: 1, deep: 2 },
  },
  {
    name: 'two processes, which read first',
    processes: [0, 1],
    options: { ...refusesAtOnce, readFirst: true },
    mostFaults: { quick: 1, usual: 1, deep: 3 },
  },
  {
    name: 'two processes, which run where the store cannot be reached',
    processes: [0, 1],
    options: { ...refusesAtOnce, onStoreFailure: 'run' },
    mostFaults: { quick: 1, usual: 1, deep: 3 },
  },
  {
    name: 'two processes, whose failures leave the outcome unknown',
    processes: [0, 1],
    options: { ...refusesAtOnce, onError: () => 'unknown' },
    mostFaults: { quick: 1, usual: 1, deep: 3 },
  },
  {
    name: 'two processes, whose methods write their completion',
    processes: [0, 1],
    options: refusesAtOnce,
    method: 'commits',
    mostFaults: { quick: 1, usual: 1, deep: 3 },
  },
  {
    name: 'two processes, the clock of the first ahead',
    processes: [0, 1],
    options: {},
    skews: [times.skew, 0],
    mostFaults: { quick: 0, usual: 1, deep: 2 },
  },
  {
    name: 'two processes, the clock of the second ahead',
    processes: [0, 1],
    options: {},
    skews: [0, times.skew],
    mostFaults: { quick: 0, usual: 1, deep: 2 },
  },
  {
    name: 'one process, where two calls meet',
    processes: [0, 0],
    options: {},
    mostFaults: { quick: 0, usual: 0, deep: 2 },
  },
  {
    name: 'one process, where the second call is refused at once',
    processes: [0, 0],
    options: refusesAtOnce,
    mostFaults: { quick: 0, usual: 1, deep: 2 },
  },
  {
    name: 'three processes, the others wait',
    processes: [0, 1, 2],
    options: {},
    mostFaults: { quick: 'not at all', usual: 0, deep: 1 },
  },
  {
    name: 'three processes, the others are refused at once',
    processes: [0, 1, 2],
    options: refusesAtOnce,
    mostFaults: { quick: 0, usual: 1, deep: 2 },
  },
  {
    name: 'two calls in one process, one in another',
    processes: [0, 0, 1],
    options: refusesAtOnce,
    mostFaults: { quick: 0, usual: 0, deep: 1 },
  },
];

export function scenarios(depth: Depth): Scenario[] {
  return families.flatMap((family) => {
    const mostFaults = family.mostFaults[depth];
    return mostFaults === 'not at all' ? [] : [{ ...family, faults: everyFault, mostFaults }];
  });
}
