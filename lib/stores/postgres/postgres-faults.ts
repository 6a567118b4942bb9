import { StoreError } from '../../errors.js';
import { tooLarge } from '../shared/stored-record.js';

/** PostgreSQL takes no larger message or value, in bytes; a little of a gigabyte is left for what is around it. */
export const LARGEST_STATE = 1_000_000_000;

/** What an SQLSTATE means for a store (PostgreSQL documentation, Appendix A). */
const advice: Readonly<Record<string, (table: string) => string>> = {
  '42P01': (table) =>
    `there is no table "${table}" where the client looks for it (\`search_path\`); create it (schema() says how), or correct the option "table"`,
  // No such column; another type, with which it cannot be compared either; too short; one more that must have a value.
  ...Object.fromEntries(['42703', '42804', '42883', '22001', '23502'].map((code) => [code, otherColumns])),
  '42P10': (table) =>
    `the table "${table}" has no primary key \`key\`; create another (schema() says how), or correct the option "table"`,
  '42501': (table) =>
    `the client may not use the table "${table}"; GRANT SELECT, INSERT, UPDATE, DELETE on it`,
  '22P05': () =>
    "the database's encoding has not all of the characters; keep records in a database whose encoding is UTF8",
  '25006': () => 'the server, or the session, is read-only; connect the client to the primary',
};

/** The same for statements that should have been alone: in a transaction of the application's they are its own affair. */
const adviceOutside: typeof advice = {
  '25P02': () =>
    "the client's transaction has failed already, so nothing more is done in it; give the store a client on which no transaction is open",
  '40001': () =>
    'the client works at an isolation above READ COMMITTED, where claims at once fail; give the store a client that does not',
};

function otherColumns(table: string): string {
  return `the table "${table}" has other columns than a store needs; create another (schema() says how), or correct the option "table"`;
}

/**
 * Says what is wrong with a table or a server, where a fault tells that; every other fault stays as it is, and so does
 * what tells an application to repeat its own transaction.
 */
export function explained(fault: unknown, table: string, isInTransaction: boolean): unknown {
  const code = sqlState(fault);
  // Program limits: a value, a row or a message passes what the server takes.
  if (code?.startsWith('54')) return tooLarge('PostgresStore', LARGEST_STATE, fault);
  const known = isInTransaction ? advice : { ...advice, ...adviceOutside };
  const what = code === undefined ? undefined : known[code]?.(table);
  if (what === undefined) return fault;
  // A server that takes no writes may be one that is being replaced just now.
  const isLasting = code !== '25006';
  return new StoreError(`PostgresStore: ${what}`, { cause: fault, ...(isLasting && { advice: 'fix-code' }) });
}

/** An error of a client, or of a library around one. */
interface Fault {
  readonly code?: unknown;
  readonly cause?: unknown;
  /** TypeORM */
  readonly driverError?: unknown;
  /** Sequelize */
  readonly original?: unknown;
  /** Prisma, whose own codes are `P2010` and the like, and the server's is the `originalCode` within. */
  readonly meta?: { readonly driverAdapterError?: unknown };
  readonly originalCode?: unknown;
}

/** The server's code, in the error itself or in what a library wrapped. */
function sqlState(fault: unknown): string | undefined {
  let at = fault as Fault | null | undefined;
  for (let depth = 0; at && depth < 4; depth += 1) {
    const code = at.originalCode ?? at.code;
    if (typeof code === 'string' && /^(?!P[1-9])[0-9A-Z]{5}$/.test(code)) return code;
    at = (at.driverError ?? at.original ?? at.meta?.driverAdapterError ?? at.cause) as typeof at;
  }
  return undefined;
}
