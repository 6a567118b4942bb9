import { type Apply, lawful } from './database.js';
import { Machine, type Purpose, type Rules } from './engine.js';
import { baseRules, type Operator, type Scenario } from './scenario.js';

export const names = 'ABCDEFGHIJ';

/** Who makes one call. Its index is also its machine's id, less one, and its name the owner of its records. */
export interface CallerFacts {
  readonly index: number;
  readonly name: string;
  readonly process: number;
  /** Which of the scenario's keys. */
  readonly key: number;
  readonly purpose: Purpose;
  /** What it decides, where it is an operator. */
  readonly operator?: Operator;
  /** Whether it calls when everything is over. Then it waits for as long as it takes. */
  readonly isLast: boolean;
  /** The call that its method makes. */
  readonly inner: number | undefined;
  /** Whether the method of another call makes it. */
  readonly isInner: boolean;
}

/** What carries out the protocol: the machine, or one with a flaw. */
export type MachineLike = Pick<Machine, 'next' | 'rules'>;

/** What may be replaced by something with a flaw, to show that it is noticed. */
export interface Parts {
  readonly apply?: Apply;
  readonly machine?: (rules: Rules) => MachineLike;
}

/** What is the same in all histories of a scenario. */
export class Setting {
  readonly apply: Apply;
  readonly isLawful: boolean;
  readonly rules: Rules;
  readonly lastRules: Rules;
  readonly callers: readonly CallerFacts[];
  readonly keys: readonly string[];
  /** How many processes there are: the last of them is of the call that comes when everything is over. */
  readonly processes: number;
  readonly readsStale: boolean;
  readonly #machine: MachineLike;
  readonly #lastMachine: MachineLike;

  constructor(
    readonly scenario: Scenario,
    { apply = lawful, machine = (rules: Rules) => new Machine(rules) }: Parts = {},
  ) {
    this.apply = apply;
    this.isLawful = apply === lawful;
    this.rules = { ...baseRules, ...scenario.rules };
    this.lastRules = { ...this.rules, wait: 60_000, onStoreFailure: 'throw' };
    this.#machine = machine(this.rules);
    this.#lastMachine = machine(this.lastRules);
    this.keys = scenario.method === 'nests' ? ['outer', 'inner'] : ['the key'];
    const last = Math.max(...scenario.processes) + 1;
    this.processes = last + 1;
    this.callers = callersOf(scenario, last);
    const hasReads = this.rules.wait > 0 || this.rules.readFirst;
    this.readsStale = hasReads && scenario.faults.includes('stale read');
  }

  machineOf({ isLast }: CallerFacts): MachineLike {
    return isLast ? this.#lastMachine : this.#machine;
  }

  rulesOf({ isLast }: CallerFacts): Rules {
    return isLast ? this.lastRules : this.rules;
  }
}

function callersOf({ processes, method, operator }: Scenario, last: number): CallerFacts[] {
  const callers: CallerFacts[] = [];
  const add = (facts: Pick<CallerFacts, 'process'> & Partial<CallerFacts>) => {
    const index = callers.length;
    const name = names[index] as string;
    const none = { key: 0, purpose: 'run' as const, isLast: false, inner: undefined, isInner: false };
    callers.push({ index, name, ...none, ...facts });
  };
  const nests = method === 'nests';
  const outer = processes.length + 1;
  processes.forEach((process, index) => {
    add({ process, ...(nests && { inner: outer + index }) });
  });
  add({ process: last, isLast: true, ...(nests && { inner: outer + processes.length }) });
  if (nests) {
    for (const process of processes) add({ process, key: 1, isInner: true });
    add({ process: last, key: 1, isInner: true, isLast: true });
  }
  if (operator) add({ process: processes[0] as number, purpose: 'resolve', operator });
  return callers;
}
