import type { RatesAnswer } from '../page/messages.js';
import type { RatedCounts, RatedEvent, RatedMinute } from '../page/rates-report.js';
import { ask } from './ask.js';
import { type Child, draw, heading, make } from './elements.js';
import { fill } from './notices.js';
import type { View } from './page.js';
import { tableOf } from './record-table.js';
import { ago, foreign, numberText } from './text.js';

const MINUTE_MS = 60_000;
const MINUTES = 60;
const REFRESH_MS = 10_000;

/** How a call ends. The others are of interest beside that. */
const ends = [
  'completed',
  'replayed',
  'refused',
  'remembered',
  'released',
  'unknown',
] as const satisfies RatedEvent[];
const besides = ['taken-over', 'claim-lost', 'store-failed'] as const satisfies RatedEvent[];

const names: Readonly<Record<RatedEvent, string>> = {
  completed: 'Completed',
  replayed: 'Replayed',
  refused: 'Refused',
  remembered: 'Remembered',
  released: 'Released',
  unknown: 'Unknown',
  'taken-over': 'Taken over',
  'claim-lost': 'Claim lost',
  'store-failed': 'Store failed',
};

/** Shows how many calls of the server's process ended in which way. */
export const ratesView: View = (page) => {
  const content = make('section', { 'aria-label': 'Rates' }, make('p', { class: 'hint' }, 'Loading…'));
  const load = () =>
    fill(page, content, async () => {
      const answer = await ask<RatesAnswer>('rates', {}, page.signal);
      return shown(answer, content.querySelector('details')?.open === true);
    });
  const box = make('input', { type: 'checkbox' });
  const refresh = setInterval(() => {
    if (box.checked && document.visibilityState === 'visible') void load();
  }, REFRESH_MS);
  page.signal.addEventListener('abort', () => clearInterval(refresh), { once: true });
  void load();
  return make(
    'div',
    {},
    heading('Rates'),
    make(
      'p',
      { class: 'notice info' },
      'These are the calls of one process: the one that serves this page. Other processes are not counted, and a restart begins anew.',
    ),
    make(
      'p',
      { class: 'buttons' },
      make('button', { type: 'button', click: () => void load() }, 'Refresh'),
      make('label', { class: 'inline' }, box, 'every 10 seconds'),
    ),
    content,
  );
};

/** `isTableOpen`: the table was opened before, and stays so. */
function shown({ minutes, since, now }: RatesAnswer, isTableOpen: boolean): readonly Child[] {
  const began = ago(since, now) ?? '';
  const counting = make('p', { class: 'hint' }, 'Counting began ', began, '. The last hour is kept.');
  if (minutes.length === 0) return [counting, make('p', { class: 'nothing' }, 'No call has ended yet.')];
  return [
    counting,
    make('h2', {}, 'Calls per minute'),
    ...chart(minutes, now),
    make('details', { open: isTableOpen }, make('summary', {}, 'The same as a table'), byMinute(minutes)),
    make('h2', {}, 'By operation, in the last hour'),
    byOperation(minutes),
  ];
}

function sumOf(all: readonly RatedCounts[]): RatedCounts {
  const sum: Partial<Record<RatedEvent, number>> = {};
  for (const counts of all)
    for (const [name, count] of Object.entries(counts))
      sum[name as RatedEvent] = (sum[name as RatedEvent] ?? 0) + count;
  return sum;
}

function sumOfMinute({ operations, others }: RatedMinute): RatedCounts {
  return sumOf([...operations.map(({ counts }) => counts), ...(others ? [others] : [])]);
}

const cells = (counts: RatedCounts) => [...ends, ...besides].map((name) => numberText(counts[name] ?? 0));
const columns = [...ends, ...besides].map((name) => names[name]);

function byMinute(minutes: readonly RatedMinute[]): HTMLElement {
  const time = (at: number) =>
    new Date(at).toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' });
  const rows = minutes.toReversed().map((minute) => [time(minute.at), ...cells(sumOfMinute(minute))]);
  return wide(tableOf('Calls by minute and outcome', ['Minute', ...columns], rows));
}

function byOperation(minutes: readonly RatedMinute[]): HTMLElement {
  const all = new Map<string, RatedCounts[]>();
  for (const { operation, counts } of minutes.flatMap(({ operations }) => operations))
    all.set(operation, [...(all.get(operation) ?? []), counts]);
  const others = minutes.flatMap(({ others: its }) => (its ? [its] : []));
  const rows = [...all].map(([operation, counts]): readonly Child[] => [
    foreign(operation),
    ...cells(sumOf(counts)),
  ]);
  if (others.length > 0) rows.push(['Further operations', ...cells(sumOf(others))]);
  return wide(tableOf('Calls by operation and outcome', ['Operation', ...columns], rows));
}

function wide(table: HTMLElement): HTMLElement {
  return make(
    'div',
    { class: 'wide', role: 'group', tabindex: 0, 'aria-label': 'Table, may be scrolled' },
    table,
  );
}

const WIDTH = 600;
const HEIGHT = 100;

/** A bar for each minute of the last hour, and what its colours mean. The table has the same. */
function chart(minutes: readonly RatedMinute[], now: number): readonly Child[] {
  const first = now - (now % MINUTE_MS) - (MINUTES - 1) * MINUTE_MS;
  const sums = minutes.map((minute) => ({ at: minute.at, counts: sumOfMinute(minute) }));
  const totals = sums.map(({ counts }) => ends.reduce((sum, name) => sum + (counts[name] ?? 0), 0));
  const most = Math.max(1, ...totals);
  const bars = sums.flatMap(({ at, counts }) => barsOf(counts, (at - first) / MINUTE_MS, most));
  const baseline = draw('line', { class: 'axis', x1: 0, x2: WIDTH, y1: HEIGHT, y2: HEIGHT });
  const about = `Each of the last ${MINUTES} minutes, with at most ${numberText(most)} calls.`;
  const shape = { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none' };
  return [
    make('p', { class: 'hint' }, about),
    draw(
      'svg',
      { class: 'chart', ...shape, role: 'img', 'aria-label': `${about} The table has the numbers.` },
      ...bars,
      baseline,
    ),
    legend(),
  ];
}

/** The parts of one minute's bar, one upon the other. */
function barsOf(counts: RatedCounts, minute: number, most: number): readonly SVGElement[] {
  const width = WIDTH / MINUTES;
  let y = HEIGHT;
  return ends.flatMap((name) => {
    const height = ((counts[name] ?? 0) / most) * HEIGHT;
    y -= height;
    const place = { x: minute * width + 1, y, width: width - 2, height };
    return height === 0 ? [] : [draw('rect', { class: `bar ${name}`, ...place })];
  });
}

function legend(): HTMLElement {
  return make(
    'ul',
    { class: 'legend' },
    ...ends.map((name) => make('li', {}, make('span', { class: `swatch ${name}` }), names[name])),
  );
}
