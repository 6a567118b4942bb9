import { table } from '../../support/report.js';
import type { History } from './history.js';
import type { Outcome } from './simulate.js';
import type { StoreModel } from './store-model.js';
import { countOf, type Tally } from './tally.js';

interface ModelTally {
  readonly model: StoreModel;
  readonly tally: Tally;
}

interface Effort {
  readonly command: string;
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** What the specification says of these histories. */
  readonly validation: string;
}

/** What all histories have in sum, where every rule held. */
export function reportBody(
  tallies: readonly ModelTally[],
  { command, seconds, cpuSeconds, validation }: Effort,
): string {
  const histories = tallies.reduce((sum, { tally }) => sum + tally.histories, 0);
  return [
    `Random histories of several processes, keys and calls run the real engine in simulated time. The command \`${command}\` took ${seconds.toFixed(0)} s (${cpuSeconds.toFixed(0)} s of processor time, ${((cpuSeconds * 1_000) / histories).toFixed(1)} ms a history). No rule was violated.`,
    validation,
    tallies.map(({ model }) => `- \`${model.name}\`: ${model.about}.`).join('\n'),
    table([
      [
        'model',
        'histories',
        'calls',
        'runs',
        'steps',
        'replays',
        'requests',
        'with a fault',
        'crashes',
        'freezes',
        'lapses',
        'forgotten',
        'resolved',
        'violations',
      ],
      ...tallies.map(({ model, tally }) => [
        model.name,
        tally.histories,
        tally.calls,
        tally.runs,
        tally.steps,
        countOf(tally, 'event: replayed'),
        countOf(tally, 'request: '),
        countOf(tally, 'request: ') - countOf(tally, 'request: arrives'),
        countOf(tally, 'crash'),
        countOf(tally, 'act: freeze'),
        countOf(tally, 'another run after: lapse'),
        countOf(tally, 'forget: true'),
        countOf(tally, 'decided: ') - countOf(tally, 'decided: forgotten'),
        0,
      ]),
    ]),
    'How often each event occurred:',
    table([
      ['event', ...tallies.map(({ model }) => model.name)],
      ...[...new Set(tallies.flatMap(({ tally }) => Object.keys(tally.counts)))]
        .sort()
        .map((what) => [what, ...tallies.map(({ tally }) => tally.counts[what] ?? 0)]),
    ]),
    `The longest time of a call, without its own work, its \`wait\` and the time that its process was frozen: ${(Math.max(...tallies.map(({ tally }) => tally.longestOverhead)) / 1_000).toFixed(1)} s.`,
  ].join('\n\n');
}

/** A violation for reading: what was planned, and what happened. */
export function failureReport(history: History, { violations, trace }: Outcome): string {
  const { options, calls, acts, climate } = history;
  const lines = (list: readonly object[]) => list.map((one) => `  ${JSON.stringify(one)}`);
  return [
    '',
    'The shortest history found that breaks the same rule:',
    `options ${JSON.stringify(options)}`,
    `clocks ahead by ${history.skews.join(', ')} ms; of 100 requests ${climate.faults} with a fault, ${climate.slow} slow`,
    'calls',
    ...lines(calls),
    ...(acts.length > 0 ? ['besides', ...lines(acts)] : []),
    '',
    ...trace,
    '',
    ...violations.map(({ rule, what }) => `${rule}: ${what}`),
  ].join('\n');
}
