import type {
  CreateTableCommandInput,
  KeySchemaElement,
  UpdateTimeToLiveCommandInput,
} from '@aws-sdk/client-dynamodb';
import { checkTableOptions, type DynamoDBTableOptions, UNRESOLVED } from './dynamodb-options.js';

/** What creates a table: the input of a `CreateTableCommand`, and the input of an `UpdateTimeToLiveCommand` after it. */
export interface TableDefinition {
  readonly createTable: CreateTableCommandInput;
  readonly updateTimeToLive: UpdateTimeToLiveCommandInput;
}

/**
 * Describes the table that a `DynamoDBStore` with the same options uses: on-demand, with TTL enabled, and with an index that has the records
 * whose outcome is unknown.
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
    unresolvedAttribute = UNRESOLVED,
  } = options;
  const keys = [keyAttribute, ...(sortKeyAttribute === undefined ? [] : [sortKeyAttribute])];
  return {
    createTable: {
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [...keys, unresolvedAttribute].map((AttributeName) => ({
        AttributeName,
        AttributeType: 'S',
      })),
      KeySchema: keySchema(...keys),
      GlobalSecondaryIndexes: [
        {
          IndexName: unresolvedAttribute,
          KeySchema: keySchema(unresolvedAttribute, sortKeyAttribute ?? keyAttribute),
          Projection: { ProjectionType: 'ALL' },
        },
      ],
    },
    updateTimeToLive: {
      TableName,
      TimeToLiveSpecification: { AttributeName: ttlAttribute, Enabled: true },
    },
  };
}

function keySchema(...names: readonly string[]): KeySchemaElement[] {
  return names.map((AttributeName, index) => ({ AttributeName, KeyType: index === 0 ? 'HASH' : 'RANGE' }));
}
