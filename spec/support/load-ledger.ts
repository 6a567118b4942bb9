import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import type { LoadLine } from './load.js';

/** What a ledger comes to. */
export interface LoadCounts {
  readonly keys: number;
  readonly calls: number;
  readonly answered: number;
  /** Calls that were refused, by the code of the error. */
  readonly refused: Readonly<Record<string, number>>;
  readonly runs: number;
  /** Runs of a key that had been run before, by what had become of the run before. */
  readonly repeated: Readonly<Record<RunEnd, number>>;
  /** Runs whose outcome was given to a caller although the store had not taken it. */
  readonly unrecorded: number;
  /** The longest call, in milliseconds. */
  readonly longest: number;
}

type RunEnd = 'declined' | 'completion lost' | 'still running';

export function readLedger(file: string): LoadLine[] {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as LoadLine);
}

/** Counts, and fails where a key has had two outcomes, or ran where it must not. */
export function judge(ledger: readonly LoadLine[], lease: number): LoadCounts {
  const refused: Record<string, number> = {};
  for (const { kind, code = '' } of ledger) {
    if (kind === 'refused') refused[code] = (refused[code] ?? 0) + 1;
  }
  const repeated = { declined: 0, 'completion lost': 0, 'still running': 0 };
  const keys = new Map<string, LoadLine[]>();
  for (const line of ledger) keys.set(line.key, [...(keys.get(line.key) ?? []), line]);
  for (const [key, lines] of keys) {
    const story = `${key}: ${lines.map(({ kind, run, at, code }) => `${kind} ${run ?? code} ${at % 100_000}`).join(', ')}`;
    judgeAnswers(lines, story);
    for (const end of repetitions(lines, lease, story)) repeated[end] += 1;
  }
  const of = (kind: LoadLine['kind']) => ledger.filter((line) => line.kind === kind);
  return {
    keys: keys.size,
    calls: of('answered').length + of('refused').length,
    answered: of('answered').length,
    refused,
    runs: of('begin').length,
    repeated,
    unrecorded: of('unrecorded').length,
    longest: Math.max(...ledger.map(({ took = 0 }) => took)),
  };
}

function judgeAnswers(lines: readonly LoadLine[], story: string): void {
  const answers = lines.filter(({ kind }) => kind === 'answered');
  const [first] = answers;
  if (!first) return;
  const ended = lines.find(({ kind, run }) => kind === 'end' && run === first.run);
  expect(ended, `the answer is that of a run which ended: ${story}`).not.to.equal(undefined);
  // Where the store could not be reached for all of the time that a caller can be kept waiting, it says so.
  if (lines.some(({ kind }) => kind === 'unrecorded')) return;
  expect(new Set(answers.map(({ run }) => run)).size, `one outcome: ${story}`).to.equal(1);
  const later = lines.slice(lines.indexOf(first)).filter(({ kind }) => kind === 'begin');
  expect(later, `no run after an answer: ${story}`).to.deep.equal([]);
}

/** What had become of each run that another followed. */
function repetitions(lines: readonly LoadLine[], lease: number, story: string): RunEnd[] {
  const runs = lines.filter(({ kind }) => kind === 'begin');
  return runs.slice(0, -1).map((run, index) => {
    const next = runs[index + 1] as LoadLine;
    expect(next.attempt, story).to.be.greaterThan(run.attempt as number);
    const between = lines.slice(lines.indexOf(run), lines.indexOf(next));
    const end = between.find((line) => line.run === run.run && line.kind !== 'begin');
    if (end?.kind === 'declined') return 'declined';
    // A run begins with two thirds of its lease left at the least.
    expect(next.at - run.at, `nothing beside an unlapsed lease: ${story}`).to.be.at.least((lease * 2) / 3);
    return end ? 'completion lost' : 'still running';
  });
}
