import type { TableDefinition } from '../stores/dynamodb/table-definition.js';

/** The languages in which infrastructure is described. */
export const templates = {
  json: (definition: TableDefinition) => JSON.stringify(definition, null, 2),
  cloudformation: cloudFormation,
  cdk,
  terraform,
} as const;

export type TemplateName = keyof typeof templates;

/** What a table and its index have, read from its definition. */
interface Facts {
  readonly table: string;
  readonly attributes: readonly string[];
  readonly keys: readonly string[];
  readonly index: { readonly name: string; readonly keys: readonly string[] };
  readonly ttl: string;
}

function factsOf({ createTable, updateTimeToLive }: TableDefinition): Facts {
  const {
    TableName = '',
    AttributeDefinitions = [],
    KeySchema = [],
    GlobalSecondaryIndexes = [],
  } = createTable;
  const [index] = GlobalSecondaryIndexes;
  const names = (list: readonly { readonly AttributeName?: string | undefined }[]) =>
    list.map(({ AttributeName = '' }) => AttributeName);
  return {
    table: TableName,
    attributes: names(AttributeDefinitions),
    keys: names(KeySchema),
    index: { name: index?.IndexName ?? '', keys: names(index?.KeySchema ?? []) },
    ttl: updateTimeToLive.TimeToLiveSpecification?.AttributeName ?? '',
  };
}

const KEY_TYPES = ['HASH', 'RANGE'];

function cloudFormation(definition: TableDefinition): string {
  const { table, attributes, keys, index, ttl } = factsOf(definition);
  const schema = (names: readonly string[]) =>
    names.map((name, at) => `{ AttributeName: ${inYaml(name)}, KeyType: ${KEY_TYPES[at]} }`).join(', ');
  return `AWSTemplateFormatVersion: '2010-09-09'
Resources:
  IdempotencyTable:
    Type: AWS::DynamoDB::Table
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    Properties:
      TableName: ${inYaml(table)}
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [${attributes.map((name) => `{ AttributeName: ${inYaml(name)}, AttributeType: S }`).join(', ')}]
      KeySchema: [${schema(keys)}]
      GlobalSecondaryIndexes:
        - IndexName: ${inYaml(index.name)}
          KeySchema: [${schema(index.keys)}]
          Projection: { ProjectionType: ALL }
      TimeToLiveSpecification: { AttributeName: ${inYaml(ttl)}, Enabled: true }
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true }`;
}

/** A text that YAML would take for something else stands in quotation marks. */
function inYaml(text: string): string {
  const isPlain = /^[A-Za-z][\w.-]*$/.test(text) && !/^(y|yes|n|no|on|off|true|false|null)$/i.test(text);
  return isPlain ? text : JSON.stringify(text);
}

function cdk(definition: TableDefinition): string {
  const { table, keys, index, ttl } = factsOf(definition);
  const text = (value: string) => `'${value.replaceAll(/['\\]/g, '\\$&')}'`;
  const key = (name: string | undefined) => `{ name: ${text(name ?? '')}, type: AttributeType.STRING }`;
  const [partition, sort] = keys;
  const sortKey = sort === undefined ? '' : `\n    sortKey: ${key(sort)},`;
  return `import type { Stack } from 'aws-cdk-lib';
import { AttributeType, BillingMode, Table } from 'aws-cdk-lib/aws-dynamodb';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';

export function idempotencyTable(stack: Stack, runner: IGrantable, operator: IGrantable) {
  const table = new Table(stack, 'IdempotencyTable', { // kept when the stack goes, unless removalPolicy says otherwise
    tableName: ${text(table)},
    partitionKey: ${key(partition)},${sortKey}
    billingMode: BillingMode.PAY_PER_REQUEST,
    timeToLiveAttribute: ${text(ttl)},
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
  });
  table.addGlobalSecondaryIndex({
    indexName: ${text(index.name)},
    partitionKey: ${key(index.keys[0])},
    sortKey: ${key(index.keys[1])},
  });
  table.grant(runner, 'dynamodb:GetItem', 'dynamodb:PutItem');
  table.grant(operator, 'dynamodb:Query', 'dynamodb:Scan', 'dynamodb:DescribeTable'); // to list records
}`;
}

function terraform(definition: TableDefinition): string {
  const { table, attributes, keys, index, ttl } = factsOf(definition);
  const quoted = (value: string | undefined) =>
    `"${(value ?? '').replaceAll(/["\\]/g, '\\$&').replaceAll(/[$%](?=\{)/g, '$&$&')}"`;
  const range = keys[1] === undefined ? '' : `\n  range_key    = ${quoted(keys[1])}`;
  return `resource "aws_dynamodb_table" "idempotency" {
  name         = ${quoted(table)}
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = ${quoted(keys[0])}${range}
${attributes.map((name) => `  attribute {\n    name = ${quoted(name)}\n    type = "S"\n  }`).join('\n')}
  global_secondary_index {
    name            = ${quoted(index.name)}
    hash_key        = ${quoted(index.keys[0])}
    range_key       = ${quoted(index.keys[1])}
    projection_type = "ALL"
  }
  ttl {
    attribute_name = ${quoted(ttl)}
    enabled        = true
  }
  point_in_time_recovery { enabled = true }
}`;
}
