export type { RemoveExpiredOptions } from '../sql-tables.js';
export type { SqliteDatabase, SqliteStatement } from './database.js';
export type { SqliteStoreOptions } from './options.js';
export { schema } from './schema.js';
export { SqliteStore } from './store.js';
