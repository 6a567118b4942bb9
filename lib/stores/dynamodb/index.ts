export type { DynamoDBStoreOptions, DynamoDBTableOptions } from './options.js';
export { DynamoDBStore } from './store.js';
export { type TableDefinition, tableDefinition } from './table-definition.js';
