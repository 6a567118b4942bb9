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
  const runner = new Role(stack, 'Runner', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
  idempotencyTable(stack, runner);
  const template = Template.fromStack(stack).toJSON();
  assert.deepEqual(onlyTable(template), table);
  ok('the CDK construct creates the table of tableDefinition()');
  const policy = Object.values(template.Resources).find(({ Type }) => Type === 'AWS::IAM::Policy');
  assert.deepEqual(
    policy.Properties.PolicyDocument.Statement.map(({ Action }) => Action),
    [actions],
  );
  ok('the CDK construct grants what the policy of the document allows');

  const { resource } = await parseHcl('table.tf', readFileSync('table.tf', 'utf8'));
  assert.deepEqual(resource.aws_dynamodb_table.idempotency, [
    {
      name: table.TableName,
      billing_mode: table.BillingMode,
      hash_key: table.KeySchema[0].AttributeName,
      attribute: [{ name: 'id', type: table.AttributeDefinitions[0].AttributeType }],
      ttl: [{ attribute_name: table.TimeToLiveSpecification.AttributeName, enabled: true }],
      point_in_time_recovery: [{ enabled: true }],
    },
  ]);
  ok('the Terraform resource creates the table of tableDefinition()');

  const { Statement } = JSON.parse(readFileSync('policy.json', 'utf8'));
  assert.deepEqual(
    Statement.map(({ Action }) => Action),
    [actions],
  );
  ok('the policy allows these two actions and no other');
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
