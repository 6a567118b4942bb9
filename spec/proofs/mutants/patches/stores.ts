import { specs } from '../checkers.js';
import type { Mutant } from '../mutant.js';

/** What stores do besides their three steps: limits, sweeping, notices, and what they read back. */
export const stores: readonly Mutant[] = [
  {
    name: 'request-without-an-end',
    flaw: 'A request to DynamoDB that is never answered keeps its socket for ever.',
    changes: [
      {
        file: 'lib/stores/dynamodb/dynamodb-store.ts',
        replace: '() => controller.abort()',
        by: '() => {}',
      },
    ],
    caughtBy: [specs('stores/dynamodb/endless-requests')],
  },
  {
    name: 'earlier-expiry-of-a-replaced-record-unnoticed',
    flaw: 'An outcome in memory stays for as long as the lease in its place would have.',
    changes: [
      {
        file: 'lib/stores/in-memory/in-memory-store.ts',
        replace: `      if (holder?.token !== token) return whole(holder);
      this.#keep(record);`,
        by: `      if (holder?.token !== token) return whole(holder);
      this.#records.set(record.key, record);`,
      },
    ],
    caughtBy: [specs('stores/in-memory/in-memory-store')],
  },
  {
    name: 'expiry-of-what-a-round-passed-forgotten',
    flaw: 'What has not expired when the store in memory checks it stays for ever.',
    changes: [
      {
        file: 'lib/stores/in-memory/in-memory-store.ts',
        replace: 'else if (value.expiresAt < this.#firstOfRound)',
        by: 'else if (this.#firstExpiry < 0)',
      },
    ],
    caughtBy: [specs('stores/in-memory/in-memory-store')],
  },
  {
    name: 'timer-left-behind',
    flaw: 'Each request to DynamoDB leaves a timer behind that was to end it.',
    survivedAtFirst: true,
    changes: [
      {
        file: 'lib/stores/dynamodb/dynamodb-store.ts',
        replace: '        limit.stop();\n      }\n      // The call',
        by: '        // It ends by itself.\n      }\n      // The call',
      },
    ],
    caughtBy: [specs('stores/dynamodb/endless-requests', 'stores/dynamodb/requests')],
  },
  {
    name: 'conflict-taken-for-a-fault',
    flaw: 'A write to DynamoDB that meets a foreign transaction fails the call.',
    changes: [
      {
        file: 'lib/stores/dynamodb/dynamodb-store.ts',
        replace: "if (name !== 'TransactionConflictException' || tries === MOST_CONFLICTS)",
        by: "if (name !== 'TransactionConflictException' || tries === 1)",
      },
    ],
    caughtBy: [specs('stores/dynamodb/transaction-faults', 'stores/dynamodb/faults')],
  },
  {
    name: 'swept-at-its-expiry',
    flaw: 'DynamoDB’s own TTL may remove a record in the second in which it expires, and a delayed claim then finds nothing.',
    changes: [
      {
        file: 'lib/stores/dynamodb/items.ts',
        replace: 'Math.ceil((expiresAt + GRACE_MS) / 1_000)',
        by: 'Math.ceil(expiresAt / 1_000)',
      },
    ],
    caughtBy: [specs('stores/dynamodb/items')],
  },
  {
    name: 'compressed-by-characters',
    flaw: 'A large state of letters beyond ASCII is not compressed, since its characters are counted and not its bytes.',
    changes: [
      {
        file: 'lib/stores/dynamodb/items.ts',
        replace: 'length > compressAbove ?',
        by: 'text.length > compressAbove ?',
      },
    ],
    caughtBy: [specs('stores/dynamodb/items', 'stores/dynamodb/sizes')],
  },
  {
    name: 'rows-swept-early',
    flaw: 'Sweeping a table of SQLite removes records that have only just expired.',
    changes: [
      {
        file: 'lib/stores/sqlite/sqlite-store.ts',
        replace: 'this.#run(this.#using.removeExpired, ...values)',
        by: 'this.#run(this.#using.removeExpired, Date.now(), values[1])',
      },
    ],
    caughtBy: [specs('stores/sqlite/tables')],
  },
  {
    name: 'statements-of-a-closed-handle',
    flaw: 'After a fault of SQLite its statements are used on, though the handle may have been opened again.',
    survivedAtFirst: true,
    changes: [
      {
        file: 'lib/stores/sqlite/sqlite-store.ts',
        replace: '      this.#prepared.clear();\n',
        by: '',
      },
    ],
    caughtBy: [specs('stores/sqlite/faults', 'stores/sqlite/tables')],
  },
  {
    name: 'notices-end-with-the-first',
    flaw: 'Of two calls that wait for one key the second hears nothing any more as soon as the first has left.',
    changes: [
      {
        file: 'lib/stores/shared/notices.ts',
        replace: '        if (listeners.size > 0) return;\n',
        by: '',
      },
    ],
    caughtBy: [specs('engine/waiting/store-notices')],
  },
  {
    name: 'notice-told-twice',
    flaw: 'One notice wakes a waiting call for ever, which then asks the store again and again.',
    changes: [
      {
        file: 'lib/stores/shared/notices.ts',
        replace: '    listener.isDue = false;\n',
        by: '',
      },
    ],
    caughtBy: [specs('engine/waiting/store-notices')],
  },
  {
    name: 'no-second-try-at-listening',
    flaw: 'Where PostgreSQL did not let the store listen once, no later call gets notices.',
    changes: [
      {
        file: 'lib/stores/postgres/postgres-listener.ts',
        replace: '      this.#listening = undefined;\n',
        by: '',
      },
    ],
    caughtBy: [specs('engine/waiting/store-notices', 'stores/postgres/notices')],
  },
  {
    name: 'reconnected-and-silent',
    flaw: 'What was published while Redis’ connection was down is never read.',
    changes: [
      {
        file: 'lib/stores/redis/redis-subscription.ts',
        replace: "if (hasMethod(subscriber, 'on')) subscriber.on('ready', this.#reconnected);",
        by: "if (hasMethod(subscriber, 'on')) subscriber.on('error', () => {});",
      },
    ],
    caughtBy: [specs('stores/redis/notices'), specs('engine/waiting/store-notices')],
  },
  {
    name: 'row-without-an-expiry',
    flaw: 'A row whose expiry cannot be read is taken for a record that has expired, and its work is done again.',
    changes: [
      {
        file: 'lib/stores/shared/stored-record.ts',
        replace:
          "expiresAt === null || expiresAt === undefined || expiresAt === '' ? Number.NaN : Number(expiresAt);",
        by: 'Number(expiresAt);',
      },
    ],
    caughtBy: [specs('stores/sqlite/faults')],
  },
];
