import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import type { SQS } from '@aws-sdk/client-sqs';
import type { Context, SQSRecord } from 'aws-lambda';
import { expect } from 'chai';
import {
  ConfigurationError,
  IdempotencyDefaults,
  Idempotent,
  InMemoryStore,
  type PersistenceStore,
} from 'retrysafe';
import { type MessageFailure, queueTiming } from 'retrysafe/queues';
import { recordHandler, type SqsOptions, sqsSettings } from 'retrysafe/sqs';
import { abandon, FailingStore } from 'retrysafe/testing';
import sinon from 'sinon';
import { defer } from '../support/defer.js';
import { invocation } from '../support/invocation.js';
import { LambdaPoller } from '../support/lambda-poller.js';
import { catchWarnings, forgetWarning } from '../support/process-warnings.js';
import { type SqsQueue, SqsServer } from '../support/sqs-server.js';
import { until } from '../support/until.js';

interface Order {
  readonly id: string;
  readonly cents: number;
}

class Declined extends Error {
  override readonly name = 'Declined';
}

@IdempotencyDefaults({ name: 'LambdaPayments', store: (self: Payments) => self.store, wait: 0, lease: 2 })
class Payments {
  readonly paid: string[] = [];

  constructor(
    readonly store: PersistenceStore,
    readonly work: (order: Order) => Promise<void> = async () => {},
  ) {}

  @Idempotent({ key: 'id', fingerprint: 'cents', remember: [Declined] })
  async pay(order: Order, _context: Context): Promise<void> {
    await this.work(order);
    this.paid.push(order.id);
  }

  handle(record: SQSRecord, context: Context): Promise<void> {
    return this.pay(JSON.parse(record.body), context);
  }
}

const timing = queueTiming({ visibilityTimeout: 30, maxReceives: 3, workTime: 5 });

