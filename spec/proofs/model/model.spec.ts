import { expect } from 'chai';
import type { IdempotencyRecord } from 'retrysafe';
import { type Apply, lawful } from './database.js';
import {
  type Command,
  type Event,
  Machine,
  type ProcessState,
  type Rules,
  type StoreCall,
} from './engine.js';
import { everyFault, type Scenario } from './scenario.js';
import { scenarios } from './scenarios.js';
import { explore, repeat, shorten } from './search.js';
import type { MachineLike } from './setting.js';
import type { World } from './world.js';

const refusedAtOnce: Scenario = {
  name: 'two processes',
  processes: [0, 1],
  rules: { wait: 0 },
  faults: everyFault,
  mostFaults: 1,
};
const waiting: Scenario = { ...refusedAtOnce, rules: {}, mostFaults: 0 };

/** Stores that break one of their laws. */
const broken: readonly { flaw: string; apply: Apply; scenario: Scenario; invariant: RegExp }[] = [
  {
    flaw: 'claims although the key is held',
    apply: (operation, holder) => (operation.kind === 'claim' ? operation.record : lawful(operation, holder)),
    scenario: { ...refusedAtOnce, mostFaults: 0 },
    invariant: /^at most one unlapsed claim/,
  },
  {
    flaw: 'replaces whatever is there',
    apply: (operation, holder) =>
      operation.kind === 'replace' ? operation.record : lawful(operation, holder),
    scenario: refusedAtOnce,
    invariant:
      /^(no write of a former holder|at most one unlapsed|a write takes effect once|a completed key)/,
  },
  {
    flaw: 'never frees a key whose claim has lapsed',
    apply: (operation, holder) =>
      operation.kind === 'replace' && isInProgress(holder) && owner(holder) !== owner(operation.record)
        ? holder
        : lawful(operation, holder),
    scenario: refusedAtOnce,
    invariant: /^no key stays in progress/,
  },
  {
    flaw: 'takes the same write again',
    apply: (operation, holder) =>
      operation.kind === 'replace' && operation.record.state.status === 'in-progress'
        ? operation.record
        : lawful(operation, holder),
    scenario: { ...waiting, mostFaults: 1, faults: ['repeated write'] },
    invariant: /^(a write takes effect once|a completed key never runs again)/,
  },
];

/** What a flawed machine may change of what the machine did at one event. */
interface Did {
  readonly process: ProcessState;
  readonly event: Event;
  readonly commands: readonly Command[];
  readonly now: number;
}

/** A machine that says something else than it should. */
function saying(change: (did: Did) => readonly Command[]): (rules: Rules) => MachineLike {
  return (rules) => {
    const machine = new Machine(rules);
    return {
      rules,
      next(process, event, now, out) {
        const commands: Command[] = [];
        machine.next(process, event, now, commands);
        out.push(...change({ process, event, commands, now: now.steady }));
      },
    };
  };
}

const storeCall: StoreCall = {
  do: 'replace',
  n: 0,
  record: undefined,
  token: '',
  now: 0,
  isConsistent: false,
  renews: undefined,
  limitMs: 100,
  giveUpAt: 100,
  isFair: true,
};
const refusal: Command = { do: 'refuse', refusal: { reason: 'running', lapsesInMs: 1, startedAt: 1 } };

/** Machines with a flaw: each of them breaks one invariant. */
const flawed: readonly {
  flaw: string;
  machine: (rules: Rules) => MachineLike;
  scenario: Scenario;
  invariant: string;
}[] = [
  {
    flaw: 'waits for longer than it may',
    machine: (rules) => new Machine({ ...rules, wait: rules.wait + 100 }),
    scenario: { ...waiting, rules: { wait: 100 } },
    invariant: 'no call waits past its budget',
  },
  {
    flaw: 'refuses a call that may wait on',
    machine: (rules) => new Machine({ ...rules, wait: 0 }),
    scenario: waiting,
    invariant: 'no call is refused before its time',
  },
  {
    flaw: 'refuses a call that was told of the outcome',
    machine: saying(({ commands }) => commands.map((one) => (isReplay(one) ? refusal : one))),
    scenario: refusedAtOnce,
    invariant: 'no call is refused where an outcome is',
  },
  {
    flaw: 'refuses a call for what it only read',
    machine: saying(({ process, event, commands }) => {
      if (event.type !== 'answer' || commands.every(({ do: what }) => what !== 'claim')) return commands;
      process.calls.delete(event.call);
      return [refusal];
    }),
    scenario: { ...refusedAtOnce, rules: { wait: 0, readFirst: true } },
    invariant: 'no call is refused unasked',
  },
  {
    flaw: 'never ends a call',
    machine: saying(({ commands }) => commands.filter(({ do: what }) => what !== 'answer')),
    scenario: { ...refusedAtOnce, mostFaults: 0 },
    invariant: 'every call ends',
  },
  {
    flaw: 'ends a call twice',
    machine: saying(({ commands }) => twice(commands, (one) => one.do === 'answer')),
    scenario: refusedAtOnce,
    invariant: 'a call ends once',
  },
  {
    flaw: 'sends a request beside another one',
    machine: saying(({ commands }) => twice(commands, (one) => one.do === 'claim')),
    scenario: refusedAtOnce,
    invariant: 'a call has one request at a time',
  },
  {
    flaw: 'leaves a deadline behind',
    machine: saying(({ process, event, commands, now }) => {
      const call = event.type === 'ended' && process.calls.get(event.call);
      if (call) call.dueAt = now;
      return commands;
    }),
    scenario: refusedAtOnce,
    invariant: 'the next deadline lies ahead',
  },
  {
    flaw: 'tells of a completion twice',
    machine: saying(({ commands }) =>
      twice(commands, (one) => one.do === 'tell' && one.what.event === 'completed'),
    ),
    scenario: refusedAtOnce,
    invariant: 'what is told fits',
  },
  {
    flaw: 'writes beside a completion that it granted',
    machine: saying(({ commands }) =>
      commands.flatMap((one): Command[] => {
        if (one.do !== 'grant') return [one];
        const record = { ...one.record, token: `${one.record.token}9` };
        return [one, { ...storeCall, n: 99, record, token: one.token }];
      }),
    ),
    scenario: { ...refusedAtOnce, method: 'commits' },
    invariant: 'nothing is written beside a granted completion',
  },
  {
    flaw: 'counts an attempt twice',
    machine: saying(({ commands }) =>
      commands.map((one) => (one.do === 'replace' ? { ...one, record: withAttempt(one.record, 2) } : one)),
    ),
    scenario: refusedAtOnce,
    invariant: 'attempts are counted as they run',
  },
  {
    flaw: 'counts an attempt of a claim that it gives back',
    machine: saying(({ commands }) =>
      commands.map((one) =>
        one.do === 'replace' && one.record?.state.attempt === 0
          ? { ...one, record: withAttempt(one.record, 1) }
          : one,
      ),
    ),
    scenario: { ...refusedAtOnce, invocationMs: 550 },
    invariant: 'attempts are counted as they run',
  },
];

