import { addLister } from '../stores/shared/listers.js';

/** Lets all stores of this library list. What lists a kind of store is loaded when one of them is listed for the first time. */
export function addListers(): void {
  addLister('InMemoryStore', async () => (await import('../stores/in-memory/in-memory-listing.js')).lister);
  addLister('DynamoDBStore', async () => (await import('../stores/dynamodb/dynamodb-listing.js')).lister);
  addLister('PostgresStore', async () => (await import('../stores/postgres/postgres-listing.js')).lister);
  addLister('RedisStore', async () => (await import('../stores/redis/redis-listing.js')).lister);
  addLister('SqliteStore', async () => (await import('../stores/sqlite/sqlite-listing.js')).lister);
}
