export type { RemoveExpiredOptions } from '../shared/sql-tables.js';
export type { SqliteDatabase, SqliteStatement } from './sqlite-database.js';
export type { SqliteStoreOptions } from './sqlite-options.js';
export { type SchemaOptions, schema } from './sqlite-schema.js';
export { SqliteStore } from './sqlite-store.js';
