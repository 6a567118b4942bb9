// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what is replaced is source text
import { specs } from '../checkers.js';
import type { Mutant } from '../mutant.js';

/** Records that are listed: which of them, and where a page goes on. */
export const listing: readonly Mutant[] = [
  {
    name: 'listing-an-operation-by-the-first-hash',
    flaw: 'The records of an operation are not listed whose name has a #.',
    changes: [
      {
        file: 'lib/record/key-parts.ts',
        replace: "Math.max(0, key.lastIndexOf('#'))",
        by: "Math.max(0, key.indexOf('#'))",
      },
    ],
    caughtBy: [specs('stores/store-contract', 'stores/in-memory/in-memory-store')],
  },
  {
    name: 'listing-what-an-operator-cannot-read',
    flaw: 'A record that cannot be read is not listed.',
    changes: [
      {
        file: 'lib/record/listing.ts',
        replace: "if (read.status === 'unreadable') return status === undefined && olderThan === undefined;",
        by: "if (read.status === 'unreadable') return false;",
      },
    ],
    caughtBy: [specs('stores/in-memory/in-memory-store')],
  },
  {
    name: 'listing-with-the-cursor-of-another-table',
    flaw: 'The cursor of one table is taken for that of another.',
    changes: [
      {
        file: 'lib/stores/shared/listing.ts',
        replace: 'ofStore === store && ofPlace === place && isPosition(position)',
        by: 'ofStore === store && isPosition(position)',
      },
    ],
    caughtBy: [specs('stores/matrix/listing')],
  },
  {
    name: 'listing-in-memory-after-a-new-order',
    flaw: 'A cursor leads into the middle of another order of the keys in memory.',
    changes: [
      {
        file: 'lib/stores/in-memory/key-order.ts',
        replace: 'const isKnown = position?.[0] === edition;',
        by: 'const isKnown = position !== undefined;',
      },
    ],
    caughtBy: [specs('stores/in-memory/listing')],
  },
  {
    name: 'listing-by-an-index-on-a-state',
    flaw: 'The column of unknown records in PostgreSQL tells the other statuses apart, so that each completion writes its index.',
    changes: [
      {
        file: 'lib/stores/postgres/postgres-schema.ts',
        replace: "return `CASE WHEN ${hasStatus('state', status)} THEN true END`;",
        by: "return `CASE WHEN ${hasStatus('state', status)} THEN true WHEN ${hasStatus('state', 'in-progress')} THEN false END`;",
      },
    ],
    caughtBy: [specs('stores/postgres/hot-updates')],
  },
  {
    name: 'listing-postgres-beyond-the-last-row',
    flaw: 'The last page of a table in PostgreSQL has a cursor, and the next one begins at the same row.',
    changes: [
      {
        file: 'lib/stores/postgres/postgres-listing.ts',
        replace: 'if (Number(row.isLast) === 1) return { records, examined };',
        by: '',
      },
    ],
    caughtBy: [specs('stores/postgres/listing')],
  },
  {
    name: 'listing-dynamodb-loses-what-was-cut-off',
    flaw: 'What a segment of DynamoDB returned beyond the limit of a page is not read again.',
    changes: [
      {
        file: 'lib/stores/dynamodb/dynamodb-listing.ts',
        replace: 'if (records.length === limit) return start;',
        by: 'if (records.length === limit) break;',
      },
    ],
    caughtBy: [specs('stores/dynamodb/listing')],
  },
  {
    name: 'listing-redis-by-a-pattern',
    flaw: 'A prefix in Redis is taken for a pattern.',
    changes: [
      {
        file: 'lib/stores/redis/redis-listing.ts',
        replace: 'const pattern = `${escaped(begin',
        by: 'const pattern = `${String(begin',
      },
    ],
    caughtBy: [specs('stores/redis/listing')],
  },
  {
    name: 'listing-redis-a-part-of-a-cluster',
    flaw: 'A client of one node of a cluster lists the records of that node, and says nothing of the others.',
    changes: [
      {
        file: 'lib/stores/redis/redis-listing.ts',
        replace: '/cluster_enabled:1/.test(',
        by: '/cluster_enabled:2/.test(',
      },
    ],
    caughtBy: [specs('stores/redis/listing')],
  },
  {
    name: 'listing-redis-nothing-without-a-right',
    flaw: 'A user of Redis who may not read hashes gets a list without records, and no error.',
    changes: [
      {
        file: 'lib/stores/redis/redis-scripts.ts',
        replace:
          "if held.err and not string.find(held.err, 'WRONGTYPE', 1, true) then\n    return held\n  end\n  local state = held[3]",
        by: 'local state = not held.err and held[3]',
      },
    ],
    caughtBy: [specs('stores/redis/listing')],
  },
  {
    name: 'listing-sqlite-by-the-cursor-of-an-index',
    flaw: 'A cursor of the index in SQLite is taken for the number of a row, where the table has lost the index.',
    changes: [
      {
        file: 'lib/stores/sqlite/sqlite-listing.ts',
        replace: "typeof listing.position === (order === 'key' ? 'string' : 'number')",
        by: 'listing.position !== undefined',
      },
    ],
    caughtBy: [specs('stores/sqlite/listing')],
  },
];
