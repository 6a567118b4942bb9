import { table } from '../../.build/spec-standard/support/report.js';
import { figure } from './figures.mjs';

/*
 * A goal of one version has `isMet` and `found`, a text. A goal of every version has `limit`, a number or a function of
 * the version, and `found`, a figure by version.
 */

/** What was aimed at, whether this run met it, and the arguments for what it missed. */
export function describedGoals(goals, nodes, why = []) {
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
    missedOn(goal).length === 0 ? 'met' : '**missed**',
  ]);
  const heads = ['goal', 'at most', ...majors.map((major) => `Node.js ${major}`), ''];
  return [list.join('\n'), rows.length > 0 ? table([heads, ...rows]) : '', argued(goals, why)]
    .filter(Boolean)
    .join('\n\n');
}

/** The versions on which a goal was missed; of a goal that is not one of each version, `undefined` for all. */
function missedOn(goal) {
  if (goal.limit === undefined) return goal.isMet ? [] : [undefined];
  return Object.keys(goal.found)
    .map(Number)
    .filter((major) => !(goal.found[major] <= limitOn(goal, major)));
}

function argued(goals, why) {
  const missed = goals.flatMap((goal) => missedOn(goal).map((major) => ({ text: goal.text, major })));
  const holds = (one, { text, major }) => one.goals.test(text) && (one.majors?.includes(major) ?? true);
  const lines = why.filter((one) => missed.some((it) => holds(one, it))).map(({ text }) => `- ${text}`);
  const rest = new Map();
  for (const it of missed.filter((one) => !why.some((argument) => holds(argument, one))))
    rest.set(it.text, [...(rest.get(it.text) ?? []), ...(it.major ? [it.major] : [])]);
  const texts = [...rest].map(
    ([text, majors]) => text + (majors.length > 0 ? ` (${majors.join(', ')})` : ''),
  );
  if (texts.length > 0) lines.push(`- **Missed without an argument**: ${texts.join('; ')}.`);
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
  return missedOn(goal).includes(major) ? `**${text}**` : text;
}
