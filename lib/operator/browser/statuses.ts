import type { RecordView } from '../../record/record-view.js';
import type { LifeEvent } from '../desk.js';
import { make } from './elements.js';

type Status = RecordView['status'];

const statuses: Readonly<Record<Status, string>> = {
  unknown: 'Unknown',
  abandoned: 'Abandoned',
  'in-progress': 'In progress',
  completed: 'Completed',
  released: 'Released',
  unreadable: 'Unreadable',
};

/** What a status means for the operator. */
export const meanings: Readonly<Record<Status, string>> = {
  unknown: 'It is not known whether the work was done. Find out, then resolve the record.',
  abandoned: 'A call began, and its lease has ended without an outcome. Its process may have died.',
  'in-progress': 'A call is running, and renews its lease.',
  completed: 'The call has an outcome. Duplicates get it until it expires.',
  released: 'The key is free: the next call runs.',
  unreadable: 'This version cannot read the record.',
};

/** The statuses to filter by, with what they are called. */
export const statusChoices: readonly (readonly [value: string, text: string])[] = [
  ['stuck', 'Stuck'],
  ['any', 'Any'],
  ...Object.entries(statuses),
];

export function statusName(status: Status): string {
  return statuses[status];
}

/** A status in its colour. The words say it, too. */
export function statusBadge(status: Status): HTMLElement {
  return make('span', { class: `badge ${status}` }, statuses[status]);
}

export const lifeEvents: Readonly<Record<LifeEvent['what'], string>> = {
  claimed: 'Claimed',
  'taken-over': 'Taken over',
  renewed: 'Lease renewed',
  lapses: 'Lease ends',
  lapsed: 'Lease lapsed',
  completed: 'Completed',
  remembered: 'Completed with an error',
  released: 'Released',
  unknown: 'Outcome unknown',
  resolved: 'Resolved by an operator',
  expires: 'Record expires',
};
