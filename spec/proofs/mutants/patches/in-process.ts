import { contract, specs, tests } from '../checkers.js';
import type { Mutant } from '../mutant.js';

const inMemory = contract('InMemoryStore');
const onSqlite = contract('SqliteStore by');

/** The stores whose steps this process does by itself: in memory, and in SQLite. */
export const inProcess: readonly Mutant[] = [
  {
    name: 'claim-by-read-then-write',
    flaw: 'The in-memory store reads, and writes in a later turn, when another write may have happened.',
    changes: [
      {
        file: 'lib/stores/in-memory/in-memory-store.ts',
        replace: '    return copyOf(this.#steps.claim(copyOf(record), now));',
        by: `    const holder = this.#records.get(record.key);
    await Promise.resolve();
    if (holder && holder.expiresAt > now) return copyOf(holder);
    this.#records.set(record.key, copyOf(record));
    return copyOf(record);`,
      },
    ],
    caughtBy: [inMemory],
  },
  {
    name: 'expired-record-never-freed',
    flaw: 'The in-memory store takes no claim where any record is, an expired one too.',
    changes: [
      {
        file: 'lib/stores/in-memory/in-memory-store.ts',
        replace: 'if (holder && holder.expiresAt > now) return',
        by: 'if (holder) return',
      },
    ],
    caughtBy: [inMemory],
  },
  {
    name: 'replace-without-a-token',
    flaw: 'The in-memory store replaces whatever record is there.',
    changes: [
      {
        file: 'lib/stores/in-memory/in-memory-store.ts',
        replace: 'if (holder?.token !== token) return whole(holder);',
        by: 'if (holder?.token !== token && !holder) return whole(holder);',
      },
    ],
    caughtBy: [inMemory],
  },
  {
    name: 'records-aliased',
    flaw: 'A store keeps and hands out the very objects it was given.',
    changes: [
      {
        file: 'lib/stores/shared/stored-record.ts',
        replace: "state: copyOfJson(state) as IdempotencyRecord['state'] }",
        by: 'state }',
      },
      {
        file: 'lib/stores/shared/stored-record.ts',
        replace: "import { copyOfJson } from '../../values/json/json-copy.js';\n",
        by: '',
      },
    ],
    caughtBy: [inMemory],
  },
  {
    name: 'never-swept',
    flaw: 'Expired records stay in memory until their key is claimed again, most of them for ever.',
    changes: [
      {
        file: 'lib/stores/in-memory/in-memory-store.ts',
        replace: 'if (value.expiresAt <= now) this.#records.delete(value.key);',
        by: 'if (value.expiresAt <= now - Number.POSITIVE_INFINITY) this.#records.delete(value.key);',
      },
    ],
    caughtBy: [tests('stores/in-memory/many-keys.long', 'outcomes of an operation leave after their ttl')],
  },
  {
    name: 'sqlite-claim-after-its-expiry-only',
    flaw: 'A record in SQLite holds its key for a millisecond longer than it says.',
    changes: [
      {
        file: 'lib/stores/sqlite/sqlite-statements.ts',
        replace: 'held.expires_at <= ?',
        by: 'held.expires_at < ?',
      },
    ],
    caughtBy: [onSqlite],
  },
  {
    name: 'sqlite-replace-without-a-token',
    flaw: 'A replace in SQLite puts its record in place of any.',
    changes: [
      {
        file: 'lib/stores/sqlite/sqlite-statements.ts',
        replace: 'WHERE key = ? AND token = ?`',
        by: 'WHERE key = ? AND token <> ? || token`',
      },
    ],
    caughtBy: [onSqlite],
  },
  {
    name: 'sqlite-completion-accepts-itself',
    flaw: 'A completion in SQLite that is there already counts as written by this transaction, which did its work again.',
    changes: [
      {
        file: 'lib/stores/sqlite/sqlite-store.ts',
        replace: '    if (this.#explaining(() => this.#replace(record, token))) return;\n',
        by: `    if (this.#explaining(() => this.#replace(record, token))) return;
    if (this.#find(record.key)?.token === record.token) return;
`,
      },
    ],
    caughtBy: [specs('stores/sqlite/transactions')],
  },
  {
    name: 'sqlite-completion-of-a-lost-claim',
    flaw: 'A completion in SQLite that changes no row lets the transaction commit all the same.',
    changes: [
      {
        file: 'lib/stores/sqlite/sqlite-store.ts',
        replace: 'if (this.#explaining(() => this.#replace(record, token))) return;',
        by: 'if (this.#explaining(() => this.#replace(record, token)) || token) return;',
      },
    ],
    caughtBy: [tests('stores/matrix/application-transactions', 'on SQLite by')],
  },
  {
    name: 'sqlite-claim-inside-a-transaction',
    flaw: 'What SQLite keeps for a call becomes part of the transaction that is open, and is rolled back with it.',
    changes: [
      {
        file: 'lib/stores/sqlite/sqlite-store.ts',
        replace: 'if (!isInTransaction(this.#database)) return this.#explaining(step);',
        by: 'if (this.#database) return this.#explaining(step);',
      },
    ],
    caughtBy: [specs('stores/sqlite/shared-handle')],
  },
  {
    name: 'sql-name-not-quoted',
    flaw: 'The name of a table can end its identifier, and begin a statement.',
    changes: [
      {
        file: 'lib/stores/shared/sql-tables.ts',
        replace: `name.replaceAll('"', '""')`,
        by: 'name',
      },
    ],
    caughtBy: [specs('stores/sqlite/tables')],
  },
  {
    name: 'notice-lost-between-two-asks',
    flaw: 'A store’s notice reaches only those who listen in that very moment.',
    changes: [
      {
        file: 'lib/stores/shared/notices.ts',
        replace: '  listener.isDue = true;\n  listener.wake();',
        by: '  listener.wake();',
      },
      {
        file: 'lib/stores/shared/notices.ts',
        replace: 'while (!listener.isDue && !listener.fault && !signal.aborted) {',
        by: 'for (let isWoken = false; !isWoken && !listener.fault && !signal.aborted; isWoken = true) {',
      },
    ],
    caughtBy: [specs('engine/waiting/store-notices')],
  },
];
