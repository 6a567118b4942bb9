import { expect } from 'chai';
import { ConfigurationError, InMemoryStore, makeIdempotent, OutcomeUnknownError } from 'retrysafe';
import { queueTiming } from 'retrysafe/queues';
import {
  type AmqpConfirmChannel,
  type AmqpMessage,
  type IdempotentConsumerOptions,
  idempotentConsumer,
  rabbitMQSettings,
} from 'retrysafe/rabbitmq';
import { abandon, FailingStore } from 'retrysafe/testing';
import sinon from 'sinon';
import { defer } from '../support/defer.js';
import { pending } from '../support/pending.js';
import { catchWarnings, forgetWarning } from '../support/process-warnings.js';
import { RabbitMQServer } from '../support/rabbitmq-server.js';
import { until } from '../support/until.js';
import { consumeOrders, payments } from './guide/rabbitmq.js';
import { type AmqpChannel, type AmqpConnection, type Amqplib, cut, loadAmqplib } from './support/amqp.js';

interface Order {
  readonly id: string;
}

type Report = Parameters<NonNullable<IdempotentConsumerOptions['report']>>[0];

describe('messages of RabbitMQ', function () {
  this.timeout(60_000);

  let server: RabbitMQServer;
  let amqplib: Amqplib;
  const connections: AmqpConnection[] = [];
  let queue: string;
  let deadLetters: string;
  let reports: Report[];
  let number = 0;

  before(async function () {
    this.timeout(120_000);
    amqplib = await loadAmqplib(this);
    if (!RabbitMQServer.isInstalled) pending(this, 'there is no rabbitmq-server');
    server = await RabbitMQServer.start();
  });

  beforeEach(() => {
    number += 1;
    queue = `orders-${number}`;
    deadLetters = `${queue}.dead`;
    reports = [];
  });

  afterEach(async () => {
    for (const connection of connections.splice(0)) await connection.close().catch(() => {});
  });

  after(() => server?.stop());

  const timing = queueTiming({ visibilityTimeout: 60, maxReceives: 3, workTime: 5 });
  const settings = () => rabbitMQSettings(timing, { queue, deadLetters });

  /** A process, as far as a broker can tell. */
  async function connect(): Promise<AmqpChannel> {
    const connection = await amqplib.connect(server.url);
    connection.on('error', () => {});
    connections.push(connection);
    const channel = await connection.createConfirmChannel();
    channel.on('error', () => {});
    return channel;
  }

  async function declare(channel: AmqpChannel): Promise<void> {
    await channel.assertQueue(deadLetters, settings().deadLetters);
    await channel.assertQueue(queue, settings().queue);
  }

  async function begin(
    handle: (message: AmqpMessage) => unknown,
    options: Partial<IdempotentConsumerOptions> = {},
  ): Promise<AmqpChannel> {
    const channel = await connect();
    await declare(channel);
    await channel.prefetch(10);
    const all = {
      ...settings().consumer,
      retryDelay: 0.1,
      report: (told: Report) => reports.push(told),
      ...options,
    };
    await channel.consume(queue, idempotentConsumer(channel, handle, all as IdempotentConsumerOptions));
    return channel;
  }

  function send(channel: AmqpChannel, order: object, properties: object = {}): Promise<void> {
    const content = Buffer.from(JSON.stringify(order));
    return new Promise((resolve, reject) => {
      const settled = (error: unknown) => (error ? reject(error) : resolve());
      channel.sendToQueue(queue, content, { persistent: true, ...properties }, settled);
    });
  }

  const orderOf = ({ content }: AmqpMessage) => JSON.parse(content.toString()) as Order;

  /** Resolves when no queue of this spec has a message any more, but for its dead letters. */
  function untilDone(): Promise<unknown> {
    return until('no message left', async () => {
      const counts = [...(await server.messages())].filter(
        ([name]) => name === queue || name.startsWith(`${queue}.later`),
      );
      return counts.every(([, messages]) => messages === 0);
    });
  }

  const parked = (channel: AmqpChannel): Promise<AmqpMessage> =>
    until('a dead letter', async () => (await channel.get(deadLetters, { noAck: true })) || undefined);

  const parkedCount = async () => (await server.messages()).get(deadLetters);

  it('puts off what comes back at once from a worker that died, until its lease has lapsed', async () => {
    const inner = new InMemoryStore();
    const began = defer();
    const never = defer();
    const charge = (store: FailingStore, run: () => Promise<unknown>) =>
      makeIdempotent(run as (order: Order) => Promise<unknown>, {
        name: 'charge-once',
        key: 'id',
        store,
        lease: 2,
        wait: 0,
      });
    const dying = new FailingStore(inner);
    const first = charge(dying, () => {
      began.resolve();
      return never.promise;
    });
    const channel = await begin((message) => first(orderOf(message)));
    await send(channel, { id: '1' });
    await began.promise;
    const ran = defer();
    const second = charge(new FailingStore(inner), async () => ran.resolve());
    const seen: AmqpMessage[] = [];
    const other = await begin((message) => {
      seen.push(message);
      return second(orderOf(message));
    });
    // From here on it renews nothing.
    dying.fail('replace', { times: Number.POSITIVE_INFINITY });
    await cut(connections[0] as AmqpConnection);
    await ran.promise;
    await untilDone();
    expect(seen).to.have.lengthOf(2);
    expect(seen[0]?.fields.redelivered).to.equal(true);
    expect(seen[1]?.properties.headers?.['x-retrysafe-failures']).to.equal(0);
    expect(reports.map(({ settlement }) => settlement.do)).to.deep.equal(['redeliver']);
    expect(await parkedCount()).to.equal(0);
    never.resolve();
    await other.close();
  });

  it('puts off a duplicate of a running call, and works on meanwhile', async () => {
    const inner = new InMemoryStore();
    const held = defer();
    const run = async ({ id }: Order) => {
      if (id === 'slow') await held.promise;
      return id;
    };
    const options = { name: 'charge-both', key: 'id', lease: 30, wait: 0 } as const;
    const here = makeIdempotent(run, { ...options, store: new FailingStore(inner) });
    const elsewhere = makeIdempotent(run, { ...options, store: new FailingStore(inner), lease: 1 });
    const running = elsewhere({ id: 'slow' });
    await until('a claim', () => inner.records().length === 1 || undefined);
    const results: unknown[] = [];
    const channel = await begin(async (message) => results.push(await here(orderOf(message))));
    await send(channel, { id: 'slow' });
    await until('the duplicate', () => reports.length === 1);
    await send(channel, { id: 'quick' });
    await until('the other one', () => results.includes('quick'));
    held.resolve();
    await running;
    await until('a replay', () => results.includes('slow'));
    expect(reports.every(({ settlement }) => settlement.do === 'redeliver')).to.equal(true);
    await untilDone();
    expect(await parkedCount()).to.equal(0);
  });

  it('hands on a message that was put off as it was published', async () => {
    const seen: AmqpMessage[] = [];
    const channel = await begin((message) => {
      seen.push(message);
      if (seen.length === 1) throw new Error('bank is down');
    });
    await channel.assertExchange('shop', 'topic');
    await channel.bindQueue(queue, 'shop', `order.${number}.*`);
    await channel.assertQueue(`${queue}.copies`, { durable: true });
    const properties = {
      messageId: 'm-1',
      correlationId: 'c-1',
      type: 'order',
      contentType: 'application/json',
      headers: { tenant: 'acme' },
      CC: [`${queue}.copies`],
      userId: 'guest',
    };
    channel.publish('shop', `order.${number}.new`, Buffer.from('{"id":"1"}'), properties);
    await until('it again', () => seen.length === 2);
    const [first, second] = seen as [AmqpMessage, AmqpMessage];
    expect(second.content).to.deep.equal(first.content);
    expect(second.fields).to.include({ exchange: 'shop', routingKey: `order.${number}.new` });
    const { headers, ...rest } = second.properties;
    const { headers: before, deliveryMode, userId, ...same } = first.properties as Record<string, unknown>;
    expect([before, deliveryMode, userId]).to.deep.equal([
      { tenant: 'acme', CC: [`${queue}.copies`] },
      undefined,
      'guest',
    ]);
    expect(rest).to.deep.include({ ...same, deliveryMode: 2, userId: undefined });
    expect(headers).to.include({ tenant: 'acme', 'x-retrysafe-failures': 1 });
    await untilDone();
    expect((await server.messages()).get(`${queue}.copies`)).to.equal(0);
  });

  it('sets a broken request aside at once, with the reason', async () => {
    const charge = makeIdempotent(async (_: Order) => {}, {
      name: 'charge-broken',
      key: 'id',
      store: new InMemoryStore(),
    });
    const channel = await begin((message) => charge(orderOf(message)));
    await send(channel, { no: 'id' }, { messageId: 'm-1', expiration: '60000' });
    const letter = await parked(channel);
    expect(letter.content.toString()).to.equal('{"no":"id"}');
    expect(letter.properties).to.include({ messageId: 'm-1', deliveryMode: 2, expiration: undefined });
    expect(letter.properties.headers).to.include({
      'x-retrysafe-advice': 'fix-request',
      'x-retrysafe-code': 'ERR_IDEMPOTENCY_KEY',
      'x-retrysafe-queue': queue,
      'x-retrysafe-failures': 0,
    });
    expect(letter.properties.headers?.['x-retrysafe-reason']).to.match(/^KeyError: /);
    await untilDone();
    expect(reports).to.have.lengthOf(1);
    expect(reports[0]).to.include({ id: 'm-1' });
  });

  it('sets aside what only a person or other code can help, and what is recorded', async () => {
    class Declined extends Error {}
    const decline = makeIdempotent(
      async (_: Order) => {
        throw new Declined('too little');
      },
      { name: 'decline', key: 'id', store: new InMemoryStore(), remember: [Declined] },
    );
    const errors: Record<string, () => unknown> = {
      human: () => {
        throw new OutcomeUnknownError('unknown');
      },
      code: () => {
        throw new ConfigurationError('wrong');
      },
      recorded: () => decline({ id: '1' }),
    };
    const channel = await begin((message) => errors[orderOf(message).id]?.());
    for (const [id, advice] of [
      ['human', 'ask-human'],
      ['code', 'fix-code'],
      ['recorded', 'recorded'],
    ] as const) {
      await send(channel, { id });
      expect((await parked(channel)).properties.headers).to.include({ 'x-retrysafe-advice': advice });
    }
    await untilDone();
  });

  it('sets aside at once what has killed its worker too often', async () => {
    const charge = makeIdempotent(async (_: Order) => {}, {
      name: 'charge-rabbit-poison',
      key: 'id',
      store: new InMemoryStore(),
      maxAttempts: 1,
    });
    await abandon(charge, { id: '1' });
    const channel = await begin((message) => charge(orderOf(message)));
    await send(channel, { id: '1' });
    expect((await parked(channel)).properties.headers).to.include({ 'x-retrysafe-advice': 'ask-human' });
    await untilDone();
  });

  it("tries a method's own error again, longer after each time, and then gives it up", async () => {
    let runs = 0;
    const channel = await begin(() => {
      runs += 1;
      throw new Error('bank is down');
    });
    await send(channel, { id: '1' });
    const { headers } = (await parked(channel)).properties;
    expect(headers).to.include({ 'x-retrysafe-advice': 'failed', 'x-retrysafe-failures': 3 });
    expect(runs).to.equal(3);
    const names = [...(await server.messages()).keys()];
    expect(names).to.include.members([`${queue}.later-100ms`, `${queue}.later-200ms`]);
    expect(reports.map(({ settlement }) => settlement.do)).to.deep.equal(['fail', 'fail', 'fail']);
  });

  it('puts messages off while the store is down, which counts as no failure', async () => {
    const store = new FailingStore(new InMemoryStore());
    store.fail('claim', { times: 8 });
    const done = defer();
    const charge = makeIdempotent(async (_: Order) => done.resolve(), {
      name: 'charge-later',
      key: 'id',
      store,
    });
    const channel = await begin((message) => charge(orderOf(message)));
    await send(channel, { id: '1' });
    await done.promise;
    await untilDone();
    expect(reports).to.have.lengthOf(4);
    expect(await parkedCount()).to.equal(0);
  });

  it('keeps a message whose dead letters have no queue, and sets it aside when they have one', async () => {
    const channel = await begin(
      () => {
        throw new OutcomeUnknownError('unknown');
      },
      { retryDelay: 0.3 },
    );
    await channel.deleteQueue(deadLetters);
    await send(channel, { id: '1' });
    await until('two tries', () => reports.length >= 4);
    expect(reports[1]).to.deep.include({
      settlement: { do: 'redeliver', afterSeconds: 0.3, reason: 'the message could not be settled' },
    });
    expect(String(reports[1]?.error)).to.include(deadLetters);
    expect((await server.messages()).get(queue)).to.equal(1);
    await channel.assertQueue(deadLetters, settings().deadLetters);
    await parked(channel);
    await untilDone();
  });

  it('leaves a message to the broker whose channel closed while the method ran', async () => {
    const began = defer();
    const held = defer();
    const store = new InMemoryStore();
    let runs = 0;
    const charge = makeIdempotent(
      async (_: Order) => {
        runs += 1;
        began.resolve();
        await held.promise;
      },
      { name: 'charge-cut', key: 'id', store },
    );
    const channel = await begin((message) => charge(orderOf(message)));
    await send(channel, { id: '1' });
    await began.promise;
    await channel.close();
    held.resolve();
    await begin((message) => charge(orderOf(message)));
    await untilDone();
    expect(runs).to.equal(1);
    expect(reports).to.deep.equal([]);
  });

  it('keeps messages that wait and that are set aside through the death of the broker', async () => {
    const charge = (message: AmqpMessage) => {
      throw orderOf(message).id === 'late' ? new Error('bank is down') : new OutcomeUnknownError('unknown');
    };
    const channel = await begin(charge, { retryDelay: 5 });
    await send(channel, { id: 'late' });
    await send(channel, { id: 'unknown' });
    const delay = `${queue}.later-5000ms`;
    await until('both', async () => {
      const counts = await server.messages();
      return counts.get(delay) === 1 && counts.get(deadLetters) === 1 && counts.get(queue) === 0;
    });
    await server.kill();
    await server.restart();
    const done: string[] = [];
    const again = await begin((message) => done.push(orderOf(message).id));
    // The queue chooses its leader anew, which takes its time where the machine is busy.
    await until('the late one', () => done.length === 1, 60_000);
    expect(done).to.deep.equal(['late']);
    expect(orderOf(await parked(again))).to.deep.equal({ id: 'unknown' });
    await untilDone();
  }).timeout(120_000);

  it('takes a message that expired in its queue before for no circle', async () => {
    let runs = 0;
    const channel = await begin(() => {
      runs += 1;
      if (runs === 1) throw new Error('bank is down');
    });
    const entry = {
      queue,
      reason: 'expired',
      count: 1,
      exchange: '',
      'routing-keys': [queue],
      time: { '!': 'timestamp', value: 1 },
    };
    await send(channel, { id: '1' }, { headers: { 'x-death': [entry] } });
    await until('it again', () => runs === 2);
  });

  it('rejects to the dead-letter exchange of the queue where it has no other dead letters', async () => {
    const { deadLetters: _, ...rest } = settings().consumer;
    const options = { deadLetters: undefined, hasDeadLetterExchange: true, ...rest } as const;
    const channel = await begin(() => {
      throw new OutcomeUnknownError('unknown');
    }, options as object);
    await send(channel, { id: '1' });
    const { headers } = (await parked(channel)).properties;
    expect(headers).to.include({ 'x-first-death-reason': 'rejected' });
    await untilDone();
  });

  it('waits in queues of the classic type where that is asked for', async () => {
    let runs = 0;
    await begin(
      () => {
        runs += 1;
        if (runs === 1) throw new Error('bank is down');
      },
      { delayQueues: 'classic' },
    ).then((channel) => send(channel, { id: '1' }));
    await until('it again', () => runs === 2, 2_500);
    expect((await server.messages()).has(`${queue}.later-100ms-classic`)).to.equal(true);
  });

  it('says when the broker has cancelled the consumer', async () => {
    const cancelled = defer<string>();
    const channel = await begin(() => {}, { onCancel: cancelled.resolve });
    await channel.deleteQueue(queue);
    expect(await cancelled.promise).to.equal(queue);
    const warnings = catchWarnings();
    try {
      const again = await begin(() => {});
      await again.deleteQueue(queue);
      await until('a warning', () => warnings.texts('RETRYSAFE_CONSUMER_CANCELLED').length === 1);
    } finally {
      warnings.restore();
    }
  });

  it('settles a message whose report fails', async () => {
    forgetWarning('queue-report');
    const warnings = catchWarnings();
    try {
      const report = () => {
        throw new Error('no disk');
      };
      const channel = await begin(
        () => {
          throw new OutcomeUnknownError('unknown');
        },
        { report },
      );
      await send(channel, { id: '1' });
      await parked(channel);
      expect(warnings.texts('RETRYSAFE_REPORT')).to.have.lengthOf(1);
    } finally {
      warnings.restore();
    }
  });

  it('is handled as its guide says', async () => {
    const channel = await connect();
    await consumeOrders(channel);
    const content = Buffer.from('{"id":"1","cents":5}');
    for (const _ of ['the order', 'a duplicate'])
      channel.sendToQueue('orders', content, { persistent: true });
    channel.sendToQueue('orders', Buffer.from('{"cents":5}'), { persistent: true });
    const letter = await until('a dead letter', async () => (await channel.get('orders.dead')) || undefined);
    expect(letter.properties.headers).to.include({ 'x-retrysafe-advice': 'fix-request' });
    await until('the others', async () => (await server.messages()).get('orders') === 0);
    expect(payments.charged).to.deep.equal(['1']);
  });

  it('needs a channel that confirms messages', async () => {
    await connect();
    const channel = await (connections[0] as AmqpConnection).createChannel();
    const plain = channel as unknown as AmqpConfirmChannel;
    expect(() => idempotentConsumer(plain, () => {}, settings().consumer)).to.throw(
      ConfigurationError,
      /createConfirmChannel/,
    );
    await channel.close();
  });
});

