export type { SqliteDatabase, SqliteStatement } from './database.js';
export type { RemoveExpiredOptions, SqliteStoreOptions } from './options.js';
export { schema } from './schema.js';
export { SqliteStore } from './store.js';
