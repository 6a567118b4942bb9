import type { ResolvedAs } from '../../record/record.js';
import type { RecordView } from '../../record/record-view.js';
import type { Resolved } from '../desk.js';
import type { ResolveRequest } from '../page/messages.js';
import { ask } from './ask.js';
import { type Decision, decisionForm } from './decision-form.js';
import { make, newId } from './elements.js';
import { wordsOf } from './notices.js';
import type { Page } from './page.js';
import { statusName } from './statuses.js';
import { counted, foreign, foreignLines, keyText } from './text.js';

/** How many keys are named before a decision is carried out. */
const MOST_NAMED = 5;

const sentences: Readonly<Record<ResolvedAs, (records: string) => string>> = {
  value: (records) => `${records} will be answered with the value.`,
  'run-again': (records) => `${records} will be free to run again.`,
  refuse: (records) => `${records} will be refused.`,
  forgotten: (records) => `${records} will be forgotten.`,
};

const actions: Readonly<Record<ResolvedAs, (records: string) => string>> = {
  value: (records) => `Answer ${records}`,
  'run-again': (records) => `Let ${records} run again`,
  refuse: (records) => `Refuse ${records}`,
  forgotten: (records) => `Forget ${records}`,
};

/**
 * Asks what is to become of some records, has it confirmed, and carries it out: a record at a time, each only as the operator has seen it. The
 * view is shown again afterwards.
 */
export function openResolveDialog(page: Page, records: readonly RecordView[]): void {
  const title = make('h2', { id: newId(), tabindex: -1 });
  const content = make('div', {});
  const dialog = make('dialog', { 'aria-labelledby': title.id }, title, content);
  const stop = new AbortController();
  let hasBegun = false;
  const step = (text: string, ...children: readonly Node[]) => {
    title.textContent = text;
    content.replaceChildren(...children);
  };
  dialog.addEventListener('close', () => {
    stop.abort();
    dialog.remove();
    if (hasBegun) page.refresh();
  });
  // Another view takes its dialog along.
  const leave = () => {
    stop.abort();
    dialog.remove();
  };
  page.signal.addEventListener('abort', leave, { once: true });
  const decide = (before?: Decision) => {
    const { form, focus } = decisionForm({
      before,
      isForeign: records.some(({ operation }) => !page.session.operations.includes(operation)),
      onCancel: () => dialog.close(),
      onDecided: confirm,
    });
    step(`Resolve ${counted(records.length, 'record')}`, summaryOf(page, records), form);
    focus();
  };
  const confirm = (decision: Decision) => {
    const carryOut = () => {
      hasBegun = true;
      void carriedOut(page, dialog, step, { records, decision, signal: stop.signal });
    };
    const back = make('button', { type: 'button', click: () => decide(decision) }, 'Back');
    const button = make(
      'button',
      { type: 'button', class: 'danger', click: carryOut },
      actions[decision.as](counted(records.length, 'record')),
    );
    step(
      'Is this right?',
      ...confirmation(records, decision),
      make('div', { class: 'buttons last' }, back, button),
    );
    title.focus();
  };
  document.body.append(dialog);
  dialog.showModal();
  decide();
}

function summaryOf({ address }: Page, records: readonly RecordView[]): HTMLElement {
  return make('p', { class: 'hint' }, `In the store `, foreign(address.store), `: ${byStatus(records)}.`);
}

function byStatus(records: readonly RecordView[]): string {
  const counts = new Map<RecordView['status'], number>();
  for (const { status } of records) counts.set(status, (counts.get(status) ?? 0) + 1);
  return [...counts].map(([status, count]) => `${count} ${statusName(status).toLowerCase()}`).join(', ');
}

function confirmation(records: readonly RecordView[], { as, json, reason }: Decision): readonly Node[] {
  const isSettled = records.some(({ status }) => !['unknown', 'abandoned', 'unreadable'].includes(status));
  const named = records.slice(0, MOST_NAMED).map(({ key }) => make('li', {}, keyText(key, true)));
  const more = records.length - named.length;
  return [
    make('p', { class: 'sentence' }, sentences[as](counted(records.length, 'record'))),
    make('ul', { class: 'keys' }, ...named, ...(more > 0 ? [make('li', {}, `and ${more} more`)] : [])),
    make(
      'dl',
      {},
      make('dt', {}, 'Reason'),
      make('dd', {}, foreign(reason)),
      ...(json === undefined
        ? []
        : [make('dt', {}, 'Value'), make('dd', {}, make('pre', {}, foreignLines(json)))]),
    ),
    ...(isSettled
      ? [make('p', { class: 'notice info' }, `Not all of them are stuck: ${byStatus(records)}.`)]
      : []),
  ];
}

interface Work {
  readonly records: readonly RecordView[];
  readonly decision: Decision;
  readonly signal: AbortSignal;
}

async function carriedOut(
  page: Page,
  dialog: HTMLDialogElement,
  step: (text: string, ...children: readonly Node[]) => void,
  { records, decision, signal }: Work,
): Promise<void> {
  const progress = make('p', { role: 'status', class: 'sentence' });
  const results = make('ol', { class: 'results' });
  const close = make('button', { type: 'button', click: () => dialog.close() }, 'Stop');
  step('Resolving', progress, results, make('div', { class: 'buttons last' }, close));
  close.focus();
  let done = 0;
  let failed = 0;
  const tell = () => `${counted(done, 'record')} resolved${failed > 0 ? `, ${failed} not` : ''}`;
  for (const record of records) {
    if (signal.aborted) return;
    const { isDone, error } = await resolved(page, record, decision);
    if (isDone) done += 1;
    else failed += 1;
    results.append(resultLine(record, isDone, error));
    progress.textContent = `${tell()}, of ${records.length}.`;
  }
  if (signal.aborted) return;
  step('Done', progress, results, make('div', { class: 'buttons last' }, close));
  close.textContent = 'Close';
  close.focus();
}

async function resolved(
  { address }: Page,
  { key, token }: RecordView,
  decision: Decision,
): Promise<Resolved> {
  const request: ResolveRequest = { store: address.store, seen: [{ key, token }], ...decision };
  try {
    const { results } = await ask<{ readonly results: readonly Resolved[] }>('resolve', request);
    return results[0] ?? { key, isDone: false, error: 'The server did not say what became of it.' };
  } catch (error) {
    return { key, isDone: false, error: wordsOf(error) };
  }
}

function resultLine(
  { key }: RecordView,
  isDone: boolean,
  error = 'There is no record any more, or its key is free already.',
): HTMLElement {
  const text = isDone ? 'Resolved' : `Not resolved: ${error}`;
  return make('li', { class: isDone ? 'done' : 'failed' }, keyText(key), ' ', make('span', {}, text));
}