describe('a Lambda consumer of SQS, over Powertools', () => {
  let server: SqsServer;
  let client: SQS;
  let queue: SqsQueue;
  let parking: SqsQueue;
  let deadLetters: SqsQueue;
  let failures: MessageFailure[];
  let number = 0;

  before(async () => {
    server = await SqsServer.start();
  });
  after(() => server?.stop());
  beforeEach(async () => {
    number += 1;
    failures = [];
    client = server.client();
    parking = await server.createQueue(`parking-${number}`);
    deadLetters = await server.createQueue(`dead-letters-${number}`);
    queue = await server.createQueue(`queue-${number}`, sqsSettings(timing, deadLetters.arn).attributes);
  });

  function options(more: Partial<SqsOptions> = {}): SqsOptions {
    const report = (failure: MessageFailure) => failures.push(failure);
    return { client, queueUrl: queue.url, parkingUrl: parking.url, report, ...more };
  }

  function poller(payments: Payments, more: Partial<SqsOptions> = {}, timeout?: number): LambdaPoller {
    const processor = new BatchProcessor(EventType.SQS);
    const handle = recordHandler(
      (record: SQSRecord, context: Context) => payments.handle(record, context),
      options(more),
    );
    return new LambdaPoller(
      queue,
      (event, context) =>
        processPartialResponse(event, handle, processor, { context, throwOnFullBatchFailure: false }),
      timeout,
    );
  }

  /** The operations that were asked of SQS, with the seconds that a message is hidden for. */
  function hidings(): () => number[] {
    const spy = sinon.spy(client, 'changeMessageVisibility');
    return () => spy.getCalls().map(({ args }) => args[0].VisibilityTimeout as number);
  }

  it('deletes what is settled, and parks the poison of a batch with its attributes and the reason', async () => {
    const payments = new Payments(new InMemoryStore());
    await queue.send({ id: 'o-1', cents: 100 });
    const attributes = {
      tenant: { DataType: 'String', StringValue: 'acme' },
      bytes: { DataType: 'Binary', BinaryValue: Uint8Array.of(0, 255) },
    };
    const poison = JSON.stringify({ cents: 100 });
    await queue.send(poison, { MessageAttributes: attributes });
    await queue.send({ id: 'o-2', cents: 100 });

    expect(await poller(payments).poll()).to.deep.include({ failed: [] });

    expect(payments.paid).to.deep.equal(['o-1', 'o-2']);
    expect(await queue.counts()).to.deep.equal({ visible: 0, hidden: 0 });
    const [parked, ...others] = await parking.receive();
    expect(others).to.be.empty;
    expect(parked?.Body).to.equal(poison);
    expect(parked?.MessageAttributes).to.deep.include(attributes);
    expect(parked?.MessageAttributes?.['retrysafe-code']?.StringValue).to.equal('ERR_IDEMPOTENCY_KEY');
    expect(parked?.MessageAttributes?.['retrysafe-reason']?.StringValue).to.match(/^KeyError: /);
    expect(failures.map(({ settlement }) => settlement.do)).to.deep.equal(['park']);
  });

  it('brings a duplicate back when the call that runs elsewhere has ended or its lease has lapsed', async () => {
    const store = new InMemoryStore();
    const release = defer();
    // A store object of its own: to the library that is another process.
    const elsewhere = new Payments(new FailingStore(store), () => release.promise);
    const running = elsewhere.pay({ id: 'o-1', cents: 100 }, invocation(30_000) as Context);
    const payments = new Payments(store);
    const lambda = poller(payments);
    const seconds = hidings();
    await queue.send({ id: 'o-1', cents: 100 });

    const [hidden] = await until('the key is held', async () => {
      await lambda.poll();
      return seconds().length > 0 && seconds();
    });
    expect(hidden).to.be.within(1, 4);
    expect(await queue.counts()).to.deep.equal({ visible: 0, hidden: 1 });
    release.resolve();
    await running;
    await until('it is delivered again', () => lambda.poll());

    expect(elsewhere.paid).to.deep.equal(['o-1']);
    expect(payments.paid).to.be.empty;
    expect(await queue.counts()).to.deep.equal({ visible: 0, hidden: 0 });
    expect(await parking.counts()).to.deep.equal({ visible: 0, hidden: 0 });
  });

  it('runs what a process left that died over its message', async () => {
    const payments = new Payments(new InMemoryStore());
    const order = { id: 'o-1', cents: 100 };
    await queue.send(order);
    await queue.receive(1);
    await abandon(payments, 'pay', order, invocation(30_000) as Context);
    await until('it is delivered again', () => poller(payments).poll());
    expect(payments.paid).to.deep.equal(['o-1']);
    expect(await queue.counts()).to.deep.equal({ visible: 0, hidden: 0 });
  });

  it('parks what is another request, what is recorded as an error, and what a person must see', async () => {
    const store = new InMemoryStore();
    const payments = new Payments(store, async ({ cents }) => {
      if (cents > 1_000) throw new Declined('too much');
    });
    const lambda = poller(payments, {
      advise: (error) => (error instanceof SyntaxError ? 'ask-human' : undefined),
    });
    await queue.send({ id: 'o-1', cents: 100 });
    await lambda.poll();
    await queue.send({ id: 'o-1', cents: 200 });
    await queue.send({ id: 'o-2', cents: 2_000 });
    await queue.send('no JSON');
    await lambda.poll();
    const codes = (await parking.receive()).map(
      (parked) => parked.MessageAttributes?.['retrysafe-code']?.StringValue,
    );
    expect(codes).to.have.members(['ERR_IDEMPOTENCY_FINGERPRINT', 'Declined', 'SyntaxError']);
    expect(await queue.counts()).to.deep.equal({ visible: 0, hidden: 0 });
    const advice = failures.map(({ settlement }) => settlement.do === 'park' && settlement.advice);
    expect(advice).to.have.members(['fix-request', 'recorded', 'ask-human']);
  });

  it("leaves the method's own errors to the queue, which gives the message up after its receives", async () => {
    const payments = new Payments(new InMemoryStore(), async () => {
      throw new Error('the bank is down');
    });
    const lambda = poller(payments);
    const seconds = hidings();
    await queue.send({ id: 'o-1', cents: 100 });
    expect(await lambda.poll())
      .to.have.property('failed')
      .with.lengthOf(1);
    expect(seconds()).to.be.empty;
    expect(await queue.counts()).to.deep.equal({ visible: 0, hidden: 1 });
    expect(failures.map(({ settlement }) => settlement)).to.deep.equal([
      { do: 'fail', reason: 'Error: the bank is down' },
    ]);
  });

  it('reports poison as failed where there is no parking queue, so that it ends in the dead-letter queue', async () => {
    queue = await server.createQueue(`short-${number}`, {
      VisibilityTimeout: '0',
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn: deadLetters.arn, maxReceiveCount: 2 }),
    });
    const payments = new Payments(new InMemoryStore());
    const processor = new BatchProcessor(EventType.SQS);
    const { parkingUrl: _, ...withoutParking } = options();
    const handle = recordHandler(
      (record: SQSRecord, context: Context) => payments.handle(record, context),
      withoutParking,
    );
    const lambda = new LambdaPoller(queue, (event, context) =>
      processPartialResponse(event, handle, processor, { context, throwOnFullBatchFailure: false }),
    );
    await queue.send({ cents: 100 });
    for (const _ of [1, 2]) expect((await lambda.poll())?.failed).to.have.lengthOf(1);
    expect(await lambda.poll()).to.equal(undefined);
    expect(await deadLetters.counts()).to.deep.equal({ visible: 1, hidden: 0 });
    expect(failures.map(({ settlement }) => settlement.do)).to.deep.equal(['fail', 'fail']);
  });

  it('settles nothing by itself without a client', async () => {
    const handle = recordHandler(
      (record: SQSRecord, context: Context) => new Payments(new InMemoryStore()).handle(record, context),
      { report: (failure) => failures.push(failure) },
    );
    const processor = new BatchProcessor(EventType.SQS);
    const lambda = new LambdaPoller(queue, (event, context) =>
      processPartialResponse(event, handle, processor, { context, throwOnFullBatchFailure: false }),
    );
    await queue.send({ cents: 100 });
    expect((await lambda.poll())?.failed).to.have.lengthOf(1);
    expect(failures.map(({ settlement }) => settlement.do)).to.deep.equal(['fail']);
  });

  describe('where the store is down', () => {
    let store: FailingStore;

    beforeEach(async () => {
      store = new FailingStore(new InMemoryStore());
      store.fail('claim', { times: Number.POSITIVE_INFINITY });
      await queue.send({ id: 'o-1', cents: 100 });
    });

    it('keeps a message for its visibility timeout, since each receive is spent', async () => {
      const seconds = hidings();
      expect((await poller(new Payments(store)).poll())?.failed).to.have.lengthOf(1);
      expect(seconds()).to.be.empty;
      expect(await queue.counts()).to.deep.equal({ visible: 0, hidden: 1 });
    });

    it('brings it back after `retryDelay`, in whole seconds, and after twice as long with each receive', async () => {
      const seconds = hidings();
      const payments = new Payments(store);
      const lambda = poller(payments, { retryDelay: '250ms' });
      await lambda.poll();
      await until('it is delivered again', () => lambda.poll());
      expect(seconds()).to.deep.equal([1, 1]);
      store.recover();
      await until('it is delivered again', () => lambda.poll());
      expect(payments.paid).to.deep.equal(['o-1']);
      const handle = recordHandler(() => Promise.reject(Object.assign(new Error('busy'))), {
        ...options({ retryDelay: 10 }),
        advise: () => 'retry-later',
      });
      const attributes = { ApproximateReceiveCount: '4' };
      const record = { messageId: 'm', receiptHandle: 'none', body: '1', attributes, messageAttributes: {} };
      await handle(record, undefined).catch(() => {});
      expect(seconds().at(-1)).to.equal(80);
    });

    it('hides nothing for longer than SQS allows', async () => {
      const seconds = hidings();
      await poller(new Payments(store), { retryDelay: '24h' }).poll();
      expect(seconds()[0]).to.be.within(42_800, 42_900);
      expect(await queue.counts()).to.deep.equal({ visible: 0, hidden: 1 });
      expect(failures).to.have.lengthOf(1);
    });
  });

  describe('where settling fails', () => {
    it('keeps a message that the parking queue has not confirmed, and says so', async () => {
      const nowhere = `${parking.url}-gone`;
      const lambda = poller(new Payments(new InMemoryStore()), { parkingUrl: nowhere });
      await queue.send({ cents: 100 });
      expect((await lambda.poll())?.failed).to.have.lengthOf(1);
      expect(await queue.counts()).to.deep.equal({ visible: 0, hidden: 1 });
      const [poison, fault] = failures;
      expect(poison?.settlement.do).to.equal('park');
      expect(fault?.settlement).to.deep.equal({
        do: 'fail',
        reason: 'it could not be settled (park), and comes back with its visibility timeout',
      });
      expect(fault?.error).to.have.property('name', 'QueueDoesNotExist');
    });

    it('waits for SQS no longer than the invocation has time, and keeps the message', async () => {
      const send = sinon.stub(client, 'sendMessage').callsFake(() => new Promise(() => {}));
      const lambda = poller(new Payments(new InMemoryStore()), {}, 800);
      await queue.send({ cents: 100 });
      const began = performance.now();
      expect((await lambda.poll())?.failed).to.have.lengthOf(1);
      expect(performance.now() - began).to.be.within(300, 800);
      expect(send.callCount).to.equal(1);
      expect(failures.map(({ error }) => (error as Error).name)).to.deep.equal(['KeyError', 'TimeoutError']);
    });

    it('asks SQS for nothing at the end of an invocation', async () => {
      const send = sinon.spy(client, 'sendMessage');
      const lambda = poller(new Payments(new InMemoryStore()), {}, 150);
      await queue.send({ cents: 100 });
      expect((await lambda.poll())?.failed).to.have.lengthOf(1);
      expect(send.callCount).to.equal(0);
    });

    it('loses nothing by a report that throws, and warns', async () => {
      forgetWarning('queue-report');
      const warnings = catchWarnings();
      try {
        const report = () => {
          throw new TypeError('broken');
        };
        await queue.send({ cents: 100 });
        expect((await poller(new Payments(new InMemoryStore()), { report }).poll())?.failed).to.be.empty;
        expect(await parking.counts()).to.deep.equal({ visible: 1, hidden: 0 });
        expect(warnings.texts('RETRYSAFE_REPORT')).to.have.lengthOf(1);
      } finally {
        warnings.restore();
      }
    });

    it('delivers a message again that no attribute can be added to', async () => {
      const attributes = Object.fromEntries(
        Array.from({ length: 10 }, (_, index) => [`a-${index}`, { DataType: 'String', StringValue: 'x' }]),
      );
      await queue.send({ cents: 100 }, { MessageAttributes: attributes });
      expect((await poller(new Payments(new InMemoryStore())).poll())?.failed).to.be.empty;
      const [parked] = await parking.receive();
      expect(parked?.MessageAttributes).to.deep.equal(attributes);
    });

    it('parks with any reason, and any thing that is thrown', async () => {
      for (const thrown of ['', `a\u0000\ud800${'long '.repeat(1_000)}`, undefined, new Error('own')]) {
        const handle = recordHandler(() => Promise.reject(thrown), options({ advise: () => 'ask-human' }));
        const record = {
          messageId: 'm-1',
          receiptHandle: 'none',
          body: '1',
          attributes: { ApproximateReceiveCount: '1' },
          messageAttributes: {},
        };
        expect(await handle(record, undefined)).to.equal(undefined);
      }
      expect(await parking.counts()).to.deep.equal({ visible: 4, hidden: 0 });
    });
  });

  it('lets a whole batch fail, with what was parked and what is to come back', async () => {
    const store = new FailingStore(new InMemoryStore());
    const payments = new Payments(store);
    const processor = new BatchProcessor(EventType.SQS);
    const handle = recordHandler(
      (record: SQSRecord, context: Context) => payments.handle(record, context),
      options({ retryDelay: 1 }),
    );
    // As by default: where each record has failed, Powertools throws.
    const lambda = new LambdaPoller(queue, (event, context) =>
      processPartialResponse(event, handle, processor, { context }),
    );
    await queue.send({ cents: 100 });
    await queue.send({ id: 'o-1', cents: 100 });
    store.fail('claim', { times: 2 });
    // What is parked has not failed.
    expect(await lambda.poll()).to.deep.include({ failed: [JSON.stringify({ id: 'o-1', cents: 100 })] });
    store.fail('claim', { times: 2 });
    const thrown = await until('it is delivered again', () => lambda.poll());
    expect(thrown.error).to.have.property('name', 'FullBatchFailureError');
    await until('it is delivered again', () => lambda.poll());
    expect(payments.paid).to.deep.equal(['o-1']);
    expect(await queue.counts()).to.deep.equal({ visible: 0, hidden: 0 });
    expect(await parking.counts()).to.deep.equal({ visible: 1, hidden: 0 });
  });

  it('brings a message back that began at the end of an invocation', async () => {
    const payments = new Payments(new InMemoryStore());
    await queue.send({ id: 'o-1', cents: 100 });
    const seconds = hidings();
    expect((await poller(payments, {}, 450).poll())?.failed).to.have.lengthOf(1);
    expect(seconds()).to.deep.equal([1]);
    await until('it is delivered again', () => poller(payments).poll());
    expect(payments.paid).to.deep.equal(['o-1']);
  });

  const wrong: [string, object, RegExp][] = [
    ['a client of commands', { client: { send() {} }, queueUrl: 'http://x/q' }, /"client".*new SQS\(\)/],
    ['a client without the queue', { client: validClient() }, /"queueUrl" is undefined/],
    ['a queue that has no client', { queueUrl: 'http://x/q' }, /"queueUrl".*"client"/],
    ['a name in place of a URL', { client: validClient(), queueUrl: 'orders' }, /"queueUrl".*URL of a queue/],
    [
      'parking in the queue itself',
      { client: validClient(), queueUrl: 'http://x/q', parkingUrl: 'http://x/q' },
      /"parkingUrl".*another queue/,
    ],
    ['a report that is none', { report: true }, /"report" is true/],
    ['another option', { retryAfter: 5 }, /no option "retryAfter"/],
  ];
  for (const [what, options, message] of wrong)
    it(`refuses ${what}`, () => {
      expect(() => recordHandler(async () => {}, options)).to.throw(ConfigurationError, message);
    });

  it('has settings for a queue and for a template', () => {
    const long = queueTiming({ visibilityTimeout: '2.5m', maxReceives: 5, workTime: 25, retention: '18d' });
    expect(sqsSettings(long, 'arn')).to.deep.equal({
      properties: {
        VisibilityTimeout: 150,
        MessageRetentionPeriod: 1_209_600,
        RedrivePolicy: { deadLetterTargetArn: 'arn', maxReceiveCount: 5 },
      },
      attributes: {
        VisibilityTimeout: '150',
        MessageRetentionPeriod: '1209600',
        RedrivePolicy: '{"deadLetterTargetArn":"arn","maxReceiveCount":5}',
      },
    });
    expect(sqsSettings(long).attributes).not.to.have.property('RedrivePolicy');
    expect(sqsSettings(long).properties.RedrivePolicy).to.deep.equal({ maxReceiveCount: 5 });
  });
});

function validClient() {
  return { sendMessage() {}, changeMessageVisibility() {} };
}
