import type { Message, SQS } from '@aws-sdk/client-sqs';
import { expect } from 'chai';
import {
  ConfigurationError,
  IdempotencyDefaults,
  Idempotent,
  InMemoryStore,
  type PersistenceStore,
} from 'retrysafe';
import { type MessageFailure, type QueueTimingOptions, queueTiming } from 'retrysafe/queues';
import { sqsSettings } from 'retrysafe/sqs';
import { consumerSettings, messageHandler, type SqsOptions } from 'retrysafe/sqs-consumer';
import { FailingStore } from 'retrysafe/testing';
import sinon from 'sinon';
import { defer } from '../support/defer.js';
import { type SqsQueue, SqsServer } from '../support/sqs-server.js';
import { until } from '../support/until.js';
import { loadClient } from './load-client.js';

interface Order {
  readonly id: string;
  readonly cents: number;
}

interface Consumer {
  readonly status: { readonly isRunning: boolean; readonly isPolling: boolean };
  on(event: string, listener: (error: Error) => void): void;
  start(): void;
  stop(options: { readonly abort: boolean }): void;
}

interface Client {
  readonly Consumer: { create(options: object): Consumer };
}

@IdempotencyDefaults({ name: 'ServicePayments', store: (self: Payments) => self.store, wait: 0, lease: 2 })
class Payments {
  readonly paid: string[] = [];

  constructor(
    readonly store: PersistenceStore,
    readonly work: (order: Order) => Promise<void> = async () => {},
  ) {}

  @Idempotent({ key: 'id', fingerprint: 'cents' })
  async pay(order: Order): Promise<void> {
    await this.work(order);
    this.paid.push(order.id);
  }
}

const short = { visibilityTimeout: 4, maxReceives: 2, workTime: 1 };

