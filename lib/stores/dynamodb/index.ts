export type { DynamoDBStoreOptions, DynamoDBTableOptions } from './dynamodb-options.js';
export { DynamoDBStore } from './dynamodb-store.js';
export { type TableDefinition, tableDefinition } from './table-definition.js';
