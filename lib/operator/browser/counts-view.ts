import type { ListingPlan } from '../../record/persistence-store.js';
import type { StatusCount } from '../desk.js';
import { addressOf } from './address.js';
import { AskError, ask, follow } from './ask.js';
import { heading, labelled, make, select } from './elements.js';
import { fill, notice, replaceIn, wordsOf } from './notices.js';
import type { Page, View } from './page.js';
import { tableOf } from './record-table.js';
import { statusBadge } from './statuses.js';
import { ago, foreign, numberText, visible } from './text.js';

/** Counts the records of a store by operation and status. */
export const countsView: View = (page) => {
  const { address, session } = page;
  const store = labelled(
    'Store',
    select(
      session.stores.map((name) => [name, visible(name)]),
      address.store,
    ),
  );
  const submit = (event: Event) => {
    event.preventDefault();
    page.go({ view: 'counts', store: store.control.value });
  };
  const content = make('section', { 'aria-label': 'Counts' }, make('p', { class: 'hint' }, 'Loading…'));
  void fill(page, content, async () => {
    const plan = await ask<ListingPlan>('plan', { store: address.store }, page.signal);
    return [offer(page, content, plan)];
  });
  return make(
    'div',
    {},
    heading('Counts'),
    make('form', { class: 'filters', submit }, store.field, make('button', { type: 'submit' }, 'Show')),
    content,
  );
};

function offer(page: Page, content: HTMLElement, { cost, records }: ListingPlan): HTMLElement {
  const about = records === undefined ? '' : `, about ${numberText(records)}`;
  return notice(
    'info',
    make('p', {}, `To count them, the page reads every record of the store${about}.`),
    cost !== undefined && make('p', {}, cost),
    make(
      'button',
      { type: 'button', class: 'primary', click: () => void count(page, content) },
      'Count the records',
    ),
  );
}

async function count(page: Page, content: HTMLElement): Promise<void> {
  const { store } = page.address;
  const stop = new AbortController();
  page.signal.addEventListener('abort', () => stop.abort(), { once: true });
  const progress = make('p', { role: 'status' }, 'Reading…');
  const button = make('button', { type: 'button', click: () => stop.abort() }, 'Stop');
  replaceIn(content, progress, button);
  button.focus();
  let counts: readonly StatusCount[] | undefined;
  let now = Date.now();
  try {
    await follow(
      'stats',
      { store },
      (line) => {
        if (line.error !== undefined) throw new AskError(line.error);
        if (line.examined !== undefined) progress.textContent = `${numberText(line.examined)} records read`;
        counts = line.counts ?? counts;
        now = line.now ?? now;
      },
      stop.signal,
    );
    if (!counts) throw new AskError('The count ended too soon. Try again.');
    replaceIn(content, countsTable(page, counts, now));
    page.announce('The records are counted.');
  } catch (error) {
    if (page.signal.aborted) return;
    const again = make('button', { type: 'button', click: () => void count(page, content) }, 'Count again');
    const text = stop.signal.aborted ? 'Stopped.' : wordsOf(error);
    replaceIn(content, notice(stop.signal.aborted ? 'info' : 'fault', make('p', {}, text), again));
    again.focus();
  }
}

function countsTable({ address }: Page, counts: readonly StatusCount[], now: number): HTMLElement {
  if (counts.length === 0) return make('p', { class: 'nothing' }, 'The store has no records.');
  const rows = counts.map(({ operation, status, count: its, oldestSince, mostAttempts }) => [
    make('a', { href: addressOf({ store: address.store, operation, status }) }, foreign(operation)),
    statusBadge(status),
    numberText(its),
    ago(oldestSince, now),
    String(mostAttempts),
  ]);
  return tableOf(
    'Records by operation and status',
    ['Operation', 'Status', 'Records', 'Oldest', 'Most attempts'],
    rows,
  );
}
