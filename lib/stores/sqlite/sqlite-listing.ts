import type { ListedRecord, ListingPlan, RecordPage } from '../../record/persistence-store.js';
import type { Lister } from '../shared/listers.js';
import {
  addTo,
  cursorOf,
  isNarrower,
  isRange,
  LARGEST_PAGE,
  type ListedStore,
  type Listing,
  listingOf,
  nothing,
  OUTCOME,
  type ReadEntry,
} from '../shared/listing.js';
import { type ListingStatement, stateWithoutContent } from '../shared/sql-listing.js';
import { endOf, quoted } from '../shared/sql-tables.js';
import { hasStatus, type IndexedStatus, statusIndex } from './sqlite-schema.js';

/** A page begins after this key, or after the row of this number. */
type SqlitePosition = string | number;

/** Returns what a store on this table keeps in a cursor. */
function listedTable(table: string): ListedStore<SqlitePosition> {
  const isPosition = (value: unknown): value is SqlitePosition =>
    typeof value === 'string' || Number.isSafeInteger(value);
  return { store: 'SqliteStore', place: table, isPosition };
}

/** Returns the status whose index would find what is asked for, if there is one. */
function indexedStatus({ status }: Listing<unknown>): IndexedStatus | undefined {
  if (status === 'abandoned') return 'in-progress';
  return status === 'unknown' || status === 'in-progress' ? status : undefined;
}

/** Returns the statement that finds the index for a status, where the table has it. */
function indexOf(table: string, status: IndexedStatus): ListingStatement {
  return {
    text: 'SELECT 1 FROM pragma_index_list(?) WHERE name = ?',
    values: [table, statusIndex(table, status)],
  };
}

/** How many rows a page reads at most. The process does nothing else meanwhile. */
function mostOf(listing: Listing<SqlitePosition>): number {
  return listing.status !== undefined || isNarrower(listing) ? LARGEST_PAGE : listing.limit;
}

/**
 * Returns by what the rows are read: by their numbers, which is the order in which they lie in the file, or by their keys where these or an
 * index say which are few. In the order of keys each row would be read from another page.
 */
function orderOf({ start }: Listing<unknown>, index?: IndexedStatus): 'rowid' | 'key' {
  return start === '' && index === undefined ? 'rowid' : 'key';
}

function rangeOf(listing: Listing<SqlitePosition>, index?: IndexedStatus): ListingStatement {
  const { start = '' } = listing;
  const order = orderOf(listing, index);
  // Where the table has got an index since, or lost it, the next page is the first again.
  const position =
    typeof listing.position === (order === 'key' ? 'string' : 'number') ? listing.position : undefined;
  const end = endOf(start);
  const conditions = [
    ...(order === 'key' ? ['key >= ?'] : []),
    ...(end === undefined ? [] : ['key < ?']),
    ...(position === undefined ? [] : [`${order} > ?`]),
    ...(index === undefined ? [] : [hasStatus(index)]),
  ];
  const values = [order === 'key' ? start : undefined, end, position].filter((value) => value !== undefined);
  return { text: conditions.length === 0 ? 'true' : conditions.join(' AND '), values };
}

/** The state without the content of its outcome. */
const withoutContent = stateWithoutContent({
  at: `instr(state, '${OUTCOME}')`,
  head: 'state',
  state: 'state',
});

/** Returns the statement that reads a page. A row without a state is none that is asked for. */
function pageOf(table: string, listing: Listing<SqlitePosition>, index?: IndexedStatus): ListingStatement {
  const { status, now } = listing;
  const range = rangeOf(listing, index);
  const order = orderOf(listing, index);
  const asked = status === undefined ? '' : ` AND ${hasStatus(status)}`;
  return {
    text: `SELECT ${order} AS position, key, token, CAST(expires_at AS TEXT) AS "expiresAt",
CASE WHEN expires_at > ?${asked} THEN ${withoutContent} END AS state
FROM ${quoted(table)} WHERE ${range.text} ORDER BY ${order} LIMIT ?`,
    values: [now, ...range.values, mostOf(listing)],
  };
}

/** Returns the page that such rows are. */
function pageFrom(
  rows: readonly unknown[],
  listing: Listing<SqlitePosition>,
  kept: ListedStore<SqlitePosition>,
): RecordPage {
  const records: ListedRecord[] = [];
  const isShort = rows.length < mostOf(listing);
  for (const [index, row] of rows.entries()) {
    const entry = row as ReadEntry & { readonly position: SqlitePosition | bigint };
    if (entry.state !== null) addTo(records, entry, listing);
    const isLast = index === rows.length - 1;
    if (!(isLast ? !isShort : records.length === listing.limit)) continue;
    // A database may return all integers as bigints.
    const position = typeof entry.position === 'bigint' ? Number(entry.position) : entry.position;
    return { records, cursor: cursorOf(kept, position), examined: index + 1 };
  }
  return { records, examined: rows.length };
}

/** Returns the statement that counts the rows that are going to be read. */
function countOf(table: string, listing: Listing<SqlitePosition>, index?: IndexedStatus): ListingStatement {
  const { text, values } = rangeOf(listing, index);
  return { text: `SELECT count(*) AS rows FROM ${quoted(table)} WHERE ${text}`, values };
}

/** Returns how a table is read, by the index for a status if it has one. */
function planned(listing: Listing<unknown>, index: IndexedStatus | undefined, row: unknown): ListingPlan {
  const records = Number((row as { readonly rows: unknown }).rows);
  const by = index !== undefined || isRange(listing) ? 'index' : 'scan';
  return { by, records, cost: costOf(listing, index) };
}

function costOf(listing: Listing<unknown>, index: IndexedStatus | undefined): string {
  if (index !== undefined) return 'It reads the rows that the index for their status has.';
  const rows = listing.start === '' ? 'every row' : 'every row whose key begins so';
  const read = `It reads ${rows}, and the process does nothing else while it reads a page.`;
  const missing = indexedStatus(listing);
  if (missing === undefined) return read;
  return missing === 'unknown'
    ? `${read} \`database.exec(schema())\` creates an index by which it would read unknown records alone.`
    : `${read} \`database.exec(schema(table, { indexInProgress: true }))\` creates an index by which it would read records in progress alone.`;
}

/** What is listed of an `SqliteStore`. */
export interface SqliteAccess {
  readonly table: string;
  readonly all: (text: string, values: readonly (string | number)[]) => unknown[];
  /** Runs a step that must not become part of a transaction of the application's. */
  readonly apart: <T>(step: () => T) => T;
}

/** Lists records in the order of their keys, or in that of their rows where all of them are read. */
export const lister: Lister<SqliteAccess> = {
  async records(access, query) {
    const kept = listedTable(access.table);
    const listing = listingOf(kept, query);
    if (listing.start === undefined) return nothing;
    return access.apart(() => {
      const { text, values } = pageOf(access.table, listing, indexFor(access, listing));
      return pageFrom(access.all(text, values), listing, kept);
    });
  },

  async planRecords(access, query) {
    const listing = listingOf(listedTable(access.table), query, 'planRecords');
    return access.apart(() => {
      const index = indexFor(access, listing);
      const { text, values } = countOf(access.table, listing, index);
      return planned(listing, index, access.all(text, values)[0]);
    });
  },
};

/** Returns the status whose index finds what is asked for. Each time anew, since the table may have got the index since. */
function indexFor({ table, all }: SqliteAccess, listing: Listing<SqlitePosition>): IndexedStatus | undefined {
  const status = indexedStatus(listing);
  if (status === undefined) return undefined;
  const { text, values } = indexOf(table, status);
  return all(text, values).length > 0 ? status : undefined;
}