function twice(commands: readonly Command[], isSuch: (command: Command) => boolean): Command[] {
  return commands.flatMap((one): Command[] => (isSuch(one) ? [one, one] : [one]));
}

function isReplay(command: Command): boolean {
  return command.do === 'answer' && command.answer.with === 'replay';
}

function withAttempt(record: IdempotencyRecord | undefined, attempt: number): IdempotencyRecord | undefined {
  return record && { ...record, state: { ...record.state, attempt } };
}

function isInProgress(record: IdempotencyRecord | undefined): record is IdempotencyRecord {
  return record?.state.status === 'in-progress';
}

function owner({ token }: IdempotencyRecord): string {
  return token.split('.')[0] as string;
}

/** Lets nothing change a state any more, however deep. */
function freeze(value: unknown): void {
  if (value instanceof Map) for (const one of value.values()) freeze(one);
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const part of Object.values(value)) freeze(part);
}

function freezeState({ processes, callers, requests, versions, invariants }: World): void {
  freeze([processes, callers, requests, versions, invariants.ledgers, invariants.applied]);
}

describe('the exhaustive check of the engine', () => {
  it('finds no violation, and explores the same each time', () => {
    const first = explore({ ...waiting, mostFaults: 1 });
    const second = explore({ ...waiting, mostFaults: 1 });
    expect(first).to.include({ isExhausted: true }).and.not.to.have.property('violation');
    expect(second).to.include({ transitions: first.transitions, states: first.states });
    expect(first.states).to.be.greaterThan(5_000);
  });

  it('says where it stopped early', () => {
    expect(explore(waiting, { states: 50 })).to.include({ isExhausted: false });
    expect(explore(waiting, { steps: 5 })).to.include({ steps: 5 });
  });

  it('takes each step on a copy: no state that was reached changes any more', () => {
    for (const scenario of scenarios('quick')) {
      const faults = scenario.rules.wait === 0 ? 1 : 0;
      const found = explore({ ...scenario, mostFaults: faults }, { states: 1_000 }, { inspect: freezeState });
      expect(found, scenario.name).not.to.have.property('violation');
    }
  });

  for (const scenario of scenarios('quick').filter(({ processes }) => processes.length === 2)) {
    it(`finds the same ends of calls as without merging: ${scenario.name}`, () => {
      const small = { ...scenario, mostFaults: 0 };
      const merged = explore(small, {}, { keepsEnds: true });
      const exact = explore(small, {}, { keepsEnds: true, isExact: true });
      expect([...(merged.ends ?? [])]).to.have.members([...(exact.ends ?? [])]).and.not.to.be.empty;
      expect(merged.states).to.be.at.most(exact.states);
    });
  }

  for (const { flaw, apply, scenario, invariant } of broken) {
    it(`catches a store that ${flaw}, by a shortest trace that can be repeated`, () => {
      const { violation } = explore(scenario, {}, { apply });
      expect(violation?.invariant).to.match(invariant);
      if (!violation) return;
      const shortest = shorten(scenario, violation, {}, { apply });
      expect(shortest.isShortest).to.equal(true);
      expect(shortest.trace.length).to.be.at.most(violation.trace.length);
      expect(repeat(scenario, shortest.choices, { apply })).to.deep.equal({
        trace: shortest.trace,
        invariant: shortest.invariant,
      });
      const shorter = explore(scenario, { steps: shortest.trace.length - 1 }, { apply });
      expect(shorter).to.include({ isExhausted: true }).and.not.to.have.property('violation');
    });
  }

  // As the guarantees say of `readFirst`, where a store reads from replicas.
  it('catches a stale read that returns what was forgotten', () => {
    const { violation } = explore({
      ...refusedAtOnce,
      rules: { wait: 0, readFirst: true },
      operator: 'forget',
      faults: ['stale read'],
    });
    expect(violation?.invariant).to.match(/^what was forgotten stays forgotten/);
  });

  for (const { flaw, machine, scenario, invariant } of flawed) {
    it(`catches a machine that ${flaw}`, () => {
      const { violation } = explore(scenario, {}, { machine });
      expect(violation?.invariant.split(': ')[0]).to.equal(invariant);
    });
  }
});
