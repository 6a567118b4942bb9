import { readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import type { APIGatewayProxyResult, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { expect } from 'chai';
import { useDynamoDB } from '../../support/dynamodb.js';
import { fixture } from '../../support/fixture.js';
import { type SqsQueue, SqsServer } from '../../support/sqs-server.js';
import { ApplicationParts, type Bank, bodyOf, createTables, httpEvent, type Tables } from './application.js';
import { bundled, exportsIn, knownBuildProperties } from './bundle.js';
import { mode } from './compiled.js';
import { type Invoked, invoke } from './invoked-bundle.js';
import { ofType, type Resource, readTemplate } from './template.js';

const template = readTemplate();
const functions = ofType(template, 'AWS::Serverless::Function');

function named(name: string): Resource {
  return template.Resources[name] as Resource;
}

describe(`the sample as it is deployed, beside ${mode} decorators`, () => {
  const dynamoDB = useDynamoDB();
  let tables: Tables;
  let bank: Bank;
  let bundle: string;
  let sqs: SqsServer;
  let queue: SqsQueue;
  let failed: SqsQueue;

  before(async function () {
    this.timeout(60_000);
    sqs = await SqsServer.start();
    queue = await sqs.createQueue('settlements');
    failed = await sqs.createQueue('failed');
    bank = await (await ApplicationParts.load()).startBank();
    tables = await createTables(dynamoDB);
    bundle = await bundled(named('PreFundApiFunction'));
  });
  after(async () => {
    await bank?.stop();
    await sqs?.stop();
  });

  /** The variables that the template sets, and those that Lambda does. */
  function environment(): NodeJS.ProcessEnv {
    const values: Record<string, string> = {
      CoreBankUrl: bank.url,
      IdempotencyTable: tables.idempotency,
      RefundsTable: tables.refunds,
      SettlementQueue: queue.url,
      FailedSettlementQueue: failed.url,
    };
    const { Variables } = template.Globals.Function.Environment;
    const variables = Object.entries(Variables as Record<string, { readonly Ref: string }>);
    return {
      ...Object.fromEntries(variables.map(([name, { Ref }]) => [name, values[Ref]])),
      AWS_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: process.env.AWS_ACCESS_KEY_ID ?? 'embedded',
      AWS_SECRET_ACCESS_KEY: process.env.AWS_SECRET_ACCESS_KEY ?? 'embedded',
      AWS_ENDPOINT_URL_DYNAMODB: dynamoDB.endpoint,
      AWS_ENDPOINT_URL_SQS: `http://${sqs.host}:${sqs.port}`,
    };
  }

  async function invoked<Result>(
    name: string,
    event: unknown,
    folder = bundle,
    more: NodeJS.ProcessEnv = {},
  ): Promise<Invoked & { readonly result: Result }> {
    const { Handler: handler, Timeout: timeout } = named(name).Properties;
    const { error, ...answer } = await invoke(
      folder,
      { handler, event, timeout },
      { ...environment(), ...more },
    );
    if (error) throw new Error(`${error.name}: ${error.message}`);
    return answer as Invoked & { readonly result: Result };
  }

  function ask(transactionId: string, cents: number, folder?: string) {
    const event = httpEvent('/pre-fund/holds', { transactionId, accountId: '4711', cents });
    return invoked<APIGatewayProxyResult>('PreFundApiFunction', event, folder);
  }

  it('has one bundle for all functions, built by properties that the builder knows', () => {
    for (const [name, { Metadata }] of functions) {
      expect(Metadata, name).to.deep.equal(named('PreFundApiFunction').Metadata);
      expect(Metadata.BuildMethod).to.equal('esbuild');
      expect(knownBuildProperties).to.include.members(Object.keys(Metadata.BuildProperties));
    }
  });

  it('loads nothing but itself, Node.js and the SDK of the runtime', () => {
    const text = readFileSync(join(bundle, 'functions.js'), 'utf8');
    const loaded = new Set([...text.matchAll(/\brequire\("([^"]+)"\)/g)].map(([, name]) => name as string));
    const others = [...loaded].filter((name) => !builtinModules.includes(name.replace(/^node:/, '')));
    expect(others).to.have.members(['@aws-sdk/client-dynamodb', '@aws-sdk/client-sqs']);
  });

  it('has each handler that the template names', async () => {
    const handlers = await exportsIn(join(bundle, 'functions.js'), environment());
    for (const [name, { Properties }] of functions) {
      const [file, handler] = Properties.Handler.split('.');
      expect(file, name).to.equal('functions');
      expect(handlers[handler], `${name}: ${Properties.Handler}`).to.equal('function');
    }
  });

  it('places a hold by its HTTP function, and another start of that replays it', async () => {
    const first = await ask('T-1', 2_500);
    const second = await ask('T-1', 2_500);
    expect([first.result.statusCode, second.result.statusCode]).to.deep.equal([201, 201]);
    expect(second.result.headers).to.include({ 'Idempotency-Replayed': 'true' });
    expect(second.result.body).to.equal(first.result.body);
  });

  it('settles by its consumer, and pays back by its HTTP function', async () => {
    const event = fixture<SQSEvent>('request/events/sqs-batch.json');
    const { result, errors } = await invoked<SQSBatchResponse>('SettlementConsumerFunction', event);
    expect(result.batchItemFailures).to.be.empty;
    const [, ...poison] = event.Records.slice(0, 3);
    expect((await failed.receive()).map(({ Body }) => Body)).to.have.members(poison.map(({ body }) => body));
    expect(errors.map((line) => JSON.parse(line).message)).to.have.members(
      poison.map(({ messageId }) => messageId),
    );
    expect(errors.join(), 'what the log has of a message').not.to.match(/tx-|2500/);
    const order = { refundId: 'R-1', transactionId: 'tx-1', cents: 2_500 };
    const refund = await invoked<APIGatewayProxyResult>(
      'PreFundApiFunction',
      httpEvent('/pre-fund/refunds', order),
    );
    expect(refund.result.statusCode).to.equal(201);
    expect(bodyOf(refund.result)).to.include(order);
  });

  it('places a hold by its step of the workflow, once', async () => {
    const input = fixture<object>('request/events/step-functions.json');
    const first = await invoked<{ holdId: string }>('WorkflowStepFunction', input);
    const second = await invoked<{ holdId: string }>('WorkflowStepFunction', input);
    expect(first.result.holdId).to.match(/^H-\d+$/);
    expect(second.result).to.deep.equal(first.result);
  });

  it('writes metrics to its log, a line each, without any value of a request', async () => {
    await ask('T-2', 2_500);
    const refused = await ask('T-2', 9_900);
    expect(refused.result.statusCode).to.equal(422);
    const [line, ...rest] = refused.log.map((text) => JSON.parse(text));
    expect(rest).to.be.empty;
    expect(line).to.include({
      Service: 'pre-fund',
      Operation: 'PreFundApi POST /pre-fund/holds',
      Refused: 1,
      code: 'ERR_IDEMPOTENCY_FINGERPRINT',
    });
    expect(Object.keys(line)).to.have.members(['_aws', 'Service', 'Operation', 'Refused', 'code']);
  });

  it('keeps in its log why the records cannot be reached, and tells its sender nothing of it', async () => {
    const order = { transactionId: 'T-5', accountId: '4711', cents: 2_500 };
    const { result, errors } = await invoked<APIGatewayProxyResult>(
      'PreFundApiFunction',
      httpEvent('/pre-fund/holds', order),
      bundle,
      { AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:1' },
    );
    expect(result.statusCode).to.equal(503);
    expect(result.body).not.to.include('ECONNREFUSED');
    expect(errors.join('\n'))
      .to.include('ECONNREFUSED')
      .and.not.match(/T-5|4711/);
  });

  it('finds the records of a build that is not minified', async () => {
    await ask('T-3', 2_500);
    const other = await bundled(named('PreFundApiFunction'), { minify: false });
    const replayed = await ask('T-3', 2_500, other);
    expect(replayed.result.headers).to.include({ 'Idempotency-Replayed': 'true' });
  });

  it('refuses to start where names get lost', async () => {
    const other = await bundled(named('PreFundApiFunction'), { keepNames: false });
    const failure = await ask('T-4', 2_500, other).catch(({ message }) => message);
    expect(failure).to.match(/^ConfigurationError: .*keepNames/);
  });
});
