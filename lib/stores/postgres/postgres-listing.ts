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
  MOST_EXAMINED,
  nothing,
  OUTCOME,
} from '../shared/listing.js';
import { type ListingStatement, stateWithoutContent } from '../shared/sql-listing.js';
import { endOf, quoted } from '../shared/sql-tables.js';
import type { Row } from './postgres-client.js';
import { hasStatus, statusColumns } from './postgres-schema.js';

/** A page begins after this key. */
type PostgresPosition = string;

/** Returns what a store on this table keeps in a cursor. */
function listedTable(table: string): ListedStore<PostgresPosition> {
  const isPosition = (value: unknown): value is string => typeof value === 'string';
  return { store: 'PostgresStore', place: table, isPosition };
}

/**
 * Returns the statement that says which columns of a table have an index for listing. An earlier table has none of them, and no other
 * statement may name a column that is not there.
 */
function indexesOf(table: string): ListingStatement {
  return {
    text: 'SELECT pg_get_expr(indpred, indrelid) AS indexed FROM pg_index WHERE indrelid = to_regclass($1::text) AND indisvalid AND indpred IS NOT NULL',
    values: [quoted(table)],
  };
}

/** Returns the column whose index would find what is asked for, if there is one. */
function columnFor({ status }: Listing<unknown>): string | undefined {
  if (status === 'unknown') return statusColumns.unknown;
  return status === 'in-progress' || status === 'abandoned' ? statusColumns['in-progress'] : undefined;
}

/** The order of keys by which a table of whichever collation is read in ranges. Its primary key has it. */
const KEY = 'held.key COLLATE "C"';

/** Values are given in the order of their placeholders, each of which is used once: a wrapper may replace it by one without a number. */
class Values {
  readonly list: (string | number)[] = [];

  add(value: string | number): string {
    this.list.push(value);
    return `$${this.list.length}::${typeof value === 'number' ? 'bigint' : 'text'}`;
  }
}

/** Returns the conditions for the rows that are read. */
function rangeOf(
  { start = '', position }: Listing<PostgresPosition>,
  values: Values,
  column?: string,
): string {
  const end = endOf(start);
  const conditions = [
    `${KEY} >= ${values.add(start)}`,
    ...(end === undefined ? [] : [`${KEY} < ${values.add(end)}`]),
    ...(position === undefined ? [] : [`${KEY} > ${values.add(position)}`]),
    ...(column === undefined ? [] : [`held.${column}`]),
  ];
  return conditions.join(' AND ');
}

/** Of a large state PostgreSQL reads so many characters, and no more of it from where it keeps large values. */
const HEAD_LENGTH = 4_096;

/** The state without the content of its outcome. The whole of it where its outcome begins later, or has none. */
const withoutContent = stateWithoutContent({ at: 'at', head: 'head', state: 'held.state' });

/**
 * Returns the statement that reads a page in the order of keys. It reads so many rows at most, and returns the records among them that
 * have the status, and the last row that was read, whatever it is.
 */
function pageOf(table: string, listing: Listing<PostgresPosition>, column?: string): ListingStatement {
  const values = new Values();
  const range = rangeOf(listing, values, column);
  const { status, now, limit } = listing;
  const most = isNarrower(listing) ? LARGEST_PAGE : limit;
  // The table may have rows of other programs, whose token is not `owner.n`.
  const isRecord = "held.token ~ '^[^.]+[.][0-9]+$'";
  const asked = status === undefined ? '' : ` AND ${hasStatus('held.state', status)}`;
  const read = `SELECT held.key, held.token, held.expires_at, held.state,
  row_number() OVER (ORDER BY ${KEY}) AS place, lead(held.key) OVER (ORDER BY ${KEY}) IS NULL AS is_last
  FROM ${quoted(table)} AS held WHERE ${range} ORDER BY ${KEY} LIMIT ${MOST_EXAMINED}`;
  const returned = `(held.expires_at > ${values.add(now)}${asked} AND ${isRecord}) OR held.place = ${MOST_EXAMINED} OR held.is_last`;
  // With LIMIT and OFFSET the beginning of a state is taken once, and not in each place where it is used.
  const headed = `SELECT held.*, substr(held.state, 1, ${HEAD_LENGTH}) AS head FROM (
  ${read}
) AS held WHERE ${returned} ORDER BY ${KEY} LIMIT ${most}`;
  const text = `SELECT held.key, held.token, held.expires_at::text AS "expiresAt", ${withoutContent} AS state,
held.place::text AS place, held.is_last::int AS "isLast"
FROM (SELECT held.*, strpos(held.head, '${OUTCOME}') AS at FROM (${headed}) AS held OFFSET 0) AS held
ORDER BY held.place`;
  return { text, values: values.list };
}