for (const [name, node] of [
  ['sqs-consumer', 22],
  ['sqs-consumer-11', 20],
] as const)
  describe(`a service with ${name}`, () => {
    let module: Client;
    let server: SqsServer;
    let client: SQS;
    let queue: SqsQueue;
    let parking: SqsQueue;
    let deadLetters: SqsQueue;
    let failures: MessageFailure[];
    let errors: string[];
    let number = 0;
    const consumers: Consumer[] = [];

    before(async function () {
      module = await loadClient<Client>(this, name, node);
      server = await SqsServer.start();
    });
    after(() => server?.stop());
    beforeEach(async () => {
      number += 1;
      failures = [];
      errors = [];
      client = server.client();
      parking = await server.createQueue(`parking-${number}`);
      deadLetters = await server.createQueue(`dead-letters-${number}`);
      const { attributes } = sqsSettings(queueTiming(short), deadLetters.arn);
      queue = await server.createQueue(`queue-${number}`, attributes);
    });
    afterEach(async () => {
      for (const consumer of consumers.splice(0)) await stop(consumer);
    });

    function options(more: Partial<SqsOptions> = {}): SqsOptions {
      const report = (failure: MessageFailure) => failures.push(failure);
      return { client, queueUrl: queue.url, parkingUrl: parking.url, report, ...more };
    }

    function start(
      handle: (message: Message) => Promise<unknown>,
      more: Partial<SqsOptions> = {},
      timing: QueueTimingOptions = short,
    ): Consumer {
      const consumer = module.Consumer.create({
        ...consumerSettings(queueTiming(timing)),
        queueUrl: queue.url,
        sqs: client,
        batchSize: 10,
        waitTimeSeconds: 1,
        authenticationErrorTimeout: 50,
        handleMessage: messageHandler(handle, options(more)),
      });
      consumer.on('error', (error) => errors.push(`error: ${error.message}`));
      consumer.on('processing_error', (error) => errors.push(error.message));
      consumer.start();
      consumers.push(consumer);
      return consumer;
    }

    async function stop(consumer: Consumer): Promise<void> {
      consumer.stop({ abort: true });
      await until('it has stopped', () => !consumer.status.isPolling);
    }

    function paying(payments: Payments) {
      return ({ Body = '' }: Message) => payments.pay(JSON.parse(Body));
    }

    async function empty(): Promise<boolean> {
      const { visible, hidden } = await queue.counts();
      return visible + hidden === 0;
    }

    it('deletes what is done, whatever it resolves to, and parks poison with its attributes', async () => {
      const payments = new Payments(new InMemoryStore());
      const tenant = { DataType: 'String', StringValue: 'acme' };
      await queue.send({ id: 'o-1', cents: 100 });
      await queue.send({ cents: 100 }, { MessageAttributes: { tenant } });
      await queue.send({ id: 'o-2', cents: 100 });
      const results = [undefined, null, { MessageId: 'another' }, 'done'];
      start(async (message) => {
        await paying(payments)(message);
        return results.shift();
      });
      await until('all is settled', empty);
      expect(payments.paid).to.have.members(['o-1', 'o-2']);
      const [parked, ...others] = await parking.receive();
      expect(others).to.be.empty;
      expect(parked?.Body).to.equal('{"cents":100}');
      expect(parked?.MessageAttributes).to.deep.include({ tenant });
      expect(parked?.MessageAttributes?.['retrysafe-code']?.StringValue).to.equal('ERR_IDEMPOTENCY_KEY');
      expect(errors).to.be.empty;
    });

    it('brings a duplicate back when the call that runs elsewhere has ended, and runs it where that has failed', async () => {
      const store = new InMemoryStore();
      const release = defer();
      // A store object of its own: to the library that is another process.
      const elsewhere = new Payments(new FailingStore(store), () => release.promise);
      const running = elsewhere.pay({ id: 'o-1', cents: 100 });
      await until('the key is held', () => store.records().length === 1);
      const hiding = sinon.spy(client, 'changeMessageVisibility');
      const payments = new Payments(store);
      start(paying(payments));
      await queue.send({ id: 'o-1', cents: 100 });
      await until('it is to come back', () => hiding.callCount > 0);
      expect(hiding.firstCall.args[0].VisibilityTimeout).to.be.within(1, 4);
      expect(await queue.counts()).to.deep.equal({ visible: 0, hidden: 1 });
      release.reject(new Error('the bank is down'));
      await running.catch(() => {});
      await until('it is settled', empty);
      expect(elsewhere.paid).to.be.empty;
      expect(payments.paid).to.deep.equal(['o-1']);
      expect(failures.map(({ settlement }) => settlement.do)).to.deep.equal(['redeliver']);
      expect([...errors, ...(await parking.receive()), ...(await deadLetters.receive())]).to.be.empty;
    });

    it("leaves the method's own errors to the consumer and to the queue, which gives the message up", async () => {
      start(async () => {
        throw new Error('the bank is down');
      });
      await queue.send({ id: 'o-1', cents: 100 });
      await until('it is given up', async () => (await deadLetters.counts()).visible === 1);
      expect(errors).to.deep.equal([
        'Unexpected message handler failure: the bank is down',
        'Unexpected message handler failure: the bank is down',
      ]);
      expect(failures.map(({ settlement }) => settlement.do)).to.deep.equal(['fail', 'fail']);
    });

    it('keeps a message where the store is down, until that is there again', async () => {
      const store = new FailingStore(new InMemoryStore());
      const payments = new Payments(store);
      store.fail('claim', { times: 2 });
      start(paying(payments));
      await queue.send({ id: 'o-1', cents: 100 });
      await until('the store was asked', () => failures.length === 1);
      expect(await queue.counts()).to.deep.equal({ visible: 0, hidden: 1 });
      await until('it is settled', empty);
      expect(payments.paid).to.deep.equal(['o-1']);
    });

    it('keeps a message that the parking queue has not confirmed', async () => {
      await queue.send({ cents: 100 });
      start(paying(new Payments(new InMemoryStore())));
      const failing = sinon.stub(client, 'sendMessage').rejects(new Error('socket hang up'));
      await until('it was to be parked', () => failing.callCount === 1);
      expect(await queue.counts()).to.deep.equal({ visible: 0, hidden: 1 });
      failing.restore();
      await until('it is parked', empty);
      expect(await parking.counts()).to.deep.equal({ visible: 1, hidden: 0 });
    });

    it('extends the visibility of a message while its method runs', async () => {
      const release = defer();
      const payments = new Payments(new InMemoryStore(), () => release.promise);
      const extended = sinon.spy(client, 'send');
      start(paying(payments), {}, { ...short, visibilityTimeout: 5, workTime: 60, isExtended: true });
      await queue.send({ id: 'o-1', cents: 100 });
      const extensions = () =>
        extended
          .getCalls()
          .filter(({ args }) => args[0].constructor.name === 'ChangeMessageVisibilityCommand');
      // A third of the visibility lies between two of them.
      await until('its first visibility is over', () => extensions().length === 4);
      expect(await queue.counts()).to.deep.equal({ visible: 0, hidden: 1 });
      release.resolve();
      await until('it is settled', empty);
      expect(payments.paid).to.deep.equal(['o-1']);
      expect(failures).to.be.empty;
    });

    it('goes on after a restart of the broker, with what that has', async () => {
      const payments = new Payments(new InMemoryStore());
      for (const id of ['o-1', 'o-2']) await queue.send({ id, cents: 100 });
      await server.kill();
      start(paying(payments));
      await until('it is away', () => errors.length > 0);
      await server.restart();
      await until('all is settled', empty);
      expect(payments.paid).to.have.members(['o-1', 'o-2']);
    });
  });

describe('the options of a service with sqs-consumer', () => {
  it('are refused where they are wrong', () => {
    expect(() => messageHandler(async () => {}, { queueUrl: 'http://x/q' })).to.throw(
      ConfigurationError,
      /^messageHandler: option "queueUrl"/,
    );
  });

  it('fit the queue, with a heartbeat where the visibility is extended', () => {
    const attributes = {
      messageAttributeNames: ['All'],
      messageSystemAttributeNames: ['ApproximateReceiveCount', 'MessageGroupId'],
    };
    expect(consumerSettings(queueTiming(short))).to.deep.equal({ visibilityTimeout: 4, ...attributes });
    const extended = queueTiming({
      visibilityTimeout: 30,
      maxReceives: 3,
      workTime: '10m',
      isExtended: true,
    });
    expect(consumerSettings(extended)).to.deep.equal({
      visibilityTimeout: 30,
      heartbeatInterval: 10,
      ...attributes,
    });
  });
});
