import { table } from '../../.build/spec-standard/support/report.js';
import { figure } from './figures.mjs';

/** Two profiles side by side: microseconds for each call, by part. */
export function profileTable(ours, theirs) {
  const timeOf = (parts, name) => parts.find(({ part }) => part === name)?.time ?? 0;
  const names = [...new Set([...ours, ...theirs].map(({ part }) => part))]
    .map((name) => ({ name, time: timeOf(ours, name), other: timeOf(theirs, name) }))
    .filter(({ time, other }) => time + other >= 0.05)
    .sort((one, other) => other.time - one.time);
  const sum = (parts) => parts.reduce((total, { time }) => total + time, 0);
  const mostOf = (name) =>
    (ours.find(({ part }) => part === name)?.functions ?? []).map((one) => `\`${one}\``).join(', ');
  return table([
    ['part', 'retrysafe, µs', 'AWS Powertools, µs', "most of retrysafe's in"],
    ...names.map(({ name, time, other }) => [name, figure(time, 2), figure(other, 2), mostOf(name)]),
    ['in all', figure(sum(ours), 2), figure(sum(theirs), 2), ''],
  ]);
}

/** The version on which this figure is worst. */
export function worst(found) {
  const [[major]] = Object.entries(found).sort(([, one], [, other]) => other - one);
  return Number(major);
}
