const assert = require('node:assert/strict');
const { readFileSync } = require('node:fs');
const { parse: parseHcl } = require('@cdktf/hcl2json');
const { App, Stack } = require('aws-cdk-lib');
const { Template } = require('aws-cdk-lib/assertions');
const { Role, ServicePrincipal } = require('aws-cdk-lib/aws-iam');
const { tableDefinition } = require('retrysafe/dynamodb');
const yaml = require('yaml');
const { idempotencyTable } = require('./table.js');

const { createTable, updateTimeToLive } = tableDefinition({ tableName: 'idempotency' });
const table = {
  ...createTable,
  TimeToLiveSpecification: updateTimeToLive.TimeToLiveSpecification,
  PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
};
const actions = ['dynamodb:GetItem', 'dynamodb:PutItem'];
const listingActions = ['dynamodb:Query', 'dynamodb:Scan', 'dynamodb:DescribeTable'];

function ok(title) {
  console.log(`ok ${title}`);
}

function onlyTable({ Resources }) {
  const tables = Object.values(Resources).filter(({ Type }) => Type === 'AWS::DynamoDB::Table');
  assert.equal(tables.length, 1);
  assert.equal(tables[0].DeletionPolicy, 'Retain');
  return tables[0].Properties;
}

async function main() {
  assert.deepEqual(onlyTable(yaml.parse(readFileSync('table.yaml', 'utf8'))), table);
  ok('the CloudFormation template creates the table of tableDefinition()');

  const stack = new Stack(new App(), 'Service');
  const roles = ['Runner', 'Operator'].map(
    (name) => new Role(stack, name, { assumedBy: new ServicePrincipal('lambda.amazonaws.com') }),
  );
  idempotencyTable(stack, ...roles);
  const template = Template.fromStack(stack).toJSON();
  assert.deepEqual(onlyTable(template), table);
  ok('the CDK construct creates the table of tableDefinition()');
  const policies = Object.values(template.Resources).filter(({ Type }) => Type === 'AWS::IAM::Policy');
  assert.deepEqual(
    policies.map(({ Properties }) => Properties.PolicyDocument.Statement.map(({ Action }) => Action)),
    [[actions], [listingActions]],
  );
  ok('the CDK construct grants what the policies of the document allow');

  const { resource } = await parseHcl('table.tf', readFileSync('table.tf', 'utf8'));
  assert.deepEqual(resource.aws_dynamodb_table.idempotency, [
    {
      name: table.TableName,
      billing_mode: table.BillingMode,
      hash_key: table.KeySchema[0].AttributeName,
      attribute: table.AttributeDefinitions.map(({ AttributeName, AttributeType }) => ({
        name: AttributeName,
        type: AttributeType,
      })),
      global_secondary_index: table.GlobalSecondaryIndexes.map(({ IndexName, KeySchema, Projection }) => ({
        name: IndexName,
        hash_key: KeySchema[0].AttributeName,
        range_key: KeySchema[1].AttributeName,
        projection_type: Projection.ProjectionType,
      })),
      ttl: [{ attribute_name: table.TimeToLiveSpecification.AttributeName, enabled: true }],
      point_in_time_recovery: [{ enabled: true }],
    },
  ]);
  ok('the Terraform resource creates the table of tableDefinition()');

  for (const [file, allowed] of [
    ['policy.json', actions],
    ['listing-policy.json', listingActions],
  ]) {
    const { Statement } = JSON.parse(readFileSync(file, 'utf8'));
    assert.deepEqual(
      Statement.map(({ Action }) => Action),
      [allowed],
    );
  }
  ok('each policy allows these actions and no other');
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