/** Returns the page that such rows are. */
function pageFrom(
  rows: readonly Row[],
  listing: Listing<PostgresPosition>,
  kept: ListedStore<PostgresPosition>,
): RecordPage {
  const records: ListedRecord[] = [];
  for (const [index, row] of rows.entries()) {
    const { token, expiresAt, state } = row;
    const [key, examined] = [String(row.key), Number(row.place)];
    addTo(records, { key, token, expiresAt, state }, listing);
    if (Number(row.isLast) === 1) return { records, examined };
    const isFull = records.length === listing.limit || index === rows.length - 1;
    if (isFull) return { records, cursor: cursorOf(kept, key), examined };
  }
  return { records, examined: 0 };
}

/** Returns the statement by which the server says how many rows it expects to read. */
function estimateOf(table: string, listing: Listing<PostgresPosition>, column?: string): ListingStatement {
  const values = new Values();
  const range = rangeOf(listing, values, column);
  return {
    text: `EXPLAIN (FORMAT JSON) SELECT 1 FROM ${quoted(table)} AS held WHERE ${range}`,
    values: values.list,
  };
}

/** Returns how a table is read, whose index for the status is on `column` if it has one. */
function planned(
  listing: Listing<unknown>,
  column: string | undefined,
  estimate: readonly Row[],
): ListingPlan {
  const records = estimateFrom(estimate);
  const by = column !== undefined || isRange(listing) ? 'index' : 'scan';
  return { by, cost: costOf(listing, column), ...(records !== undefined && { records }) };
}

function costOf(listing: Listing<unknown>, column: string | undefined): string {
  if (column !== undefined) return `It reads the rows on which the partial index on "${column}" is.`;
  const rows = listing.start === '' ? 'every row' : 'every row whose key begins so';
  const read = `It reads ${rows}, in the order of the primary key, and the beginning of each state.`;
  const missing = columnFor(listing);
  if (missing === undefined) return read;
  return missing === statusColumns.unknown
    ? `${read} With the column "${missing}" and its index it would read unknown records alone (UPGRADING.md says how to add them).`
    : `${read} With schema(table, { indexInProgress: true }) it would read records in progress alone.`;
}

/** Returns how many rows such a row says. */
function estimateFrom([row]: readonly Row[]): number | undefined {
  const [plan] = Object.values(row ?? {});
  // A client may leave JSON as text.
  const [first] = (typeof plan === 'string' ? JSON.parse(plan) : plan) as readonly { Plan?: Row }[];
  const rows = Number(first?.Plan?.['Plan Rows']);
  return Number.isFinite(rows) ? rows : undefined;
}

/** What is listed of a `PostgresStore`. */
export interface PostgresAccess {
  readonly table: string;
  readonly ask: (text: string, values: readonly (string | number)[]) => Promise<readonly Row[]>;
}

/** Lists records in the order of their keys. */
export const lister: Lister<PostgresAccess> = {
  async records(access, query) {
    const kept = listedTable(access.table);
    const listing = listingOf(kept, query);
    if (listing.start === undefined) return nothing;
    const page = pageOf(access.table, listing, await indexFor(access, listing));
    return pageFrom(await access.ask(page.text, page.values), listing, kept);
  },

  async planRecords(access, query) {
    const listing = listingOf(listedTable(access.table), query, 'planRecords');
    const column = await indexFor(access, listing);
    const estimate = estimateOf(access.table, listing, column);
    return planned(listing, column, await access.ask(estimate.text, estimate.values));
  },
};

/** Resolves to the column whose index finds what is asked for. Each time anew, since the table may have got the index since. */
async function indexFor(
  { table, ask }: PostgresAccess,
  listing: Listing<PostgresPosition>,
): Promise<string | undefined> {
  const column = columnFor(listing);
  if (column === undefined) return undefined;
  const { text, values } = indexesOf(table);
  return (await ask(text, values)).some(({ indexed }) => indexed === column) ? column : undefined;
}
