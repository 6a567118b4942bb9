import type { LifeEvent } from '../desk.js';
import { wordsOf } from '../life.js';
import type { ShowAnswer } from '../page/messages.js';
import { addressOf } from './address.js';
import { ask } from './ask.js';
import { type Child, heading, make } from './elements.js';
import { fill } from './notices.js';
import type { Page, View } from './page.js';
import { openResolveDialog } from './resolve-dialog.js';
import { lifeEvents, meanings, statusBadge } from './statuses.js';
import { ago, foreign, foreignLines, instant, keyText } from './text.js';

/** Shows all that is known about one key. */
export const recordView: View = (page) => {
  const { store, key } = page.address;
  const content = make('div', {}, make('p', { class: 'hint' }, 'Loading…'));
  void fill(page, content, async () => {
    const answer = await ask<ShowAnswer>('show', { store, key }, page.signal);
    page.announce('The record is shown.');
    return shown(page, answer);
  });
  const back = make('a', { href: addressOf({ store }), class: 'back' }, 'Stuck records');
  return make('div', { class: 'record' }, back, heading('Record'), content);
};

function shown(page: Page, answer: ShowAnswer): readonly Child[] {
  const { record } = answer;
  return [
    facts(page, answer),
    page.session.mayResolve &&
      make(
        'p',
        {},
        make(
          'button',
          { type: 'button', class: 'primary', click: () => openResolveDialog(page, [record]) },
          'Resolve…',
        ),
      ),
    outcomePart(page, answer),
    make('h2', {}, 'Its life'),
    make('ol', { class: 'life' }, ...answer.life.map((event) => lifeItem(event, answer))),
  ];
}

function facts({ address }: Page, { record, now, traces }: ShowAnswer): HTMLElement {
  const {
    operation,
    key,
    status,
    attempt,
    since,
    by,
    why,
    traceparent,
    fingerprint,
    expiresAt,
    fencingToken,
  } = record;
  const rows: readonly (readonly [name: string, value: Child])[] = [
    ['Status', make('span', {}, statusBadge(status), ' ', meanings[status])],
    ['Operation', foreign(operation)],
    ['Key', make('span', {}, keyText(key, true), ' ', copyButton(key))],
    ['Store', foreign(address.store)],
    ['Since', make('span', {}, instant(since), ' (', ago(since, now) ?? '', ')')],
    ['Attempt', String(attempt)],
    ['Written by', by !== undefined && foreign(by)],
    ['Why', why !== undefined && foreign(wordsOf(why))],
    ['Trace', traceparent !== undefined && traceText(traceparent, traces)],
    ['Fencing token', String(fencingToken)],
    ['Fingerprint', fingerprint !== undefined && foreign(fingerprint, 'key')],
    ['Expires', instant(expiresAt)],
  ];
  return make(
    'dl',
    { class: 'facts' },
    ...rows.flatMap(([name, value]) =>
      value === false ? [] : [make('dt', {}, name), make('dd', {}, value)],
    ),
  );
}

function copyButton(text: string): HTMLElement {
  const said = make('span', { role: 'status' });
  const copy = async () => {
    await navigator.clipboard.writeText(text).then(
      () => said.replaceChildren(' Copied'),
      () => said.replaceChildren(' It cannot be copied here. Select it.'),
    );
  };
  return make(
    'span',
    {},
    make('button', { type: 'button', class: 'small', click: () => void copy() }, 'Copy key'),
    said,
  );
}

function traceText(traceparent: string, traces: ShowAnswer['traces']): Child {
  const url = traces[traceparent];
  // The server has looked at it. A script that follows such an address must never depend on another one.
  if (url === undefined || !/^https?:\/\//i.test(url)) return foreign(traceparent, 'key');
  return make('a', { href: url, rel: 'noreferrer noopener', target: '_blank' }, 'Trace of this run');
}

function lifeItem(
  { at, what, attempt, by, why, traceparent }: LifeEvent,
  { now, traces }: ShowAnswer,
): HTMLElement {
  const isAhead = at !== undefined && at > now;
  return make(
    'li',
    { class: `${what}${isAhead ? ' ahead' : ''}` },
    make(
      'p',
      { class: 'what' },
      make('strong', {}, lifeEvents[what]),
      ' ',
      make('span', { class: 'hint' }, `attempt ${attempt}`),
    ),
    make(
      'p',
      {},
      instant(at),
      at !== undefined && make('span', { class: 'hint' }, ' · ', ago(at, now) ?? ''),
    ),
    by !== undefined && make('p', {}, 'By ', foreign(by)),
    why !== undefined && make('p', {}, foreign(why)),
    traceparent !== undefined && make('p', {}, traceText(traceparent, traces)),
  );
}

function outcomePart(page: Page, { outcome }: ShowAnswer): Child {
  if (!outcome) return undefined;
  const names = {
    value: 'A value is recorded.',
    error: 'An error is recorded.',
    none: 'No outcome is recorded.',
  };
  const part = make('div', {}, ...outcomeText(outcome));
  const reveal = () => {
    const { store, key } = page.address;
    void fill(page, part, async () => {
      const answer = await ask<ShowAnswer>('show', { store, key, reveal: true }, page.signal);
      page.announce('The outcome is shown.');
      return answer.outcome ? outcomeText(answer.outcome) : ['It is gone.'];
    });
  };
  const mayAsk = outcome.kind !== 'none' && page.session.mayReveal;
  if (mayAsk) part.append(make('button', { type: 'button', click: reveal }, 'Reveal the outcome'));
  return make('section', {}, make('h2', {}, 'Its outcome'), make('p', {}, names[outcome.kind]), part);
}

function outcomeText({ text, reason }: NonNullable<ShowAnswer['outcome']>): HTMLElement[] {
  return [
    ...(reason === undefined ? [] : [make('p', {}, foreign(reason))]),
    ...(text === undefined
      ? []
      : [make('pre', { class: 'outcome', tabindex: 0, 'aria-label': 'The outcome' }, foreignLines(text))]),
  ];
}
