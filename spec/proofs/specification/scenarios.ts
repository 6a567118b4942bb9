/** How far is explored: `quick` in each run of CI, `usual` for the evidence, `deep` by hand. */
export type Depth = 'quick' | 'usual' | 'deep';

export const depths: readonly Depth[] = ['quick', 'usual', 'deep'];

/** The bounds within which every order of all steps is taken. Lengths of time are in ticks. */
export interface Bounds {
  readonly calls: number;
  /** The most writes that each call sends, and the most of them that claim. */
  readonly writes: number;
  readonly claims: number;
  readonly policy: 'run' | 'refuse' | 'ask';
  /** How many attempts there may be. 255: any number. */
  readonly attempts: number;
  /** How many ticks pass. */
  readonly horizon: number;
  /** Whose clocks are ahead by the whole tolerance, as a set: 1 is the first call. */
  readonly ahead: number;
  /** How many writes an operator sends. */
  readonly decisions: number;
  /** Whether these may be other ones than to forget. */
  readonly resolves: boolean;
  /** Whether methods write their completions themselves. */
  readonly own: boolean;
}

export interface Scenario extends Bounds {
  readonly name: string;
}

const usual: Bounds = {
  calls: 2,
  writes: 3,
  claims: 1,
  policy: 'run',
  attempts: 255,
  horizon: 4,
  ahead: 0,
  decisions: 0,
  resolves: false,
  own: false,
};

interface Family extends Partial<Bounds> {
  readonly name: string;
  /** What differs by depth. */
  readonly at: Readonly<Record<Depth, Partial<Bounds>>>;
}

const families: readonly Family[] = [
  {
    name: 'abandoned work runs again',
    at: { quick: {}, usual: { horizon: 6 }, deep: { horizon: 5, claims: 2 } },
  },
  {
    name: 'abandoned work is refused',
    policy: 'refuse',
    at: { quick: { horizon: 3 }, usual: { horizon: 4 }, deep: { horizon: 5, claims: 2 } },
  },
  {
    name: 'a recovery function is asked',
    policy: 'ask',
    at: { quick: {}, usual: { horizon: 5 }, deep: { horizon: 6 } },
  },
  {
    name: 'one attempt in all',
    attempts: 1,
    at: { quick: {}, usual: { horizon: 6 }, deep: { horizon: 5, claims: 2 } },
  },
  {
    name: 'one attempt in all, and a recovery function is asked',
    policy: 'ask',
    attempts: 1,
    at: { quick: { horizon: 3 }, usual: { horizon: 4 }, deep: { horizon: 5 } },
  },
  {
    name: 'one attempt in all, and an operator permits another',
    attempts: 1,
    decisions: 1,
    resolves: true,
    at: { quick: { horizon: 2 }, usual: { horizon: 3 }, deep: { horizon: 4 } },
  },
  {
    name: 'the clock of one call is ahead',
    ahead: 1,
    at: { quick: {}, usual: { horizon: 5 }, deep: { horizon: 6 } },
  },
  {
    name: 'methods write their completions',
    own: true,
    at: { quick: { horizon: 3 }, usual: { horizon: 4 }, deep: { horizon: 5 } },
  },
  {
    name: 'an operator forgets',
    decisions: 1,
    at: { quick: { horizon: 3 }, usual: { horizon: 4 }, deep: { horizon: 5 } },
  },
  {
    name: 'an operator forgets what a recovery function is asked about',
    policy: 'ask',
    decisions: 1,
    at: { quick: { horizon: 2 }, usual: { horizon: 3 }, deep: { horizon: 4 } },
  },
  {
    name: 'an operator resolves',
    decisions: 1,
    resolves: true,
    at: { quick: { horizon: 3 }, usual: { horizon: 4 }, deep: { horizon: 5 } },
  },
  {
    name: 'an operator resolves what a recovery function is asked about',
    policy: 'ask',
    decisions: 1,
    resolves: true,
    at: { quick: { horizon: 2 }, usual: { horizon: 3 }, deep: { horizon: 4 } },
  },
  {
    name: 'an operator decides twice about what is refused',
    policy: 'refuse',
    decisions: 2,
    resolves: true,
    at: { quick: { horizon: 1 }, usual: { horizon: 2 }, deep: { horizon: 3 } },
  },
  {
    name: 'three calls',
    calls: 3,
    writes: 2,
    at: { quick: { horizon: 2 }, usual: { horizon: 3 }, deep: { horizon: 4 } },
  },
];

export function scenarios(depth: Depth): Scenario[] {
  return families.map(({ at, ...family }) => ({ ...usual, ...family, ...at[depth] }));
}
