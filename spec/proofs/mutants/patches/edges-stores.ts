// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what is replaced is source text
import { specs, tests } from '../checkers.js';
import type { Mutant } from '../mutant.js';

/** Where stores meet the application's transactions, its libraries, and what else is kept in the same place. */
export const storesEdges: readonly Mutant[] = [
  {
    name: 'postgres-typeorm-follows-its-caller',
    flaw: 'Records by TypeORM are undone with the transaction that the caller is in.',
    changes: [
      {
        file: 'lib/stores/postgres/clients/from-typeorm.ts',
        replace: 'query: (text, values) => onOwnConnection(source, text, values) };',
        by: 'query: (text, values) => (source as never as WrappedClient).query(text, values) };',
      },
    ],
    caughtBy: [specs('stores/postgres/wrapped-clients')],
  },
  {
    name: 'postgres-typeorm-keeps-its-runner',
    flaw: 'A statement by TypeORM that fails keeps its connection for ever.',
    changes: [
      {
        file: 'lib/stores/postgres/clients/from-typeorm.ts',
        replace: `    return await rowsBy(runner, text, values);
  } finally {
    await runner.release();
  }`,
        by: `    const rows = await rowsBy(runner, text, values);
    await runner.release();
    return rows;
  } finally {
  }`,
      },
    ],
    caughtBy: [specs('stores/postgres/wrapped-clients')],
  },
  {
    name: 'postgres-sequelize-follows-its-caller',
    flaw: 'Records by Sequelize are undone with the transaction that its CLS has.',
    changes: [
      {
        file: 'lib/stores/postgres/clients/from-sequelize.ts',
        replace: 'transaction: transaction ?? null,',
        by: 'transaction,',
      },
    ],
    caughtBy: [specs('stores/postgres/wrapped-clients')],
  },
  {
    name: 'postgres-transaction-as-client',
    flaw: 'A store takes a transaction of the application’s as its client, and records are undone with it.',
    changes: [
      {
        file: 'lib/stores/postgres/postgres-options.ts',
        replace: 'if (isInTransaction(value)) {',
        by: 'if (isInTransaction(value) && !value) {',
      },
    ],
    caughtBy: [specs('stores/postgres/wrapped-clients', 'stores/postgres/open-transactions')],
  },
  {
    name: 'postgres-claim-inside-of-a-begin',
    flaw: 'A claim is made on a client on which the application has begun a transaction since.',
    changes: [
      {
        file: 'lib/stores/postgres/postgres-store.ts',
        replace: 'if (client === this.#client && isInTransaction(client)) {',
        by: 'if (client !== this.#client && isInTransaction(client) === false) {',
      },
    ],
    caughtBy: [specs('stores/postgres/open-transactions')],
  },
  {
    name: 'postgres-completion-outside-of-a-transaction',
    flaw: 'A completion takes a client that is in no transaction, so that the outcome stands without the work.',
    changes: [
      {
        file: 'lib/stores/postgres/postgres-store.ts',
        replace: 'isInTransaction(tx) === false ||',
        by: '',
      },
    ],
    caughtBy: [specs('stores/postgres/wrapped-clients', 'stores/postgres/open-transactions')],
  },
  {
    name: 'postgres-foreign-rows-are-records',
    flaw: 'A claim overwrites a foreign row in PostgreSQL, and a sweep removes it.',
    changes: [
      {
        file: 'lib/stores/postgres/postgres-statements.ts',
        replace: `const isRecord = "held.token ~ '^[^.]+[.][0-9]+$'";`,
        by: `const isRecord = 'held.token IS NOT NULL';`,
      },
    ],
    caughtBy: [tests('stores/matrix/foreign-rows', 'PostgresStore')],
  },
  {
    name: 'sqlite-foreign-rows-are-records',
    flaw: 'A sweep of SQLite removes foreign rows.',
    changes: [
      {
        file: 'lib/stores/sqlite/sqlite-statements.ts',
        replace: `const isRecord = "token GLOB '?*.[0-9]*' AND token NOT GLOB '*.*[^0-9]*'";`,
        by: `const isRecord = 'token IS NOT NULL';`,
      },
    ],
    caughtBy: [tests('stores/matrix/foreign-rows', 'SqliteStore')],
  },
  {
    name: 'dynamodb-claim-over-a-foreign-item',
    flaw: 'A claim overwrites a foreign item in DynamoDB that has a token and has expired.',
    changes: [
      {
        file: 'lib/stores/dynamodb/dynamodb-store.ts',
        replace: '(contains(#t, :d) AND attribute_exists(#s) AND expiresAt <= :n)',
        by: '((contains(#t, :d) OR attribute_exists(#t) OR attribute_exists(#s)) AND expiresAt <= :n)',
      },
    ],
    caughtBy: [specs('stores/dynamodb/wrong-tables')],
  },
  {
    name: 'unfinished-records-expire-to-the-millisecond',
    flaw: 'Each renewal gives its record another expiry, and so writes the index of a table that an earlier version created.',
    changes: [
      {
        file: 'lib/record/instants.ts',
        replace: 'Math.ceil((from + lengthMs) / HOUR_MS) * HOUR_MS',
        by: 'from + lengthMs',
      },
    ],
    caughtBy: [specs('record/unsettled-expiry', 'stores/postgres/hot-updates')],
  },
  {
    name: 'postgres-index-on-the-instant',
    flaw: 'The index of a new table is on the instant at which a record expires, so that each completion writes it.',
    changes: [
      {
        file: 'lib/stores/postgres/postgres-schema.ts',
        replace: "on: '(expires_hour)' },",
        by: "on: '(expires_at)' },",
      },
    ],
    caughtBy: [specs('stores/postgres/hot-updates', 'stores/postgres/sweeping')],
  },
  {
    name: 'postgres-sweep-of-the-whole-hour',
    flaw: 'A sweep removes what expires later within the same hour.',
    changes: [
      {
        file: 'lib/stores/postgres/postgres-statements.ts',
        replace: ' AND held.expires_at <= $2::bigint AND',
        by: ' AND $2::bigint > 0 AND',
      },
    ],
    caughtBy: [specs('stores/postgres/sweeping')],
  },
  {
    name: 'postgres-sweep-only-of-its-own-tables',
    flaw: 'A sweep needs the column that a table of an earlier version does not have.',
    changes: [
      {
        file: 'lib/stores/postgres/postgres-statements.ts',
        replace: '  LATERAL (SELECT held.expires_at AS expires_hour) AS earlier,\n',
        by: '',
      },
    ],
    caughtBy: [specs('stores/postgres/earlier-tables', 'stores/postgres/sweeping')],
  },
  {
    name: 'schema-fails-on-an-earlier-table',
    flaw: 'The statements of a migration fail where an earlier version created the table.',
    changes: [
      {
        file: 'lib/stores/postgres/postgres-schema.ts',
        replace: ' EXCEPTION WHEN undefined_column THEN NULL;',
        by: '',
      },
    ],
    caughtBy: [specs('stores/postgres/earlier-tables')],
  },
  {
    name: 'unknown-fields-are-dropped',
    flaw: 'This version takes no field of a later one for a field, and drops it from what it writes.',
    changes: [
      {
        file: 'lib/record/record.ts',
        replace: 'if (!knownFields.has(name)) return unknownFieldsOf(state);',
        by: 'if (name === undefined) return unknownFieldsOf(state);',
      },
    ],
    caughtBy: [specs('record/unknown-fields')],
  },
  {
    name: 'redis-claim-over-a-foreign-hash',
    flaw: 'A claim overwrites a foreign hash in Redis that has expired in its own way.',
    changes: [
      {
        file: 'lib/stores/redis/redis-scripts.ts',
        replace: 'if fields > 0 and not isRecord then',
        by: 'if fields > 0 and not held[1] then',
      },
    ],
    caughtBy: [specs('stores/redis/faults')],
  },
  {
    name: 'redis-consistent-find-at-a-replica',
    flaw: 'A consistent read in Redis is a plain read, which clients of a cluster send to replicas.',
    changes: [
      {
        file: 'lib/stores/redis/redis-store.ts',
        replace: 'await this.#runToRead(findScript, key)',
        by: "await this.#connection.send(['HMGET', name, 'token', 'expiresAt', 'state'], name)",
      },
    ],
    caughtBy: [specs('stores/redis/round-trips')],
  },
];
