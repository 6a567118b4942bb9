import type { PageSession } from '../page/messages.js';
import { type Address, addressOf, readAddress, type ViewName } from './address.js';
import { ask } from './ask.js';
import { countsView } from './counts-view.js';
import { make } from './elements.js';
import { notice, wordsOf } from './notices.js';
import type { Page, View } from './page.js';
import { ratesView } from './rates-view.js';
import { recordView } from './record-view.js';
import { recordsView } from './records-view.js';
import { foreign } from './text.js';

const views: Readonly<Record<ViewName, View>> = {
  records: recordsView,
  record: recordView,
  counts: countsView,
  rates: ratesView,
};

const titles: Readonly<Record<ViewName, string>> = {
  records: 'Records',
  record: 'Record',
  counts: 'Counts',
  rates: 'Rates',
};

const main = make('main', { id: 'main', tabindex: -1 });
const nav = make('nav', { 'aria-label': 'Views' });
const live = make('p', { role: 'status', class: 'unseen', 'aria-live': 'polite' });
let shown: AbortController | undefined;

function show(session: PageSession, isFirst: boolean): void {
  shown?.abort();
  const controller = new AbortController();
  shown = controller;
  const address = readAddress(location.search, session.stores);
  const page: Page = {
    session,
    address,
    signal: controller.signal,
    go: (to) => visit(session, addressOf(to)),
    refresh: () => show(session, false),
    announce: (text) => {
      live.textContent = text;
    },
  };
  nav.replaceChildren(...links(session, address));
  main.replaceChildren(views[address.view](page));
  document.title = `${address.view === 'records' && address.status === 'stuck' ? 'Stuck records' : titles[address.view]} – retrysafe`;
  // A reader of the screen is told what is new, and the keyboard goes on from there.
  if (!isFirst) main.querySelector('h1')?.focus();
}

function visit(session: PageSession, address: string): void {
  history.pushState(null, '', address);
  show(session, false);
  scrollTo(0, 0);
}

function links(session: PageSession, { view, status, store }: Address): readonly HTMLElement[] {
  const all: readonly (readonly [text: string, to: Partial<Address>, isCurrent: boolean])[] = [
    ['Stuck', { store }, view === 'records' && status === 'stuck'],
    ['Records', { store, status: 'any' }, view === 'records' && status !== 'stuck'],
    ['Counts', { view: 'counts', store }, view === 'counts'],
    ...(session.hasRates ? [['Rates', { view: 'rates', store }, view === 'rates'] as const] : []),
  ];
  return all.map(([text, to, isCurrent]) =>
    make('a', { href: addressOf(to), 'aria-current': isCurrent ? 'page' : undefined }, text),
  );
}

/** Shows what a link of the page leads to without loading the page again. */
function followLinks(session: PageSession): void {
  document.addEventListener('click', (event) => {
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    const isPlain = event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
    if (!link || !isPlain || link.target !== '' || link.hash !== '') return;
    if (link.origin !== location.origin || link.pathname !== location.pathname) return;
    event.preventDefault();
    visit(session, link.href);
  });
}

async function start(): Promise<void> {
  const app = document.querySelector('#app');
  try {
    // A link that was opened again: its token is worth nothing, and need not be seen either.
    if (location.hash !== '') history.replaceState(null, '', location.pathname + location.search);
    const session = await ask<PageSession>('session', {});
    const who = make(
      'p',
      { class: 'who' },
      foreign(session.operator),
      !session.mayResolve && make('span', { class: 'badge' }, 'read only'),
    );
    app?.replaceWith(
      make('a', { class: 'skip', href: '#main' }, 'Skip to the content'),
      make('header', {}, make('p', { class: 'brand' }, 'retrysafe ', make('span', {}, 'operator')), nav, who),
      main,
      live,
    );
    followLinks(session);
    addEventListener('popstate', () => show(session, false));
    show(session, true);
  } catch (error) {
    app?.replaceChildren(notice('fault', make('p', { role: 'alert' }, wordsOf(error))));
  }
}

void start();
