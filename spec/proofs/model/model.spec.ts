import { expect } from 'chai';
import type { IdempotencyRecord } from 'retrysafe';
import { type Apply, lawful } from './database.js';
import { everyFault, type Scenario } from './scenario.js';
import { explore, repeat, shorten } from './search.js';

const refusedAtOnce: Scenario = {
  name: 'two processes',
  processes: [0, 1],
  options: { wait: 0 },
  faults: everyFault,
  mostFaults: 1,
};
const waiting: Scenario = { ...refusedAtOnce, options: {}, mostFaults: 0 };

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

function isInProgress(record: IdempotencyRecord | undefined): record is IdempotencyRecord {
  return record?.state.status === 'in-progress';
}

function owner({ token }: IdempotencyRecord): string {
  return token.split('.')[0] as string;
}

describe('the exhaustive check of the engine', () => {
  it('finds no violation, and explores the same each time', async () => {
    const first = await explore(waiting);
    const second = await explore(waiting);
    expect(first).to.include({ isExhausted: true }).and.not.to.have.property('violation');
    expect(second).to.include({ schedules: first.schedules, states: first.states });
    expect(first.states).to.be.greaterThan(300);
  });

  it('says where it stopped early', async () => {
    expect(await explore(waiting, { states: 50 })).to.include({ isExhausted: false });
    expect(await explore(waiting, { steps: 5 })).to.include({ steps: 5 });
  });

  for (const { flaw, apply, scenario, invariant } of broken) {
    it(`catches a store that ${flaw}, by a shortest trace that can be repeated`, async () => {
      const { violation } = await explore(scenario, {}, apply);
      expect(violation?.invariant).to.match(invariant);
      if (!violation) return;
      const shortest = await shorten(scenario, violation, {}, apply);
      expect(shortest.isShortest).to.equal(true);
      expect(shortest.trace.length).to.be.at.most(violation.trace.length);
      expect(await repeat(scenario, shortest.choices, apply)).to.deep.equal({
        trace: shortest.trace,
        invariant: shortest.invariant,
      });
      const shorter = await explore(scenario, { steps: shortest.trace.length - 1 }, apply);
      expect(shorter).to.include({ isExhausted: true }).and.not.to.have.property('violation');
    });
  }
});
