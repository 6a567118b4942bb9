import { randomFrom } from '../../support/random.js';
import type { Act, DrawnOptions, History, Method, MethodEnd, PlannedCall } from './history.js';
import type { StoreModel } from './store-model.js';
import type { Fault } from './weather.js';
import { mixed } from './weather.js';

/** How many processes share the work. */
const PROCESSES = 4;
const MINUTE = 60_000;

const ends: readonly MethodEnd[] = [
  'returns',
  'returns',
  'returns',
  'returns',
  'throws',
  'declines',
  'is unsure',
  'errs for good',
  'confuses onError',
  'crashes',
  'heeds the signal',
  'returns and releases',
  'returns and is unsure',
  'returns and keeps nothing',
];

const transactionEnds: readonly MethodEnd[] = [
  'commits',
  'commits',
  'commits and throws',
  'commits again',
  'commits and returns something else',
  'asks and does not commit',
  'repeats its transaction',
  'repeats its transaction',
];

/** Chances for one history, all from one number. */
class Chance {
  readonly #next: () => number;

  constructor(seed: number, stream = 1) {
    this.#next = randomFrom(mixed(seed, stream));
  }

  upTo(most: number): number {
    return Math.floor(this.#next() * (most + 1));
  }

  in(percent: number): boolean {
    return this.#next() * 100 < percent;
  }

  of<T>(choices: readonly T[]): T {
    return choices[Math.floor(this.#next() * choices.length)] as T;
  }
}

/** The history that this seed makes on that model. */
export function drawHistory(model: StoreModel, seed: number): History {
  const chance = new Chance(seed);
  // From numbers of its own, so that a seed makes the history that it made before there was this option.
  const maxAttempts = new Chance(seed, 4).of([undefined, undefined, 1, 2, 3]);
  const options = { ...drawOptions(chance), maxAttempts };
  const isRough = chance.in(70);
  const calls = drawCalls(chance, options, model);
  return {
    seed,
    options,
    calls,
    acts: drawActs(chance, options, model, calls).sort((a, b) => a.at - b.at),
    climate: {
      seed: mixed(seed, 2),
      faults: isRough ? chance.of([3, 10, 30]) : 0,
      slow: isRough ? chance.of([5, 20, 40]) : 5,
      stale: model.hasStaleReads ? chance.of([0, 30, 60]) : 0,
      calm: [],
    },
    skews: Array.from({ length: PROCESSES }, () => drawSkew(chance, options)),
  };
}

function drawOptions(chance: Chance): Omit<DrawnOptions, 'maxAttempts'> {
  const lease = chance.of([1.5, 3, 3, 30]);
  return {
    wait: chance.of([0, 0.5, 2, 10, 30]),
    ttl: chance.of(['short', 'long', 'long', 'by result', 'fails']),
    lease,
    renewFor: Math.max(lease, chance.of([0, 9, 900])),
    clockTolerance: chance.of([0, 250, 500, 1_000]),
    onAbandoned: chance.of(['run', 'run', 'refuse', 'asks', 'asks']),
    onStoreFailure: chance.of(['throw', 'throw', 'run']),
    remembersDeclines: chance.in(50),
    decidesErrors: chance.in(60),
    readFirst: chance.in(30),
    keepLocal: chance.of([0, 0, 1, 2]),
    fingerprint: chance.in(30),
    codec: chance.in(20),
    lambda: chance.in(20),
  };
}

/** The clocks of two processes never differ by as much as the tolerance. */
function drawSkew(chance: Chance, { clockTolerance }: DrawnOptions): number {
  const most = Math.max(0, Math.ceil(clockTolerance / 2) - 1);
  return chance.upTo(2 * most) - most;
}

function drawCalls(chance: Chance, options: DrawnOptions, model: StoreModel): PlannedCall[] {
  const count = 2 + chance.upTo(chance.of([4, 8, 10]));
  const keys = chance.of(['a', 'a', 'ab', 'abc']);
  const isCrowd = chance.in(25);
  return Array.from({ length: count }, (_, index) => ({
    index,
    process: chance.upTo(PROCESSES - 1),
    key: chance.of([...keys]),
    at: drawTime(chance, isCrowd),
    payload: options.fingerprint && chance.in(25) ? 1 : 0,
    method: drawMethod(chance, model),
    recovery: {
      answers: chance.of(['run', 'run', 'refuse', 'value', 'value', 'throws', 'nonsense']),
      takes: chance.upTo(chance.of([100, 5_000])),
    },
    deadline: chance.of([400, 1_500, 3_000, 15_000, 60_000]),
  }));
}

/** Most calls come close together; some when outcomes have expired, when the store has deleted them, or a day later. */
function drawTime(chance: Chance, isCrowd: boolean): number {
  if (isCrowd) return chance.upTo(50);
  if (chance.in(85)) return chance.upTo(12_000);
  return chance.of([MINUTE, 20 * MINUTE, 25 * 60 * MINUTE]) + chance.upTo(5_000);
}

function drawMethod(chance: Chance, model: StoreModel): Method {
  const mayCommit = model.transactions !== 'none' && chance.in(40);
  return {
    ends: chance.of(mayCommit ? transactionEnds : ends),
    takes: chance.upTo(chance.of([20, 500, 500, 5_000, 12_000])),
    lost: chance.upTo(3),
    result: chance.of(['plain', 'plain', 'plain', 'rich', 'rich', 'large', 'unstorable']),
  };
}

function drawActs(
  chance: Chance,
  options: DrawnOptions,
  model: StoreModel,
  calls: readonly PlannedCall[],
): Act[] {
  const general: readonly Act['kind'][] = [
    'crash',
    'freeze',
    'freeze',
    'outage',
    'outage',
    'clock',
    'forget',
    'forget',
    'resolve',
    'resolve',
    'resolve',
  ];
  const kinds = [...general, ...model.acts, ...model.acts];
  const count = chance.of([0, 0, 1, 1, 2, 3]);
  return Array.from({ length: count }, () => {
    // While something goes on.
    const call = chance.of(calls);
    const at = call.at + chance.upTo(chance.of([200, 3_000, 15_000]));
    return { at, ...drawAct(chance, chance.of(kinds), options, call.key) };
  });
}

// Without the time; `Omit` of a union would leave out what its members do not have in common.
type Timeless<T> = T extends Act ? Omit<T, 'at'> : never;

function drawAct(chance: Chance, kind: Act['kind'], options: DrawnOptions, key: string): Timeless<Act> {
  const process = chance.upTo(PROCESSES - 1);
  const lasts = chance.upTo(chance.of([1_000, 6_000, 40_000]));
  const faults: readonly Fault[] = ['refused', 'request lost', 'answer lost', 'answer never comes'];
  switch (kind) {
    case 'crash':
    case 'broken listener':
      return { kind, process };
    case 'freeze':
      return { kind, process, lasts, order: chance.of(['by time', 'timers first', 'answers first']) };
    case 'outage':
      return { kind, lasts, fault: chance.of(faults), ...(chance.in(50) && { process }) };
    case 'clock':
      return { kind, process, skew: drawSkew(chance, options) };
    case 'forget':
      return { kind, ...drawDeciding(chance, process, key) };
    case 'resolve': {
      const as = chance.of(['value', 'value', 'run-again', 'refuse'] as const);
      const value = chance.of(['plain', 'rich'] as const);
      const ttl = chance.of([undefined, undefined, 2, 86_400]);
      return { kind, as, value, ...(ttl && { ttl }), ...drawDeciding(chance, process, key) };
    }
    case 'failover':
      return { kind, loses: 1 + chance.upTo(chance.of([20, 1_000])) };
    case 'lost notices':
      return { kind, lasts };
    case 'sweep':
      return { kind };
  }
}

function drawDeciding(chance: Chance, process: number, key: string) {
  return {
    process,
    key,
    isForced: chance.in(50),
    ...(chance.in(50) && { considers: chance.upTo(chance.of([20, 2_000, 6_000])) }),
    ...(chance.in(50) && { by: 'ada', reason: 'INC-7' }),
  };
}
