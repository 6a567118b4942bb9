import { readFileSync } from 'node:fs';
import {
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  type DynamoDBClient,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import { expect } from 'chai';
import { currentExecution, recordOf } from 'retrysafe';
import { DynamoDBStore, type DynamoDBTableOptions, tableDefinition } from 'retrysafe/dynamodb';
import { parse } from 'yaml';
import { defer } from '../../support/defer.js';
import { deployable } from '../../support/deployment.js';
import { useDynamoDB } from '../../support/dynamodb.js';
import { SentCommands } from '../../support/dynamodb-commands.js';

const document = readFileSync(new URL('../../../../docs/stores/dynamodb.md', import.meta.url), 'utf8');

/** The one code block of that language in the document that has the text in it. */
function block(language: string, text: string): string {
  const blocks = [...document.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))]
    .map(([, code]) => code ?? '')
    .filter((code) => code.includes(text));
  expect(blocks, `blocks of ${language} with ${text} in docs/stores/dynamodb.md`).to.have.length(1);
  return blocks[0] ?? '';
}

const schema = (...names: string[]) =>
  names.map((AttributeName, index) => ({ AttributeName, KeyType: index ? 'RANGE' : 'HASH' }));

const keys = (...names: string[]) => ({
  AttributeDefinitions: [...names, 'unresolved'].map((AttributeName) => ({
    AttributeName,
    AttributeType: 'S',
  })),
  KeySchema: schema(...names),
});

const index = (ofKey: string) => ({
  GlobalSecondaryIndexes: [
    {
      IndexName: 'unresolved',
      KeySchema: schema('unresolved', ofKey),
      Projection: { ProjectionType: 'ALL' },
    },
  ],
});

