export type { RemoveExpiredOptions } from '../sql-tables.js';
export type { PostgresClient } from './client.js';
export type { ChannelListener, PgListener, PostgresListener } from './listener.js';
export type { PostgresStoreOptions } from './options.js';
export { schema } from './schema.js';
export { PostgresStore } from './store.js';
