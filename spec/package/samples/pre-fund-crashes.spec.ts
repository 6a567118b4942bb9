import { expect } from 'chai';
import type { Completion, PersistenceStore } from 'retrysafe';
import {
  type CallEnd,
  type CrashTestReport,
  crashTest,
  type TestDatabase,
  type TestStore,
} from 'retrysafe/testing';
import { invocation } from '../../support/invocation.js';
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

interface Api {
  handle(event: object, context: object): Promise<{ readonly statusCode: number; readonly body: string }>;
}

/** The classes of the sample, as they are deployed. */
interface Sample {
  readonly BankStandIn: new (options: object) => Bank;
  readonly CoreBank: new (url: string, timeout: number, send: Send) => object;
  readonly PreFundService: new (store: PersistenceStore, bank: object, refunds: object) => Service;
  readonly PreFundApi: new (service: Service) => Api;
}

const quiet = { ran: () => {}, worked: () => {}, looked: () => {} };

describe(`the sample application, killed everywhere, with ${mode} decorators`, function () {
  this.timeout(120_000);
  let sample: Sample;
  before(async () => {
    await compileSamples();
    const parts = await Promise.all(
      ['story/bank-stand-in', 'app/core-bank', 'app/pre-fund-service', 'app/pre-fund-api'].map((file) =>
        load(`${file}.js`),
      ),
    );
    sample = Object.assign({}, ...parts) as Sample;
  });

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
    call: (parts: { readonly service: Service; readonly api: Api }) => unknown,
    invariant: (
      parts: { readonly bank: Bank; readonly refunds: ReturnType<typeof refundsIn> },
      ends: readonly CallEnd[],
    ) => void,
  ): Promise<CrashTestReport> {
    return crashTest({
      setUp: ({ store, effect, database }) => {
        const bank = new sample.BankStandIn({ balances: new Map([['4711', 100_000]]), report: quiet });
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
        return { bank, refunds, send, store };
      },
      start: ({ refunds, send, store }) => {
        const service = new sample.PreFundService(
          store,
          new sample.CoreBank('http://bank', 3_000, send),
          refunds,
        );
        return { service, api: new sample.PreFundApi(service) };
      },
      calls: [call, call],
      invariant: ({ bank, refunds }, ends) => invariant({ bank, refunds }, ends),
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
    );
    expect(report.levels[1]?.left).to.equal(0);
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
