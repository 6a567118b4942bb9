import { faultMessage, limitOf, tooLarge, withAdvice } from '../shared/faults.js';
import { noTable, otherTable } from '../shared/sql-tables.js';

/** SQLite takes no larger value (`SQLITE_MAX_LENGTH`). */
export const LARGEST_STATE_BYTES = 1_000_000_000;

const creation = 'by `database.exec(schema())`';

// Result codes of SQLite (sqlite.org, Result and Error Codes).
const BUSY = 5;
const READONLY = 8;
const FULL = 13;
const TOO_BIG = 18;

/** What to do about a result code. */
const advices: Readonly<Record<number, string>> = {
  [BUSY]:
    'the file is busy with the write of another connection; set `PRAGMA busy_timeout = 5000` and `PRAGMA journal_mode = WAL`, and keep transactions short',
  [READONLY]: 'the database is read-only; open it for writing',
  [FULL]: 'the disk is full',
};

/** The names of the same codes in `better-sqlite3`. */
const names: Readonly<Record<string, number>> = {
  SQLITE_BUSY: BUSY,
  SQLITE_READONLY: READONLY,
  SQLITE_FULL: FULL,
  SQLITE_TOOBIG: TOO_BIG,
};

/** Returns an error that says what is wrong with a table or a file, or the fault itself where that is unknown. */
export function explained(fault: unknown, table: string): unknown {
  const { code, errcode } = (fault ?? {}) as { readonly code?: unknown; readonly errcode?: unknown };
  // The low byte is the code, and the rest refines it. A name refines it after a second underscore.
  const [name] = /^SQLITE_[A-Z]+/.exec(String(code)) ?? [];
  const result = typeof errcode === 'number' ? errcode & 0xff : names[String(name)];
  if (result === TOO_BIG) return tooLarge('SqliteStore', limitOf(LARGEST_STATE_BYTES), fault);
  const advice =
    result !== undefined && result in advices ? advices[result] : adviceOnTable(faultMessage(fault), table);
  // A busy file and a full disk may be in order again later.
  const isLasting = result !== BUSY && result !== FULL;
  return withAdvice('SqliteStore', fault, advice, isLasting);
}

function adviceOnTable(message: string, table: string): string | undefined {
  if (/no such table/.test(message)) return noTable(table, creation);
  return /no such column|has no column|ON CONFLICT clause does not match/.test(message)
    ? otherTable(table, 'has other columns than a store needs', creation)
    : undefined;
}