describe('a queue of RabbitMQ that never confirms', () => {
  it('does not keep a message for ever', async () => {
    const clock = sinon.useFakeTimers();
    try {
      const settled: unknown[] = [];
      const channel = {
        waitForConfirms() {},
        on() {},
        publish: () => true,
        ack: () => settled.push('ack'),
        nack: (_: unknown, allUpTo: boolean, requeue: boolean) => settled.push({ allUpTo, requeue }),
      } as unknown as AmqpConfirmChannel;
      const handle = () => {
        throw new OutcomeUnknownError('unknown');
      };
      const options = { queue: 'orders', deadLetters: 'orders.dead', maxReceives: 3, report: () => {} };
      const message = {
        content: Buffer.from('{}'),
        fields: { deliveryTag: 1, redelivered: false, exchange: '', routingKey: 'orders' },
        properties: {},
      };
      const consuming = idempotentConsumer(channel, handle, options)(message);
      await clock.tickAsync(34_000);
      expect(settled).to.deep.equal([]);
      await clock.tickAsync(1_500);
      await consuming;
      expect(settled).to.deep.equal([{ allUpTo: false, requeue: true }]);
    } finally {
      clock.restore();
    }
  });
});

describe('the options of a consumer of RabbitMQ', () => {
  const channel = { waitForConfirms() {}, publish() {}, on() {} } as unknown as AmqpConfirmChannel;
  const right = { queue: 'orders', deadLetters: 'orders.dead', maxReceives: 3 };
  const wrong: [string, object, RegExp][] = [
    ['no queue', { ...right, queue: undefined }, /"queue" is undefined/],
    ['a long name', { ...right, queue: 'q'.repeat(201) }, /"queue".*200 bytes/],
    ['one delivery', { ...right, maxReceives: 1 }, /"maxReceives" is 1/],
    ['no dead letters', { queue: 'orders', maxReceives: 3 }, /"deadLetters".*drop/],
    ['dead letters in the queue itself', { ...right, deadLetters: 'orders' }, /"deadLetters".*another queue/],
    ['both kinds of dead letters', { ...right, hasDeadLetterExchange: true }, /"hasDeadLetterExchange"/],
    ['another type of queue', { ...right, delayQueues: 'stream' }, /"delayQueues"/],
    ['a report that is none', { ...right, report: 'log' }, /"report"/],
    ['a wrong delay', { ...right, retryDelay: -1 }, /"retryDelay"/],
    ['another option', { ...right, prefetch: 3 }, /no option "prefetch"/],
  ];
  for (const [what, options, message] of wrong)
    it(`refuse ${what}`, () => {
      expect(() => idempotentConsumer(channel, () => {}, options as IdempotentConsumerOptions)).to.throw(
        ConfigurationError,
        message,
      );
    });

  it('fit a timing', () => {
    const names = { queue: 'orders', deadLetters: 'orders.dead' };
    const timing = queueTiming({ visibilityTimeout: 60, maxReceives: 5, workTime: 5 });
    const { queue, consumer } = rabbitMQSettings(timing, names);
    expect(consumer).to.deep.equal({ ...names, maxReceives: 5 });
    expect(queue.arguments)
      .to.include({ 'x-delivery-limit': 20 })
      .and.not.have.property('x-consumer-timeout');
    const long = queueTiming({ visibilityTimeout: '2h', maxReceives: 30, workTime: '1h' });
    expect(rabbitMQSettings(long, names).queue.arguments).to.include({
      'x-delivery-limit': 30,
      'x-consumer-timeout': 7_200_000,
    });
  });
});
