import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { expect } from 'chai';
import type { Completion, PersistenceStore } from 'retrysafe';
import type { SqsOptions } from 'retrysafe/sqs';
import {
  type CallEnd,
  CrashTestError,
  type CrashTestReport,
  crashTest,
  type Delivery,
  type TestDatabase,
  type TestStore,
} from 'retrysafe/testing';
import sinon from 'sinon';
import { fixture } from '../../support/fixture.js';
import { invocation } from '../../support/invocation.js';
import { rejection } from '../../support/rejection.js';
import { httpEvent } from './application.js';
import { compileSamples, load, mode } from './compiled.js';

interface Hold {
  readonly holdId: string;
  readonly key: string;
}

type Answer = { readonly status: number; readonly body?: object };

interface Bank {
  readonly ledger: readonly Hold[];
  readonly settlements: readonly object[];
  placeHold(order: object, key: string): Promise<Answer>;
  findHold(key: string): Promise<Answer>;
  settle(order: object, key: string): Promise<Answer>;
}

type Send = (url: URL, request: RequestInit) => Promise<Response>;

interface Service {
  placeHoldFor(step: object, context: object): Promise<Hold>;
  settle(order: object, context: object): Promise<object>;
}

interface Consumer {
  handle(event: SQSEvent, context: object): Promise<SQSBatchResponse>;
}

interface Api {
  handle(event: object, context: object): Promise<{ readonly statusCode: number; readonly body: string }>;
}

/** The classes of the sample, as they are deployed. */
interface Sample {
  readonly BankStandIn: new (options: object) => Bank;
  readonly CoreBank: new (url: string, timeout: number, send: Send) => object;
  readonly PreFundService: new (store: PersistenceStore, bank: object, refunds: object) => Service;
  readonly PreFundApi: new (service: Service) => Api;
  readonly SettlementConsumer: new (service: Service, queues: SqsOptions) => Consumer;
}

const quiet = { ran: () => {}, worked: () => {}, looked: () => {} };

