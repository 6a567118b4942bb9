import { table } from '../../.build/spec-standard/support/report.js';
import { figure } from './figures.mjs';

/*
 * A goal of one version has `isMet` and `found`, a text. A goal of every version has `limit`, a number or a function of
 * the version, and `found`, a figure by version.
 */

/** What was aimed at, whether this run met it, and the arguments for what it missed, by the goals' texts. */
export function describedGoals(goals, nodes, why = {}) {
  const single = goals.filter(({ limit }) => limit === undefined);
  const each = goals.filter(({ limit }) => limit !== undefined);
  const list = single.map(
    ({ text, isMet, found }) => `- ${isMet ? '**met**' : '**missed**'}: ${text} — ${found}`,
  );
  const majors = nodes.map(({ major }) => major);
  const rows = each.map((goal) => [
    goal.text,
    limitText(goal, majors),
    ...majors.map((major) => cell(goal, major)),
    isMet(goal) ? 'met' : '**missed**',
  ]);
  const heads = ['goal', 'at most', ...majors.map((major) => `Node.js ${major}`), ''];
  return [list.join('\n'), rows.length > 0 ? table([heads, ...rows]) : '', argued(goals, why)]
    .filter(Boolean)
    .join('\n\n');
}

export function isMet(goal) {
  if (goal.limit === undefined) return goal.isMet;
  return Object.entries(goal.found).every(([major, found]) => found <= limitOn(goal, Number(major)));
}

function argued(goals, why) {
  const missed = goals.filter((goal) => !isMet(goal)).map(({ text }) => text);
  const lines = missed.filter((text) => why[text]).map((text) => `- ${text}: ${why[text]}`);
  const others = missed.filter((text) => !why[text]);
  if (others.length > 0) lines.push(`- **Missed without an argument**: ${others.join('; ')}.`);
  return lines.join('\n');
}

function limitOn({ limit }, major) {
  return typeof limit === 'function' ? limit(major) : limit;
}

function limitText(goal, majors) {
  const limits = [...new Set(majors.map((major) => limitOn(goal, major)))];
  if (limits.length === 1) return figure(limits[0], goal.digits ?? 2);
  return majors.map((major) => figure(limitOn(goal, major), goal.digits ?? 2)).join(', ');
}

function cell(goal, major) {
  const { found, digits = 2 } = goal;
  if (found[major] === undefined) return '';
  const text = figure(found[major], digits);
  return found[major] <= limitOn(goal, major) ? text : `**${text}**`;
}