describe('the definition of a table', () => {
  const tableName = 'idempotency';

  it('is a string key `id`, paid per request, an index of unresolved records, and TTL on `expiration`', () => {
    expect(tableDefinition({ tableName })).to.deep.equal({
      createTable: { TableName: tableName, BillingMode: 'PAY_PER_REQUEST', ...keys('id'), ...index('id') },
      updateTimeToLive: {
        TableName: tableName,
        TimeToLiveSpecification: { AttributeName: 'expiration', Enabled: true },
      },
    });
  });

  it('has the names that the options of the store give', () => {
    const { createTable, updateTimeToLive } = tableDefinition({
      tableName,
      keyAttribute: 'pk',
      sortKeyAttribute: 'sk',
      ttlAttribute: 'expiresOn',
    });
    expect(createTable).to.deep.include({ ...keys('pk', 'sk'), ...index('sk') });
    expect(updateTimeToLive.TimeToLiveSpecification).to.deep.equal({
      AttributeName: 'expiresOn',
      Enabled: true,
    });
  });

  it('has the index and its attribute by the name that an option gives', () => {
    const { createTable } = tableDefinition({ tableName, unresolvedAttribute: 'to-do' });
    expect(JSON.stringify(createTable)).to.include('"IndexName":"to-do"').and.not.include('unresolved');
  });

  it('takes the very options of the store', () => {
    const options = {
      client: { send() {} } as never,
      tableName,
      sortKeyAttribute: 'sk',
      partitionKey: 'one',
      indexInProgress: true,
    };
    new DynamoDBStore(options);
    expect(tableDefinition(options)).to.deep.equal(tableDefinition({ tableName, sortKeyAttribute: 'sk' }));
  });

  it('is a new one each time, to be changed as one likes', () => {
    tableDefinition({ tableName }).createTable.BillingMode = 'PROVISIONED';
    expect(tableDefinition({ tableName }).createTable.BillingMode).to.equal('PAY_PER_REQUEST');
  });

  describe('on an engine', () => {
    const dynamoDB = useDynamoDB();
    let client: DynamoDBClient;

    before(() => {
      client = dynamoDB.client();
    });

    for (const [what, options, expected] of [
      ['the defaults', {}, { keys: ['id'], ttl: 'expiration' }],
      [
        'names of its own',
        { keyAttribute: 'pk', sortKeyAttribute: 'sk', ttlAttribute: 'expiresOn' },
        { keys: ['pk', 'sk'], ttl: 'expiresOn' },
      ],
    ] as [string, Partial<DynamoDBTableOptions>, { keys: string[]; ttl: string }][]) {
      it(`makes a table with ${what}, whose TTL is on`, async () => {
        const TableName = await dynamoDB.createTable(options);
        const { Table } = await client.send(new DescribeTableCommand({ TableName }));
        expect(Table?.KeySchema).to.deep.equal(keys(...expected.keys).KeySchema);
        expect(Table?.AttributeDefinitions).to.have.deep.members(keys(...expected.keys).AttributeDefinitions);
        expect(Table?.GlobalSecondaryIndexes?.map(({ KeySchema }) => KeySchema)).to.deep.equal([
          schema('unresolved', expected.keys.at(-1) as string),
        ]);
        expect(Table?.BillingModeSummary?.BillingMode).to.equal('PAY_PER_REQUEST');
        const { TimeToLiveDescription } = await client.send(new DescribeTimeToLiveCommand({ TableName }));
        expect(TimeToLiveDescription?.TimeToLiveStatus).to.be.oneOf(['ENABLED', 'ENABLING']);
        expect(TimeToLiveDescription?.AttributeName).to.equal(expected.ttl);
      });
    }

    it('needs no more permissions than the documented policy has, and no fewer', async () => {
      const TableName = await dynamoDB.createTable();
      const sent = await everyCommand(dynamoDB.client(), TableName);
      expect([...sent]).to.have.members(['GetItem', 'PutItem', 'TransactWriteItems']);
      // A transaction needs the permissions of its items: here those of a Put.
      sent.delete('TransactWriteItems');
      const { Statement } = JSON.parse(block('json', 'dynamodb:PutItem'));
      expect(Statement).to.have.length(1);
      expect(Statement[0]).to.include({ Effect: 'Allow' });
      expect(Statement[0].Resource).to.match(/^arn:aws:dynamodb:[^*]*:table\/idempotency$/);
      expect(Statement[0].Action).to.have.members([...sent].map((command) => `dynamodb:${command}`));
    });

    it('needs the permissions of the other documented policy where records are listed, and no others', async () => {
      const TableName = await dynamoDB.createTable();
      const own = dynamoDB.client();
      const commands = new SentCommands(own);
      const store = new DynamoDBStore({ client: own, tableName: TableName });
      await store.planRecords({});
      await store.records({});
      await store.records({ status: 'unknown' });
      const sent = new Set(commands.take().map((command) => `dynamodb:${command.split(' ')[0]}`));
      const { Statement } = JSON.parse(block('json', 'dynamodb:Scan'));
      expect(Statement[0].Action).to.have.members([...sent]);
      expect(Statement[0].Resource).to.have.length(2);
      expect(Statement[0].Resource[1]).to.equal(`${Statement[0].Resource[0]}/index/*`);
    });
  });

  // CDK and Terraform: in the consumer project `infrastructure`, which has their own compilers.
  describe('in docs/stores/dynamodb.md', () => {
    const { createTable, updateTimeToLive } = tableDefinition({ tableName });
    const ttl = updateTimeToLive.TimeToLiveSpecification;

    it('is the same for SAM and CloudFormation', () => {
      const { Resources } = parse(block('yaml', 'AWS::DynamoDB::Table'));
      const [resource, ...more] = Object.values(Resources) as { Type: string; Properties: object }[];
      expect(more).to.deep.equal([]);
      expect(resource?.Type).to.equal('AWS::DynamoDB::Table');
      expect(resource?.Properties).to.deep.equal({
        ...createTable,
        TimeToLiveSpecification: ttl,
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      });
    });
  });
});

/** What is sent when calls end in each way that there is. */
async function everyCommand(client: DynamoDBClient, tableName: string): Promise<Set<string>> {
  const commands = new SentCommands(client);
  const peer = () => new DynamoDBStore({ client, tableName });
  const operation = deployable({ lease: '1500ms', readFirst: true });
  const work = defer<string>();
  const running = operation(peer(), () => work.promise)('a');
  // The claim, and a renewal.
  await commands.sent('PutItem', 2);
  const waiting = operation(peer(), async () => expect.fail('the method ran'))('a');
  // Both looked before they claimed, and this is a look while waiting.
  await commands.sent('GetItem eventual', 3);
  work.resolve('done');
  await Promise.all([running, waiting]);

  await operation(peer(), async () => Promise.reject(new Error('released')))('b').catch(() => {});
  const taker = operation(peer(), async () => {
    const completion = await currentExecution().completion('done');
    await client.send(new TransactWriteItemsCommand({ TransactItems: [peer().transactItem(completion)] }));
    return 'done';
  });
  await taker('b');
  expect(await recordOf(taker, 'b').inspect()).to.include({ status: 'completed', attempt: 2 });
  await recordOf(taker, 'b').forget();
  return new Set(commands.take().map((command) => command.split(' ')[0] ?? ''));
}
