import type { ListingPlan } from '../../record/persistence-store.js';
import type { RecordView } from '../../record/record-view.js';
import type { ListAnswer, ListRequest } from '../page/messages.js';
import { addressOf } from './address.js';
import { ask } from './ask.js';
import { type Child, heading, make } from './elements.js';
import { filterForm } from './filters.js';
import { fill, notice } from './notices.js';
import type { Page, View } from './page.js';
import { listRequestOf, PAGE_RECORDS } from './questions.js';
import { recordTable } from './record-table.js';
import { openResolveDialog } from './resolve-dialog.js';
import { counted, numberText } from './text.js';

/** A store that reads more than that is asked only when the operator has said so. */
const FEW_RECORDS = 10_000;
/** So many pages of the store are read for one that is shown. */
const MOST_PAGES = 10;

/** The stores whose cost the operator has accepted, until the page is reloaded. */
const accepted = new Set<string>();

/** Lists the records that the address asks for. */
export const recordsView: View = (page) => {
  const { address } = page;
  const list = make(
    'section',
    { class: 'list', 'aria-label': 'Records' },
    make('p', { class: 'hint' }, 'Loading…'),
  );
  void fill(page, list, () => load(page, list));
  return make(
    'div',
    {},
    heading(address.status === 'stuck' ? 'Stuck records' : 'Records'),
    filterForm(page),
    exactKey(page),
    list,
  );
};

/** A whole key leads to its record, which a store finds without a listing. */
function exactKey({ address: { store, prefix } }: Page): Child {
  if (!/#[\w-]{16,}$/.test(prefix)) return undefined;
  return make(
    'p',
    {},
    make(
      'a',
      { href: addressOf({ view: 'record', store, key: prefix }) },
      'Show the record of exactly this key',
    ),
  );
}

async function load(page: Page, list: HTMLElement): Promise<readonly Child[]> {
  const request = listRequestOf(page.address);
  const plan = await ask<ListingPlan>('plan', request, page.signal);
  if (!isCheap(plan) && !accepted.has(request.store)) return [costNotice(page, list, plan)];
  const answer = await fullPage(page, request);
  page.announce(summaryOf(answer));
  return [...shown(page, answer), plan.cost !== undefined && make('p', { class: 'hint' }, plan.cost)];
}

function isCheap({ by, records }: ListingPlan): boolean {
  return by === 'index' || (records !== undefined && records <= FEW_RECORDS);
}

function costNotice(page: Page, list: HTMLElement, { cost, records }: ListingPlan): HTMLElement {
  const { store } = page.address;
  const goOn = () => {
    accepted.add(store);
    void fill(page, list, () => load(page, list));
  };
  const about = records === undefined ? '' : `, about ${numberText(records)}`;
  return notice(
    'info',
    make('p', {}, `To find these, the store reads every record${about}. It reads a page at a time.`),
    cost !== undefined && make('p', {}, cost),
    make('button', { type: 'button', class: 'primary', click: goOn }, 'List them'),
  );
}

/** A page of a store may have few records, or none: unknown ones and abandoned ones come from different places. */
async function fullPage(page: Page, request: ListRequest): Promise<ListAnswer> {
  let answer = await ask<ListAnswer>('list', request, page.signal);
  let { records, examined } = answer;
  for (let count = 1; records.length < PAGE_RECORDS && answer.cursor && count < MOST_PAGES; count += 1) {
    answer = await ask<ListAnswer>('list', { ...request, cursor: answer.cursor }, page.signal);
    records = [...records, ...answer.records];
    examined += answer.examined;
  }
  return { ...answer, records, examined };
}

function summaryOf({ records, cursor, examined }: ListAnswer): string {
  const found = counted(records.length, 'record');
  return cursor === undefined ? `${found}.` : `${found} of ${numberText(examined)} read. There is more.`;
}

function shown(page: Page, answer: ListAnswer): readonly Child[] {
  const { records, now } = answer;
  const summary = make('p', { class: 'summary' }, summaryOf(answer));
  if (records.length === 0) return [nothing(page, answer), pager(page, answer)];
  if (!page.session.mayResolve) return [summary, recordTable(page, records, now).table, pager(page, answer)];
  const bar = selectionBar(page);
  const { table, selected } = recordTable(page, records, now, () => bar.show(selected()));
  return [make('div', { class: 'above' }, summary, bar.element), table, pager(page, answer)];
}

function nothing({ address }: Page, { cursor, examined }: ListAnswer): HTMLElement {
  const text =
    cursor === undefined
      ? address.status === 'stuck'
        ? 'Nothing is stuck. Every call has an outcome, is running, or may run again.'
        : 'There is no such record.'
      : `None among the ${numberText(examined)} records that were read. Read on.`;
  return make('p', { class: 'nothing' }, text);
}

function selectionBar(page: Page) {
  let records: readonly RecordView[] = [];
  const open = () => openResolveDialog(page, records);
  const button = make(
    'button',
    { type: 'button', class: 'primary', disabled: true, click: open },
    'Resolve selected…',
  );
  const show = (selected: readonly RecordView[]) => {
    records = selected;
    button.disabled = selected.length === 0;
    button.textContent =
      selected.length === 0 ? 'Resolve selected…' : `Resolve ${counted(selected.length, 'record')}…`;
  };
  return { element: button, show };
}

function pager({ address }: Page, { cursor }: ListAnswer): Child {
  if (cursor === undefined && address.cursor === '') return undefined;
  return make(
    'nav',
    { class: 'pager', 'aria-label': 'Pages' },
    address.cursor !== '' && make('a', { href: addressOf({ ...address, cursor: '' }) }, 'First page'),
    cursor !== undefined && make('a', { href: addressOf({ ...address, cursor }), rel: 'next' }, 'Next page'),
  );
}
