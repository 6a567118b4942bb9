import { StoreError } from '../../errors.js';
import { tooLarge } from '../shared/stored-record.js';

/** SQLite takes no larger value, in bytes (`SQLITE_MAX_LENGTH`). */
export const LARGEST_STATE = 1_000_000_000;

const TOO_BIG = 18;

/** What a result code of SQLite means for a store (sqlite.org, Result and Error Codes). */
const advice: Readonly<Record<number, string>> = {
  5: 'the file is busy with what another connection writes; set `PRAGMA busy_timeout = 5000` and `PRAGMA journal_mode = WAL`, and keep transactions short',
  8: 'the database is read-only; open it for writing',
  13: 'the disk is full',
};

/** The same codes as `better-sqlite3` names them. */
const names: Readonly<Record<string, number>> = {
  SQLITE_BUSY: 5,
  SQLITE_READONLY: 8,
  SQLITE_FULL: 13,
  SQLITE_TOOBIG: TOO_BIG,
};

/** Says what is wrong with a table or a file, where a fault tells that; every other fault stays as it is. */
export function explained(fault: unknown, table: string): unknown {
  const { code, errcode, message } = (fault ?? {}) as {
    readonly code?: unknown;
    readonly errcode?: unknown;
    readonly message?: unknown;
  };
  // The low byte is the code, the rest says more of it; a name says more behind a second underscore.
  const [name] = /^SQLITE_[A-Z]+/.exec(String(code)) ?? [];
  const result = typeof errcode === 'number' ? errcode & 0xff : names[String(name)];
  if (result === TOO_BIG) return tooLarge('SqliteStore', LARGEST_STATE, fault);
  const what =
    result !== undefined && result in advice ? advice[result] : adviceOnTable(String(message), table);
  if (what === undefined) return fault;
  // A file that is busy and a disk that is full may not be so later.
  const isLasting = result !== 5 && result !== 13;
  return new StoreError(`SqliteStore: ${what}`, { cause: fault, ...(isLasting && { advice: 'fix-code' }) });
}

function adviceOnTable(message: string, table: string): string | undefined {
  if (/no such table/.test(message)) {
    return `there is no table "${table}"; create it by \`database.exec(schema())\`, or correct the option "table"`;
  }
  return /no such column|has no column|ON CONFLICT clause does not match/.test(message)
    ? `the table "${table}" is not as a store needs it; create another by \`database.exec(schema())\`, or correct the option "table"`
    : undefined;
}
