import type { CreateTableCommandInput, UpdateTimeToLiveCommandInput } from '@aws-sdk/client-dynamodb';
import { checkTableOptions, type DynamoDBTableOptions } from './dynamodb-options.js';

/** What creates a table: the input of a `CreateTableCommand`, and the input of an `UpdateTimeToLiveCommand` after it. */
export interface TableDefinition {
  readonly createTable: CreateTableCommandInput;
  readonly updateTimeToLive: UpdateTimeToLiveCommandInput;
}

/**
 * Describes the table that a `DynamoDBStore` with the same options uses: on-demand, with TTL enabled.
 *
 * @throws {ConfigurationError} for a wrong option.
 */
export function tableDefinition(options: DynamoDBTableOptions): TableDefinition {
  checkTableOptions(options);
  const {
    tableName: TableName,
    keyAttribute = 'id',
    ttlAttribute = 'expiration',
    sortKeyAttribute,
  } = options;
  const keys = [keyAttribute, ...(sortKeyAttribute === undefined ? [] : [sortKeyAttribute])];
  return {
    createTable: {
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: keys.map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
      KeySchema: keys.map((AttributeName, index) => ({
        AttributeName,
        KeyType: index === 0 ? 'HASH' : 'RANGE',
      })),
    },
    updateTimeToLive: {
      TableName,
      TimeToLiveSpecification: { AttributeName: ttlAttribute, Enabled: true },
    },
  };
}
