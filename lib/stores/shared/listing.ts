import { type Check, checkedOptions } from '../../options/checked-options.js';
import { listed, matches } from '../../record/listing.js';
import type { ListedRecord, RecordPage, RecordQuery } from '../../record/persistence-store.js';
import { recordFrom, type StoredFields } from './stored-record.js';

/** How many records a page reads where few of them match. To read a million for one page would outlast every time-out. */
export const MOST_EXAMINED = 10_000;

/** The most records that a page has. */
export const LARGEST_PAGE = 1_000;

/** A store of which records are listed, and what it keeps in a cursor. */
export interface ListedStore<Position> {
  /** The name of its class. */
  readonly store: string;
  /** The table, or whatever tells its records from those of another store of the class. */
  readonly place: string;
  /** Whether a value can be one that it kept in a cursor. */
  readonly isPosition: (value: unknown) => value is Position;
}

/** What is asked for, checked and with all defaults. */
export interface Listing<Position> extends RecordQuery {
  readonly limit: number;
  readonly now: number;
  /** What their keys begin with, as far as the prefix and the operation say it. `undefined` where no key can. */
  readonly start: string | undefined;
  /** Where the page begins. Absent at the first. */
  readonly position?: Position;
}

const statuses: Record<NonNullable<RecordQuery['status']>, true> = {
  'in-progress': true,
  abandoned: true,
  completed: true,
  unknown: true,
  released: true,
};

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? undefined : 'a text';
}

function instant(value: unknown): string | undefined {
  return Number.isFinite(value) ? undefined : 'an instant, in epoch milliseconds';
}

const checks: Record<Exclude<keyof RecordQuery, 'cursor'>, Check> = {
  status(value) {
    const names = Object.keys(statuses);
    return names.includes(value as string) ? undefined : `one of ${names.join(', ')}`;
  },
  operation: text,
  prefix: text,
  olderThan: instant,
  limit(value) {
    const isRight = Number.isInteger(value) && (value as number) >= 1 && (value as number) <= LARGEST_PAGE;
    return isRight ? undefined : 'a number of records, 1 to 1,000';
  },
  now: instant,
};

/**
 * Returns what is asked for.
 *
 * @throws {ConfigurationError} that names the wrong option of a query.
 */
export function listingOf<Position>(
  kept: ListedStore<Position>,
  query: RecordQuery,
  method: 'records' | 'planRecords' = 'records',
): Listing<Position> {
  let position: Position | undefined;
  const cursor: Check = (value) => {
    position = positionOf(kept, value);
    return position === undefined ? 'the cursor of the page before, of this store' : undefined;
  };
  checkedOptions(`${kept.store}: ${method}()`, query, { checks: { ...checks, cursor }, example: 'a query' });
  const { limit = 100, now = Date.now(), ...rest } = query;
  return { ...rest, limit, now, start: startOf(query), ...(position !== undefined && { position }) };
}

function startOf({ operation, prefix = '' }: RecordQuery): string | undefined {
  if (operation === undefined) return prefix;
  const start = `${operation}#`;
  if (prefix.startsWith(start)) return prefix;
  return start.startsWith(prefix) ? start : undefined;
}

/** Returns the cursor of the page that begins at this position. It may stand in an address as it is. */
export function cursorOf<Position>({ store, place }: ListedStore<Position>, position: Position): string {
  return Buffer.from(JSON.stringify([store, place, position])).toString('base64url');
}

function positionOf<Position>(
  { store, place, isPosition }: ListedStore<Position>,
  cursor: unknown,
): Position | undefined {
  try {
    const [ofStore, ofPlace, position] = JSON.parse(Buffer.from(String(cursor), 'base64url').toString());
    return ofStore === store && ofPlace === place && isPosition(position) ? position : undefined;
  } catch {
    return undefined;
  }
}

/**
 * How an outcome begins in the text of a state. In the texts within a state each quotation mark has a backslash before it, so the first
 * place of this is the state's own outcome.
 */
export const OUTCOME = '"outcome":{"kind":"';

/** The kinds of an outcome that has a content, which is not listed. Each has so many letters. */
export const KINDS = ['value', 'error'] as const;
export const KIND_LENGTH = 5;

/** What ends the text of a state that was cut off behind the kind of its outcome. */
export const CUT = '"}}';

/** Returns the text of a state without the content of its outcome. */
export function withoutContent(state: string): string {
  const at = state.indexOf(OUTCOME);
  if (at < 0) return state;
  const end = at + OUTCOME.length + KIND_LENGTH;
  const kind = state.slice(end - KIND_LENGTH, end);
  return KINDS.some((known) => known === kind) ? state.slice(0, end) + CUT : state;
}

/** A row, item or hash that was read for a page. */
export interface ReadEntry extends StoredFields {
  readonly key: string;
}

/** Adds what a store has read to a page, if it is a record that is asked for. What another program wrote is left out. */
export function addTo(records: ListedRecord[], entry: ReadEntry, query: RecordQuery): boolean {
  const record = recordFrom(entry.key, entry);
  if (!record || !matches(record, query)) return false;
  records.push(listed(record));
  return true;
}

/** Whether less is asked for than a database can tell from a status and a key. */
export function isNarrower({ status, olderThan }: RecordQuery): boolean {
  return status === 'abandoned' || olderThan !== undefined;
}

/** Whether a range of keys has what is asked for, and nothing else. */
export function isRange({ start, status, olderThan }: Listing<unknown>): boolean {
  return start !== '' && status === undefined && olderThan === undefined;
}

/** Returns the page of a query that no key can match. */
export const nothing: RecordPage = Object.freeze({ records: Object.freeze([]), examined: 0 });
