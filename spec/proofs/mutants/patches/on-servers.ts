// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what is replaced is source text
import { contract, specs, tests } from '../checkers.js';
import type { Mutant } from '../mutant.js';

const onDynamoDB = contract('DynamoDBStore on dynoxide');
const onRedis = contract('RedisStore by ioredis');
const onPostgres = contract('PostgresStore by a pool of pg');

/** The stores whose steps a server does: DynamoDB, Redis and PostgreSQL. */
export const onServers: readonly Mutant[] = [
  {
    name: 'dynamodb-claim-by-read-then-write',
    flaw: 'A claim in DynamoDB reads whether the key is free, and then writes without a condition.',
    changes: [
      {
        file: 'lib/stores/dynamodb/dynamodb-store.ts',
        replace: '    for (let tries = 1; tries <= MOST_VANISHED_HOLDERS; tries += 1) {',
        by: `    const seen = await this.find(record.key, { consistent: true });
    if (seen && seen.expiresAt > now) return seen;
    await this.#client.send(new PutItemCommand({ TableName: tableName, Item: this.#items.itemOf(record) }));
    if (record.token) return structuredClone(record);
    for (let tries = 1; tries <= MOST_VANISHED_HOLDERS; tries += 1) {`,
      },
    ],
    caughtBy: [onDynamoDB],
  },
  {
    name: 'dynamodb-expired-record-never-freed',
    flaw: 'A claim in DynamoDB takes a key only where no item is, and DynamoDB’s own TTL may take days.',
    changes: [
      {
        file: 'lib/stores/dynamodb/dynamodb-store.ts',
        replace: 'attribute_exists(#s) AND expiresAt <= :n',
        by: 'attribute_not_exists(#s) AND expiresAt <= :n',
      },
    ],
    caughtBy: [onDynamoDB],
  },
  {
    name: 'dynamodb-replace-without-a-token',
    flaw: 'A replace in DynamoDB needs an item to be there, whichever.',
    changes: [
      {
        file: 'lib/stores/dynamodb/dynamodb-store.ts',
        replace: "ConditionExpression: '#t = :t',",
        by: "ConditionExpression: '#t = :t OR #t <> :t',",
      },
    ],
    caughtBy: [onDynamoDB],
  },
  {
    name: 'dynamodb-completion-accepts-itself',
    flaw: 'A transaction in DynamoDB that is repeated after its answer was lost does its work twice.',
    changes: [
      {
        file: 'lib/stores/dynamodb/dynamodb-store.ts',
        replace: '    return { Put: this.#write(record, bears(token)) };',
        by: `    return {
      Put: this.#write(record, {
        ConditionExpression: '#token IN (:token, :own)',
        ExpressionAttributeNames: { '#token': 'token' },
        ExpressionAttributeValues: { ':token': { S: token }, ':own': { S: record.token } },
      }),
    };`,
      },
    ],
    caughtBy: [
      tests('stores/dynamodb/transaction-faults', 'does its business once where the method repeats it'),
    ],
  },
  {
    name: 'dynamodb-removed-at-its-expiry',
    flaw: 'DynamoDB may remove an item as soon as it expired, so that a claim which was delayed finds a free key.',
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
    name: 'dynamodb-other-sort-key-read',
    flaw: 'In a table without the sort key that the options name, one key gets another’s outcome.',
    changes: [
      {
        file: 'lib/stores/dynamodb/items.ts',
        replace: 'if (sortKeyAttribute !== undefined && item[',
        by: "if (sortKeyAttribute === '' && item[",
      },
    ],
    caughtBy: [specs('stores/dynamodb/wrong-tables', 'stores/dynamodb/sort-key-tables')],
  },
  {
    name: 'dynamodb-consistent-find-is-not',
    flaw: 'A read that must be consistent goes to any replica of DynamoDB.',
    changes: [
      {
        file: 'lib/stores/dynamodb/dynamodb-store.ts',
        replace: 'ConsistentRead: consistent }',
        by: 'ConsistentRead: consistent && false }',
      },
    ],
    caughtBy: [specs('stores/dynamodb/requests')],
  },
  {
    name: 'redis-claim-in-two-steps',
    flaw: 'A claim in Redis reads in one round trip and writes in another.',
    changes: [
      {
        file: 'lib/stores/redis/redis-store.ts',
        replace: '    return (await this.#write(claimScript, record, [String(now)])) as IdempotencyRecord;',
        by: `    const seen = await this.find(record.key, { consistent: true });
    if (seen && seen.expiresAt > now) return seen;
    const ever = String(Number.MAX_SAFE_INTEGER);
    return (await this.#write(claimScript, record, [ever])) as IdempotencyRecord;`,
      },
    ],
    caughtBy: [onRedis],
  },
  {
    name: 'redis-replace-without-a-token',
    flaw: 'A replace in Redis writes where any record is.',
    changes: [
      {
        file: 'lib/stores/redis/redis-scripts.ts',
        replace: 'if held[1] ~= ARGV[5] then',
        by: 'if not held[1] then',
      },
    ],
    caughtBy: [onRedis],
  },
  {
    name: 'redis-replace-brings-back',
    flaw: 'A replace in Redis writes where nothing is any more.',
    changes: [
      {
        file: 'lib/stores/redis/redis-scripts.ts',
        replace: 'if held[1] ~= ARGV[5] then',
        by: 'if held[1] and held[1] ~= ARGV[5] then',
      },
    ],
    caughtBy: [onRedis],
  },
  {
    name: 'redis-removed-at-its-expiry',
    flaw: 'Redis removes a record when it expires, so that a claim which was delayed finds a free key.',
    changes: [
      {
        file: 'lib/stores/redis/redis-store.ts',
        replace: 'Math.max(0, expiresAt - Date.now()) + GRACE_MS;',
        by: 'Math.max(1, expiresAt - Date.now());',
      },
    ],
    caughtBy: [specs('stores/redis/expiry')],
  },
  {
    name: 'postgres-claim-by-read-then-write',
    flaw: 'A claim in PostgreSQL selects, and then writes over what may have come since.',
    changes: [
      {
        file: 'lib/stores/postgres/postgres-store.ts',
        replace: `    const written = this.#valuesOf(record);
    const values = [record.key, ...written, ...written.map(() => now)];`,
        by: `    const seen = await this.find(record.key);
    if (seen && seen.expiresAt > now) return seen;
    const written = this.#valuesOf(record);
    const values = [record.key, ...written, ...written.map(() => Number.MAX_SAFE_INTEGER)];`,
      },
    ],
    caughtBy: [onPostgres],
  },
  {
    name: 'postgres-loser-writes-its-state',
    flaw: 'A claim in PostgreSQL that loses leaves the holder’s token, and its own state.',
    changes: [
      {
        file: 'lib/stores/postgres/postgres-statements.ts',
        replace: 'THEN excluded.${name} ELSE held.${name} END',
        by: "THEN excluded.${name} ELSE ${name === 'state' ? 'excluded' : 'held'}.${name} END",
      },
    ],
    caughtBy: [onPostgres],
  },
  {
    name: 'postgres-completion-accepts-itself',
    flaw: 'A completion in PostgreSQL that is there already counts as written by this transaction, which did its work again.',
    changes: [
      {
        file: 'lib/stores/postgres/postgres-statements.ts',
        replace: 'AND held.token = next.follows\nRETURNING',
        by: 'AND held.token IN (next.follows, next.token)\nRETURNING',
      },
    ],
    caughtBy: [tests('stores/matrix/transaction-faults', 'on PostgreSQL after it committed')],
  },
  {
    name: 'postgres-completion-of-a-lost-claim',
    flaw: 'A completion in PostgreSQL that changes no row lets the transaction commit all the same.',
    changes: [
      {
        file: 'lib/stores/postgres/postgres-store.ts',
        replace: 'if (rows.length > 0) return;',
        by: 'if (rows.length >= 0) return;',
      },
    ],
    caughtBy: [tests('stores/matrix/application-transactions', 'on PostgreSQL whose claim is lost')],
  },
  {
    name: 'postgres-swept-at-its-expiry',
    flaw: 'A sweep of PostgreSQL removes what expired just now, so that a claim which was delayed finds a free key.',
    changes: [
      {
        file: 'lib/stores/postgres/postgres-store.ts',
        replace: "sweepValues('PostgresStore', options)",
        by: "[Date.now(), sweepValues('PostgresStore', options)[1]]",
      },
    ],
    caughtBy: [specs('stores/postgres/sweeping')],
  },
];