describe(`the sample application, killed everywhere, with ${mode} decorators`, function () {
  this.timeout(120_000);
  let sample: Sample;
  // The sample says on its console what it answers with 5xx, and histories have thousands of those.
  before(async () => {
    sinon.stub(console, 'error');
    await compileSamples();
    const parts = await Promise.all(
      [
        'story/bank-stand-in',
        'app/core-bank',
        'app/pre-fund-service',
        'app/pre-fund-api',
        'app/settlement-consumer',
      ].map((file) => load(`${file}.js`)),
    );
    sample = Object.assign({}, ...parts) as Sample;
  });
  after(() => sinon.restore());

  /** The refunds of the sample over the database of the test, as DynamoDB has them. */
  function refundsIn(store: TestStore, database: TestDatabase) {
    const balances = database.table<number>('balances');
    const refunds = database.table<object>('refunds');
    return {
      balances,
      refunds,
      allow: ({ transactionId, cents }: { readonly transactionId: string; readonly cents: number }) =>
        database.transaction((tx) => {
          if (tx.get(balances, transactionId) === undefined) tx.put(balances, transactionId, cents);
        }),
      book: (
        refund: { readonly refundId: string; readonly transactionId: string; readonly cents: number },
        completion: Completion,
      ) =>
        database.transaction(async (tx) => {
          tx.put(
            balances,
            refund.transactionId,
            (tx.get(balances, refund.transactionId) ?? 0) - refund.cents,
          );
          tx.put(refunds, refund.refundId, refund);
          await store.complete(tx, completion);
        }),
    };
  }

  function tested(
    call: (
      parts: { readonly service: Service; readonly api: Api; readonly consumer: Consumer },
      delivery: Delivery,
    ) => unknown,
    invariant: (
      parts: {
        readonly bank: Bank;
        readonly refunds: ReturnType<typeof refundsIn>;
        readonly parked: string[];
      },
      ends: readonly CallEnd[],
    ) => void,
    { isForgetful = false, faults = 1 } = {},
  ): Promise<CrashTestReport> {
    return crashTest({
      setUp: ({ store, effect, database }) => {
        const balances = new Map([['4711', 100_000]]);
        const bank = new sample.BankStandIn({ balances, isForgetful, report: quiet });
        const answer = effect(
          'bank',
          async (method: string, path: string, key: string, order: object | undefined) =>
            method === 'GET'
              ? bank.findHold(key)
              : path === '/holds'
                ? bank.placeHold(order ?? {}, key)
                : bank.settle(order ?? {}, key),
        );
        const send: Send = async (url, { method = 'GET', headers, body }) => {
          const key = (headers as Record<string, string>)['Idempotency-Key'] ?? '';
          const { status, body: text } = await answer(
            method,
            url.pathname,
            key,
            body ? JSON.parse(String(body)) : undefined,
          );
          return new Response(text && JSON.stringify(text), { status });
        };
        const refunds = refundsIn(store, database);
        const parked: string[] = [];
        const park = effect('sqs.sendMessage', (body: string) => parked.push(body));
        const client = {
          sendMessage: ({ MessageBody }: { readonly MessageBody: string }) => park(MessageBody),
          changeMessageVisibility: effect('sqs.changeMessageVisibility', () => {}),
        };
        const queues = { client, queueUrl: 'http://sqs/settlements', parkingUrl: 'http://sqs/failed' };
        return { bank, refunds, send, store, queues: { ...queues, report: () => {} }, parked };
      },
      start: ({ refunds, send, store, queues }) => {
        const service = new sample.PreFundService(
          store,
          new sample.CoreBank('http://bank', 3_000, send),
          refunds,
        );
        return {
          service,
          api: new sample.PreFundApi(service),
          consumer: new sample.SettlementConsumer(service, queues),
        };
      },
      calls: [call, call],
      invariant: (made, ends) => invariant(made, ends),
      faults,
    });
  }

  it('places one hold for a state of a workflow', async () => {
    const step = { execution: 'E', state: 'Hold', accountId: '4711', cents: 5_000 };
    const report = await tested(
      ({ service }) => service.placeHoldFor(step, invocation(28_000)),
      ({ bank }, ends) => {
        expect(bank.ledger).to.have.length(1);
        for (const end of ends) expect('value' in end && end.value).to.include({ holdId: 'H-1' });
      },
      { faults: 2 },
    );
    expect(report.levels[1]?.left).to.equal(0);
    expect(report.levels[2]?.histories).to.be.greaterThan(500);
  });

  it('is found where the bank forgets its keys', async () => {
    const step = { execution: 'E', state: 'Hold', accountId: '4711', cents: 5_000 };
    const error = await rejection(
      tested(
        ({ service }) => service.placeHoldFor(step, invocation(28_000)),
        ({ bank }) => expect(bank.ledger).to.have.length(1),
        { isForgetful: true },
      ),
    );
    expect(error).to.be.instanceOf(CrashTestError);
    expect((error as CrashTestError).failure.story.join('\n')).to.match(/died before .*took over/s);
  });

  it('pays a settlement once, and allows its refund', async () => {
    await tested(
      ({ service }) => service.settle({ transactionId: 'T-1', cents: 5_000 }, invocation(100_000)),
      ({ bank, refunds }, ends) => {
        expect(bank.settlements).to.have.length(1);
        expect(refunds.balances.get('T-1')).to.equal(5_000);
        for (const end of ends) expect(end).to.have.property('value');
      },
    );
  });

  it('settles a message once, however often its queue delivers it', async () => {
    const [record] = fixture<SQSEvent>('request/events/sqs-batch.json').Records as [SQSRecord];
    await tested(
      async ({ consumer }, { number }) => {
        const attributes = { ...record.attributes, ApproximateReceiveCount: `${number}` };
        const event = { Records: [{ ...record, attributes }] };
        const { batchItemFailures } = await consumer.handle(event, invocation(100_000));
        // SQS delivers these once more.
        if (batchItemFailures.length > 0) throw new Error('the message comes again');
      },
      ({ bank, refunds, parked }, ends) => {
        expect(bank.settlements).to.have.length(1);
        expect(refunds.balances.get('tx-1')).to.equal(2_500);
        expect(parked).to.deep.equal([]);
        for (const end of ends) expect(end).to.have.property('value');
      },
    );
  });

  it('places one hold for an HTTP request', async () => {
    const body = { transactionId: 'T-1', accountId: '4711', cents: 2_500 };
    await tested(
      async ({ api }) => {
        const { statusCode, body: text } = await api.handle(
          httpEvent('/pre-fund/holds', body),
          invocation(28_000),
        );
        if (statusCode >= 409) throw new Error(`${statusCode}: ${text}`);
        return text;
      },
      ({ bank }, ends) => {
        expect(bank.ledger).to.have.length(1);
        for (const end of ends) expect(end).to.have.property('value').that.includes('H-1');
      },
    );
  });

  it('pays a refund back once', async () => {
    const body = { refundId: 'R-1', transactionId: 'T-1', cents: 2_500 };
    await tested(
      async ({ api }) => {
        const { statusCode, body: text } = await api.handle(
          httpEvent('/pre-fund/refunds', body),
          invocation(28_000),
        );
        if (statusCode >= 409) throw new Error(`${statusCode}: ${text}`);
        return text;
      },
      ({ refunds }, ends) => {
        expect(refunds.refunds.rows()).to.have.length(1);
        expect(refunds.balances.get('T-1')).to.equal(-2_500);
        for (const end of ends) expect(end).to.have.property('value');
      },
    );
  });
});
