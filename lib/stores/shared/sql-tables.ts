import { type Check, checkedOptions } from '../../options/checked-options.js';
import { amountOf, wrongOption } from '../../options/wrong-option.js';
import { GRACE_MS } from './stored-record.js';

/** The table of a store on SQL, unless the options name another. */
export const DEFAULT_TABLE = 'idempotency';

/** Quotes a name as an identifier, whatever characters it has. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Whether a value can be the name of a table. NUL ends a text in both databases. */
export function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && !value.includes('\0');
}

/** @throws {ConfigurationError} for a name that `schema()` cannot use, or a wrong option of it. */
export function checkSchema(check: Check, table: unknown, options: unknown): void {
  const expected = check(table, {});
  if (expected !== undefined) throw wrongOption('schema', 'table', table, expected);
  checkedOptions('schema', options, { checks: { indexInProgress }, example: '{ indexInProgress: true }' });
}

function indexInProgress(value: unknown): string | undefined {
  return typeof value === 'boolean' ? undefined : 'true or false';
}

/** What to do where there is no table of this name. `place` says where it was looked for, where that is not plain. */
export function noTable(table: string, creation: string, place = ''): string {
  return `there is no table "${table}"${place}; create it ${creation}, or correct the option "table"`;
}

/** What to do where the table does not fit. */
export function otherTable(table: string, difference: string, creation: string): string {
  return `the table "${table}" ${difference}; create another ${creation}, or correct the option "table"`;
}

/**
 * Returns the first text after all that begin with `start`, in the order of code points, which is that of UTF-8. `undefined` where every
 * text after `start` begins with it.
 */
export function endOf(start: string): string | undefined {
  const points = Array.from(start, (character) => character.codePointAt(0) as number);
  while (points.at(-1) === LAST_POINT) points.pop();
  const last = points.pop();
  if (last === undefined) return undefined;
  // No text has a surrogate by itself.
  const next = last + 1 === FIRST_SURROGATE ? LAST_SURROGATE + 1 : last + 1;
  return String.fromCodePoint(...points, next);
}

const LAST_POINT = 0x10ffff;
const FIRST_SURROGATE = 0xd800;
const LAST_SURROGATE = 0xdfff;

/** How much one sweep removes. */
export interface RemoveExpiredOptions {
  /** How many records at most. Default: 1,000. */
  readonly limit?: number;
}

/**
 * Returns the values of a statement that removes expired records: the instant until which they expired, in epoch
 * milliseconds, and how many at most.
 *
 * @throws {ConfigurationError} for a wrong limit.
 */
export function sweepValues(store: string, { limit = 1_000 }: RemoveExpiredOptions): [number, number] {
  if (!Number.isSafeInteger(limit) || limit < 1) {
    throw wrongOption(
      `${store}: removeExpired()`,
      'limit',
      limit,
      'a number of records, 1 or more',
      amountOf,
    );
  }
  return [Date.now() - GRACE_MS, limit];
}
