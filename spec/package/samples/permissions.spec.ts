import type { Context, SQSEvent } from 'aws-lambda';
import { expect } from 'chai';
import { recordOf } from 'retrysafe';
import { defer } from '../../support/defer.js';
import { useDynamoDB } from '../../support/dynamodb.js';
import { fixture } from '../../support/fixture.js';
import { invocation } from '../../support/invocation.js';
import {
  type Application,
  ApplicationParts,
  type Bank,
  createTables,
  httpEvent,
  type Tables,
} from './application.js';
import { mode } from './compiled.js';
import { SentRequests } from './sent-requests.js';
import { readTemplate } from './template.js';

interface Statement {
  readonly Effect: string;
  readonly Action: string[];
  readonly Resource: { readonly 'Fn::GetAtt': [resource: string, attribute: string] };
}

const { Resources } = readTemplate();
const input = fixture<object>('request/events/step-functions.json');
const [message, poison, , another] = fixture<SQSEvent>('request/events/sqs-batch.json').Records;
const order = { transactionId: 'T-1', accountId: '4711', cents: 2_500 };

/** Long enough not to shorten a lease. */
function context(): Context {
  return invocation(600_000) as Context;
}

/** Each function, and one piece of its work that the bank has to be asked for. */
const functions = {
  PreFundApiFunction: ({ api }: Application) => api.handle(httpEvent('/pre-fund/holds', order), context()),
  SettlementConsumerFunction: ({ consumer }: Application) =>
    consumer.handle({ Records: [message] } as SQSEvent, context()),
  WorkflowStepFunction: ({ step }: Application) => step.handle(input, context()),
};

describe(`the sample's permissions and times, with ${mode} decorators`, () => {
  const dynamoDB = useDynamoDB();
  let parts: ApplicationParts;
  let tables: Tables;
  let bank: Bank;

  before(async function () {
    this.timeout(60_000);
    parts = await ApplicationParts.load();
    bank = await parts.startBank();
  });
  after(() => bank?.stop());
  beforeEach(async () => {
    tables = await createTables(dynamoDB);
  });

  function start() {
    const client = dynamoDB.client();
    return {
      requests: new SentRequests(client),
      application: parts.start({ bankUrl: bank.url, tables, client }),
    };
  }

  /** The work is done while a second process waits for it; returns what both asked of DynamoDB. */
  async function doWork(name: keyof typeof functions, meanwhile = async (_: Application) => {}) {
    const work = functions[name];
    const [first, second] = [start(), start()];
    const reached = defer();
    const released = defer();
    bank.interception = async (_, carryOut) => {
      reached.resolve();
      await released.promise;
      return carryOut();
    };
    const running = work(first.application);
    await reached.promise;
    await meanwhile(first.application);
    const waiting = work(second.application);
    await second.requests.sent(`dynamodb:GetItem ${tables.idempotency}`);
    released.resolve();
    await Promise.all([running, waiting]);
    return { ...first, asked: new Set([...first.requests.actions, ...second.requests.actions]) };
  }

  function allowed(name: string): Set<string> {
    const tableNames: Record<string, string> = {
      IdempotencyTable: tables.idempotency,
      RefundsTable: tables.refunds,
      SettlementQueue: '/settlements',
      FailedSettlementQueue: '/failed',
    };
    const [policy, ...others] = Resources[name]?.Properties.Policies ?? [];
    expect(others, 'policies besides').to.be.empty;
    const statements: Statement[] = policy.Statement;
    return new Set(
      statements.flatMap(({ Effect, Action, Resource: { 'Fn::GetAtt': resource } }) => {
        expect([Effect, resource[1]]).to.deep.equal(['Allow', 'Arn']);
        return Action.map((action) => `${action} ${tableNames[resource[0]]}`);
      }),
    );
  }

  it('allow the HTTP function what it asks for, and nothing else', async () => {
    const { application, requests, asked } = await doWork('PreFundApiFunction');
    await functions.SettlementConsumerFunction(start().application);
    const refund = { refundId: 'R-1', transactionId: 'tx-1', cents: 1 };
    const { statusCode } = await application.api.handle(httpEvent('/pre-fund/refunds', refund), context());
    expect(statusCode).to.equal(201);
    expect(new Set([...asked, ...requests.actions])).to.deep.equal(allowed('PreFundApiFunction'));
  });

  it('allow the consumer what it asks for, and nothing else', async () => {
    const { application, asked } = await doWork('SettlementConsumerFunction');
    await application.consumer.handle({ Records: [poison] } as SQSEvent, context());
    // It is refused, and comes back in the next invocation.
    await application.consumer.handle({ Records: [another] } as SQSEvent, invocation(450) as Context);
    expect(new Set([...asked, ...application.queues.requests])).to.deep.equal(
      allowed('SettlementConsumerFunction'),
    );
  });

  it('allow the step of the workflow what it asks for, and nothing else', async () => {
    expect((await doWork('WorkflowStepFunction')).asked).to.deep.equal(allowed('WorkflowStepFunction'));
  });

  it('show a message again when the lease of the process that died over it has lapsed', async () => {
    const { VisibilityTimeout } = Resources.SettlementQueue?.Properties ?? {};
    const { Timeout } = Resources.SettlementConsumerFunction?.Properties ?? {};
    let lease: number | undefined;
    await doWork('SettlementConsumerFunction', async ({ service }) => {
      const settle = service as { settle(order: object, context: Context): Promise<unknown> };
      const settlement = { transactionId: 'tx-1', cents: 2_500 };
      const record = await recordOf(settle, 'settle', settlement, context()).inspect();
      lease = ((record?.leaseUntil ?? Number.NaN) - (record?.startedAt ?? 0)) / 1_000;
    });
    // Renewed for the last time when the function's time ends; and a second for clocks that differ.
    expect(Timeout + (lease ?? Number.NaN) + 1).to.be.lessThan(VisibilityTimeout);
  });
});
