import { table } from '../../support/report.js';
import { type Trial, verdictOn } from './trial.js';

/** For each mutant what caught it and how it said so. */
export function trialTable(trials: readonly Trial[]): string {
  return table([
    ['mutant', 'flaw', 'caught by', 'what it said'],
    ...trials.map((trial) => [
      `\`${trial.mutant.name}\``,
      cell(trial.mutant.flaw, 300),
      cell(caughtBy(trial), 300),
      cell(words(trial), 160),
    ]),
  ]);
}

/** For each mutant which of all checkers catch it. */
export function matrix(trials: readonly Trial[]): string {
  return table([
    ['mutant', 'caught by', 'passed by'],
    ...trials.map(({ mutant, findings }) => {
      const by = (kind: string) => findings.filter(({ finding }) => finding.kind === kind);
      const broken = by('broken').map(({ checker }) => `${checker} (broken)`);
      return [
        `\`${mutant.name}\``,
        [...by('caught').map(({ checker }) => checker), ...broken].join(', ') || 'NOBODY',
        by('passed').length,
      ];
    }),
  ]);
}

/** One line for one mutant, as soon as it was tried. */
export function line(trial: Trial): string {
  return `${verdictOn(trial).padEnd(8)}  ${trial.mutant.name}: ${caughtBy(trial)}: ${oneLine(words(trial), 200)}`;
}

function caughtBy(trial: Trial): string {
  const found = firstCatch(trial);
  if (!found) return verdictOn(trial);
  const { checker, finding } = found;
  return `${checker}: ${finding.by[0]}`;
}

function words(trial: Trial): string {
  const found = firstCatch(trial);
  if (found) return found.finding.words;
  return trial.findings
    .map(({ checker, finding }) => `${checker}: ${'why' in finding ? finding.why : finding.kind}`)
    .join('; ');
}

function firstCatch({ findings }: Trial) {
  for (const { checker, finding } of findings) {
    if (finding.kind === 'caught') return { checker, finding };
  }
  return undefined;
}

function cell(text: string, length: number): string {
  return oneLine(text, length).replaceAll('|', '\\|').replaceAll('<', '&lt;');
}

function oneLine(text: string, length: number): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > length ? `${line.slice(0, length - 1)}…` : line;
}
