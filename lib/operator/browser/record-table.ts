import type { RecordView } from '../../record/record-view.js';
import { wordsOf } from '../life.js';
import { addressOf } from './address.js';
import { type Child, make } from './elements.js';
import type { Page } from './page.js';
import { statusBadge, statusName } from './statuses.js';
import { ago, counted, foreign, keyText } from './text.js';

/*
 * A narrow screen shows each row as a card. CSS that lays a table out in another way takes its meaning from it, so the roles say it again.
 */

/** A table of some rows, whose cells know their column. */
export function tableOf(
  caption: string,
  columns: readonly Child[],
  rows: readonly (readonly Child[])[],
): HTMLTableElement {
  const names = columns.map((column) => (typeof column === 'string' ? column : undefined));
  return make(
    'table',
    { role: 'table' },
    make('caption', { class: 'unseen' }, caption),
    make(
      'thead',
      { role: 'rowgroup' },
      make(
        'tr',
        { role: 'row' },
        ...columns.map((column) => make('th', { scope: 'col', role: 'columnheader' }, column)),
      ),
    ),
    make(
      'tbody',
      { role: 'rowgroup' },
      ...rows.map((cells) =>
        make(
          'tr',
          { role: 'row' },
          ...cells.map((cell, index) => make('td', { role: 'cell', 'data-column': names[index] }, cell)),
        ),
      ),
    ),
  );
}

/** A table of records. With `onSelect` each can be selected. */
export function recordTable(
  page: Page,
  records: readonly RecordView[],
  now: number,
  onSelect?: () => void,
): { readonly table: HTMLTableElement; selected(): readonly RecordView[] } {
  const boxes = onSelect ? records.map((record) => selectBox(record, onSelect)) : [];
  const rows = records.map((record, index) => [
    ...(onSelect ? [boxes[index]?.label] : []),
    ...cellsOf(page, record, now),
  ]);
  const first = onSelect
    ? [
        selectAll(
          boxes.map(({ box }) => box),
          onSelect,
        ),
      ]
    : [];
  const columns = [...first, 'Operation', 'Key', 'Status', 'Since', 'Attempt', 'Written by', 'Why'];
  const table = tableOf(`${counted(records.length, 'record')}`, columns, rows);
  table.classList.add('records');
  if (onSelect) table.classList.add('selectable');
  return { table, selected: () => records.filter((_, index) => boxes[index]?.box.checked === true) };
}

function cellsOf({ address }: Page, record: RecordView, now: number): readonly Child[] {
  const { operation, key, status, since, attempt, by, why } = record;
  const href = addressOf({ view: 'record', store: address.store, key });
  return [
    foreign(operation, 'operation'),
    make('a', { href, class: 'key-link' }, keyText(key)),
    statusBadge(status),
    ago(since, now),
    String(attempt),
    by === undefined ? none() : foreign(by, 'by'),
    why === undefined ? none() : foreign(wordsOf(why), 'why'),
  ];
}

function none(): HTMLElement {
  return make('span', { class: 'none' }, '–');
}

function selectBox({ key, status }: RecordView, onSelect: () => void) {
  const box = make('input', { type: 'checkbox', change: onSelect });
  const name = make('span', { class: 'unseen' }, `Select ${statusName(status).toLowerCase()} `, keyText(key));
  return { box, label: make('label', { class: 'select' }, box, name) };
}

function selectAll(boxes: readonly HTMLInputElement[], onSelect: () => void): HTMLElement {
  const all = make('input', { type: 'checkbox' });
  all.addEventListener('change', () => {
    for (const box of boxes) box.checked = all.checked;
    onSelect();
  });
  for (const box of boxes) {
    box.addEventListener('change', () => {
      all.checked = boxes.every(({ checked }) => checked);
      all.indeterminate = !all.checked && boxes.some(({ checked }) => checked);
    });
  }
  return make(
    'label',
    { class: 'select' },
    all,
    make('span', { class: 'unseen' }, 'Select all on this page'),
  );
}
