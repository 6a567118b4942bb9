import { onDynalite, onDynoxide } from './dynamodb-processes.js';
import { inMemory } from './in-memory-processes.js';
import { onPGlite, onPostgres } from './postgres-processes.js';
import type { StoreLine } from './processes.js';
import { byGlide, byIORedis, byNodeRedis } from './redis-processes.js';
import { onSqlite } from './sqlite-processes.js';

/** Every store, by one kind of client. */
export const storeLines: readonly StoreLine[] = [
  { title: 'InMemoryStore', use: inMemory },
  { title: 'DynamoDBStore on dynoxide', use: onDynoxide },
  { title: 'RedisStore by ioredis', use: byIORedis },
  { title: 'PostgresStore by a pool of pg', use: onPostgres },
  { title: 'SqliteStore by node:sqlite', use: () => onSqlite('node:sqlite') },
  { title: 'SqliteStore by better-sqlite3', use: () => onSqlite('better-sqlite3') },
];

/** The same stores on other engines and by the other kinds of clients that they know. */
export const otherLines: readonly StoreLine[] = [
  { title: 'DynamoDBStore on dynalite', use: onDynalite },
  { title: 'RedisStore by node-redis', use: byNodeRedis },
  { title: 'RedisStore by Valkey GLIDE', use: byGlide },
  { title: 'PostgresStore on PGlite', use: onPGlite },
];
