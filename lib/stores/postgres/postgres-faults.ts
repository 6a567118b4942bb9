import { limitOf, tooLarge, withAdvice } from '../shared/faults.js';
import { noTable, otherTable } from '../shared/sql-tables.js';

/** PostgreSQL takes no larger message or value: a gigabyte, less a little for the rest of the message. */
export const LARGEST_STATE_BYTES = 1_000_000_000;

const creation = '(schema() says how)';

/** What to do about an SQLSTATE (PostgreSQL documentation, Appendix A). */
const advices: Readonly<Record<string, (table: string) => string>> = {
  '42P01': (table) => noTable(table, creation, " on the client's `search_path`"),
  // No such column; another type; a type that cannot be compared; too short; another column that must have a value.
  ...Object.fromEntries(['42703', '42804', '42883', '22001', '23502'].map((code) => [code, otherColumns])),
  '42P10': (table) => otherTable(table, 'has no primary key `key`', creation),
  '42501': (table) =>
    `the client may not use the table "${table}"; GRANT SELECT, INSERT, UPDATE, DELETE on it`,
  '22P05': () =>
    "the database's encoding lacks some of the characters; keep records in a database whose encoding is UTF8",
  '25006': () => 'the server, or the session, is read-only; connect the client to the primary',
};

/** The same for a statement of the store itself. In the application's transaction these are the application's to handle. */
const advicesOutside: typeof advices = {
  '25P02': () =>
    "the client's transaction has failed already, so it takes no more statements; give the store a client on which no transaction is open",
  '40001': () =>
    'the client works at an isolation above READ COMMITTED, where simultaneous claims fail; give the store a client that does not',
};

function otherColumns(table: string): string {
  return otherTable(table, 'has other columns than a store needs', creation);
}

/**
 * Returns an error that says what is wrong with a table or a server, or the fault itself where that is unknown. A fault that
 * tells an application to repeat its own transaction stays as it is.
 */
export function explained(fault: unknown, table: string, isInTransaction: boolean): unknown {
  const code = sqlState(fault);
  // Class 54, program limits: a value, a row or a message is larger than the server takes.
  if (code?.startsWith('54')) return tooLarge('PostgresStore', limitOf(LARGEST_STATE_BYTES), fault);
  const known = isInTransaction ? advices : { ...advices, ...advicesOutside };
  // A server that takes no writes may be one that is being replaced just now.
  const isLasting = code !== '25006';
  return withAdvice('PostgresStore', fault, code === undefined ? undefined : known[code]?.(table), isLasting);
}

/** An error of a client, or of a library around one. */
interface Fault {
  readonly code?: unknown;
  readonly cause?: unknown;
  /** TypeORM */
  readonly driverError?: unknown;
  /** Sequelize */
  readonly original?: unknown;
  /** Prisma: its own codes are `P2010` and the like. The `originalCode` within is the server's. */
  readonly meta?: { readonly driverAdapterError?: unknown };
  readonly originalCode?: unknown;
}

/** Returns the server's code, from the error itself or from the one that a library wrapped. */
function sqlState(fault: unknown): string | undefined {
  let at = fault as Fault | null | undefined;
  for (let depth = 0; at && depth < 4; depth += 1) {
    const code = at.originalCode ?? at.code;
    if (typeof code === 'string' && /^(?!P[1-9])[0-9A-Z]{5}$/.test(code)) return code;
    at = (at.driverError ?? at.original ?? at.meta?.driverAdapterError ?? at.cause) as typeof at;
  }
  return undefined;
}
