import { installedPackage } from '../installed-package.js';
import { advice, clockFinding, type Finding, ok, orProblem, problem } from './finding.js';
import type { DynamoDBParts as Parts } from './parts.js';

// biome-ignore lint/suspicious/noExplicitAny: commands of the SDK, which is a peer
type Sdk = any;

const LISTING = 'dynamodb:Query';
const DEFINITION = 'create a table as `retrysafe schema dynamodb` says';

/** Examines the table of a `DynamoDBStore`. Of the response it reads the header `Date`, which has seconds. */
export async function examineDynamoDB(parts: Parts): Promise<readonly Finding[]> {
  const { exports: sdk } = await installedPackage(['@aws-sdk/client-dynamodb'], 'a store of DynamoDB');
  const table = await orProblem('table', 'allow dynamodb:DescribeTable, or look at the table by hand', () =>
    tableOf(sdk, parts),
  );
  if (table.some(({ found }) => found.startsWith('there is no table'))) return table;
  return [
    ...table,
    ...(await orProblem('TTL', 'allow dynamodb:DescribeTimeToLive, or look at it by hand', () =>
      ttlOf(sdk, parts),
    )),
    ...(await permissionsOf(sdk, parts)),
    ...(await orProblem('clock', 'see the fault', () => clockFinding(() => timeOf(sdk, parts), 1_000))),
  ];
}

async function tableOf(sdk: Sdk, parts: Parts): Promise<readonly Finding[]> {
  const {
    client,
    tableName,
    keyAttribute = 'id',
    sortKeyAttribute,
    unresolvedAttribute = 'unresolved',
  } = parts;
  const described: Sdk = await client
    .send(new sdk.DescribeTableCommand({ TableName: tableName }))
    .catch((fault: { readonly name?: string }) => {
      if (fault?.name === 'ResourceNotFoundException') return undefined;
      throw fault;
    });
  if (!described)
    return [
      problem('table', `there is no table "${tableName}" in the client's account and region`, DEFINITION),
    ];
  const { KeySchema = [], TableStatus, GlobalSecondaryIndexes = [] } = described.Table ?? {};
  const keys = KeySchema.map(({ AttributeName }: { AttributeName?: string }) => AttributeName).join(', ');
  const expected = [keyAttribute, ...(sortKeyAttribute === undefined ? [] : [sortKeyAttribute])].join(', ');
  const index = GlobalSecondaryIndexes.find(
    ({ IndexName }: { IndexName?: string }) => IndexName === unresolvedAttribute,
  );
  return [
    keys === expected
      ? ok('table', `"${tableName}" is ${String(TableStatus).toLowerCase()}, with the key ${keys}`)
      : problem('table', `"${tableName}" has the key ${keys}, and the options say ${expected}`, DEFINITION),
    index
      ? ok('index', `"${unresolvedAttribute}" finds unknown keys`)
      : advice(
          'index',
          `there is no index "${unresolvedAttribute}", so that listing unknown keys reads every item`,
          'add the index that `retrysafe schema dynamodb` prints',
        ),
  ];
}

async function ttlOf(sdk: Sdk, { client, tableName, ttlAttribute = 'expiration' }: Parts): Promise<Finding> {
  const { TimeToLiveDescription: description } = (await client.send(
    new sdk.DescribeTimeToLiveCommand({ TableName: tableName }),
  )) as {
    readonly TimeToLiveDescription?: { readonly TimeToLiveStatus?: string; readonly AttributeName?: string };
  };
  const { TimeToLiveStatus: status, AttributeName: name } = description ?? {};
  if ((status === 'ENABLED' || status === 'ENABLING') && name === ttlAttribute)
    return ok('TTL', `on "${name}"`);
  return problem(
    'TTL',
    status === 'ENABLED'
      ? `it is on "${name}", and the option "ttlAttribute" says "${ttlAttribute}"`
      : 'it is not enabled, so that no expired item goes',
    `enable TTL on "${ttlAttribute}"`,
  );
}

async function permissionsOf(sdk: Sdk, parts: Parts): Promise<readonly Finding[]> {
  const {
    client,
    tableName,
    keyAttribute = 'id',
    sortKeyAttribute,
    unresolvedAttribute = 'unresolved',
  } = parts;
  const probe = { S: 'retrysafe doctor' };
  const Key = { [keyAttribute]: probe, ...(sortKeyAttribute !== undefined && { [sortKeyAttribute]: probe }) };
  const asked: readonly (readonly [string, Sdk])[] = [
    ['dynamodb:GetItem', new sdk.GetItemCommand({ TableName: tableName, Key })],
    // Its condition never holds, so it writes nothing.
    [
      'dynamodb:PutItem',
      new sdk.PutItemCommand({
        TableName: tableName,
        Item: Key,
        ConditionExpression: 'attribute_exists(#k) AND attribute_not_exists(#k)',
        ExpressionAttributeNames: { '#k': keyAttribute },
      }),
    ],
    [
      LISTING,
      new sdk.QueryCommand({
        TableName: tableName,
        IndexName: unresolvedAttribute,
        KeyConditionExpression: '#u = :u',
        ExpressionAttributeNames: { '#u': unresolvedAttribute },
        ExpressionAttributeValues: { ':u': { S: 'unknown' } },
        Limit: 1,
      }),
    ],
  ];
  const denied: string[] = [];
  for (const [name, command] of asked) if (await isDenied(client, command)) denied.push(name);
  const lacking = denied.filter((name) => name !== LISTING);
  return [
    lacking.length === 0
      ? ok('permissions', 'dynamodb:GetItem, dynamodb:PutItem')
      : problem(
          'permissions',
          `the client lacks ${lacking.join(', ')}`,
          `allow ${lacking.join(', ')} on the table`,
        ),
    ...(denied.includes(LISTING)
      ? [
          advice(
            'permissions',
            `the client lacks ${LISTING}, by which unknown keys are listed`,
            `allow ${LISTING} on the index to who lists; services need it not`,
          ),
        ]
      : []),
  ];
}

async function isDenied(client: Parts['client'], command: Sdk): Promise<boolean> {
  try {
    await client.send(command);
    return false;
  } catch (fault) {
    return /AccessDenied|UnauthorizedOperation/.test(String((fault as Partial<Error> | null)?.name));
  }
}

async function timeOf(sdk: Sdk, { client, tableName }: Parts): Promise<number> {
  let date = '';
  const command = new sdk.DescribeTableCommand({ TableName: tableName });
  const note = (next: Sdk) => async (args: Sdk) => {
    const result = await next(args);
    date = String(result.response?.headers?.date ?? '');
    return result;
  };
  command.middlewareStack.add(note, { step: 'deserialize', priority: 'low', name: 'retrysafeDate' });
  await client.send(command);
  const at = Date.parse(date);
  if (Number.isNaN(at)) throw new Error('the response has no Date');
  return at;
}
