import { table } from '../../support/report.js';
import type { ByCause, Hardship, Tally, Verdict } from './judge.js';
import { policies, type StoreName } from './ledger.js';

/** What a torture found, in Markdown. `about` tells what each store is. */
export function summaryOf(verdict: Verdict, about: Partial<Record<StoreName, string>>): string {
  const { rules, violations, tallies, hardships } = verdict;
  const { seed, seconds, lease, tolerance, stores } = rules;
  const calls = tallies.reduce((sum, one) => sum + one.calls, 0);
  return [
    `All stores ran at the same time, with three worker processes each, for ${seconds} s (lease ${lease} ms, \`clockTolerance\` ${tolerance} ms): ${calls.toLocaleString('en')} calls, **violations: ${violations.length}**.`,
    `Seed ${seed}: \`npm run torture -- --seconds ${seconds} --store ${stores.join(',')} --seed ${seed}\`. The seed repeats the random choices, but not the timing of real processes. The ledger repeats a verdict, and a failed run keeps it (\`--judge FILE\`).`,
    'What the test did to them. The last columns count requests: their answers were lost, were never sent, or were late, while the client waited or after its connection was cut.',
    table([
      [
        'store',
        'workers killed',
        'stopped beyond a lease',
        'server killed',
        'connections cut',
        'answer lost',
        'never answered',
        'delayed',
        'delayed and cut',
        'file locked',
      ],
      ...hardships.map((one) => rowOf(one, about[one.store] ?? one.store)),
    ]),
    'The results. A call without an answer was refused, was killed with its process, or ended with the error of its method.',
    table([
      [
        'store',
        'policy',
        'calls',
        'answered',
        'keys',
        'runs',
        'effects',
        'further runs, by cause',
        'longest call, ms',
      ],
      ...tallies.map(({ store, policy, calls, answered, keys, runs, effects, further, longest }) => [
        store,
        policy,
        calls,
        answered,
        keys,
        runs,
        effects,
        told(further),
        longest,
      ]),
    ]),
    'Effects of a key beyond its first, by policy. A recovery function sees only what happened before it reads: a process that was stopped before its effect may still have the effect when it continues. With a refusal, and inside the transaction, there must be none. Redis has no transaction that could do the work of an application.',
    table([
      ['policy', ...stores, 'by cause'],
      ...policies.map((policy) => {
        const ofPolicy = tallies.filter((one) => one.policy === policy);
        const causes = ofPolicy.map(({ double }) => double);
        return [
          wording[policy],
          ...stores.map((store) => {
            const one = ofPolicy.find((candidate) => candidate.store === store);
            return one ? sum(one.double) : '–';
          }),
          told(merged(causes)),
        ];
      }),
    ]),
    `Refused for ever with \`'refuse'\`: ${refusedForGood(tallies)}. Recovery functions were called ${tallies.reduce((sum, one) => sum + one.recoveries, 0)} times.`,
  ].join('\n\n');
}

const wording = {
  run: "`onAbandoned: 'run'`",
  refuse: "`onAbandoned: 'refuse'`",
  recover: 'a recovery function that reads the effect',
  transaction: 'the completion in the transaction of the effect',
} as const;

function rowOf({ killed, stopped, restarts, network }: Hardship, about: string): (string | number)[] {
  const { cut, lose, swallow, hold, late, lock } = network;
  return [about, killed, stopped, restarts, cut, lose, swallow, hold, late, lock];
}

function refusedForGood(tallies: readonly Tally[]): string {
  const [none, one] = [0, 1].map((effects) =>
    tallies
      .filter(({ policy }) => policy === 'refuse')
      .reduce((sum, { refusedWith }) => sum + (refusedWith[effects] as number), 0),
  );
  return `${one} keys with one effect, ${none} with none`;
}

function sum(counts: ByCause): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

function merged(all: readonly ByCause[]): ByCause {
  const counts: ByCause = {};
  for (const [cause, count] of all.flatMap((one) => Object.entries(one) as [keyof ByCause, number][]))
    counts[cause] = (counts[cause] ?? 0) + count;
  return counts;
}

function told(counts: ByCause): string {
  const parts = Object.entries(counts).map(([cause, count]) => `${count} ${cause}`);
  return parts.join(', ') || '–';
}
