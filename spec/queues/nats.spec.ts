import { expect } from 'chai';
import { ConfigurationError, InMemoryStore, makeIdempotent, OutcomeUnknownError } from 'retrysafe';
import {
  type IdempotentHandlerOptions,
  idempotentHandler,
  type JetStreamPublisher,
  natsSettings,
} from 'retrysafe/nats';
import { queueTiming } from 'retrysafe/queues';
import { abandon, FailingStore } from 'retrysafe/testing';
import { defer } from '../support/defer.js';
import { NatsServer } from '../support/nats-server.js';
import { pending } from '../support/pending.js';
import { until } from '../support/until.js';
import * as guide from './guide/nats.js';
import {
  type JetStreamClient,
  type JetStreamManager,
  loadNats,
  type Messages,
  type NatsClients,
  type NatsConnection,
  type NatsMessage,
  type StoredMessage,
} from './support/nats-clients.js';

interface Order {
  readonly id: string;
}

type Report = Parameters<NonNullable<IdempotentHandlerOptions['report']>>[0];

/** A process, as far as a server can tell. */
interface Worker {
  readonly connection: NatsConnection;
  readonly client: JetStreamClient;
  readonly messages: Messages;
}

describe('messages of NATS JetStream', function () {
  this.timeout(60_000);

  let server: NatsServer;
  let nats: NatsClients;
  let admin: NatsConnection;
  let manager: JetStreamManager;
  const workers: Worker[] = [];
  let stream: string;
  let subject: string;
  let deadLetters: string;
  let reports: Report[];
  let number = 0;

  before(async function () {
    nats = await loadNats(this);
    if (!NatsServer.isInstalled) pending(this, 'there is no nats-server');
    server = await NatsServer.start();
    admin = await connect();
    manager = await nats.jetstreamManager(admin);
  });

  beforeEach(() => {
    number += 1;
    stream = `SHOP${number}`;
    subject = `orders${number}.new`;
    deadLetters = `dead${number}.orders`;
    reports = [];
  });

  afterEach(async () => {
    for (const { connection } of workers.splice(0)) await connection.close();
  });

  after(async () => {
    await admin?.close();
    await server?.stop();
  });

  const timing = queueTiming({ visibilityTimeout: 30, maxReceives: 3, workTime: 60, isExtended: true });

  function connect(): Promise<NatsConnection> {
    return nats.connect({ servers: server.url, reconnectTimeWait: 50, maxReconnectAttempts: -1 });
  }

  async function declare(settings: object = {}): Promise<void> {
    await manager.streams.add({ name: stream, subjects: [subject], retention: 'workqueue' });
    await manager.streams.add({ name: `DEAD${number}`, subjects: [deadLetters] });
    await manager.consumers.add(stream, {
      durable_name: 'workers',
      ...natsSettings(timing).consumer,
      ...settings,
    });
  }

  async function begin(
    handle: (message: NatsMessage) => unknown,
    options: Partial<IdempotentHandlerOptions> = {},
  ): Promise<Worker> {
    const connection = await connect();
    const client = nats.jetstream(connection);
    const messages = await (await client.consumers.get(stream, 'workers')).consume();
    const handler = idempotentHandler(client, handle, {
      ...natsSettings(timing).handler,
      deadLetters,
      headers: nats.headers,
      retryDelay: 0.1,
      report: (told) => reports.push(told),
      ...options,
    });
    void (async () => {
      for await (const message of messages) void handler(message);
    })();
    const worker = { connection, client, messages };
    workers.push(worker);
    return worker;
  }

  const send = ({ client }: Worker, order: object, options: object = {}) =>
    client.publish(subject, JSON.stringify(order), options);

  const orderOf = (message: NatsMessage) => JSON.parse(message.string()) as Order;

  const open = async (name = stream) => (await manager.streams.info(name)).state.messages;

  /** A stream of this kind has what is not acknowledged. */
  const untilDone = () => until('no message left', async () => (await open()) === 0);

  const parkedCount = () => open(`DEAD${number}`);

  const parked = (): Promise<StoredMessage> =>
    until(
      'a dead letter',
      async () =>
        (await manager.streams
          .getMessage(`DEAD${number}`, { last_by_subj: deadLetters })
          .catch(() => undefined)) ?? undefined,
    );

  it('runs a message anew when its worker died and its lease has lapsed', async () => {
    await declare({ ack_wait: 500_000_000 });
    const inner = new InMemoryStore();
    const began = defer();
    const never = defer();
    const charge = (store: FailingStore, run: () => Promise<unknown>) =>
      makeIdempotent(run as (order: Order) => Promise<unknown>, {
        name: 'charge-dying',
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
    const worker = await begin((message) => first(orderOf(message)));
    await send(worker, { id: '1' });
    await began.promise;
    const ran = defer<NatsMessage>();
    // From here on it renews nothing.
    dying.fail('replace', { times: Number.POSITIVE_INFINITY });
    await worker.connection.close();
    await begin((message) =>
      charge(new FailingStore(inner), async () => ran.resolve(message))(orderOf(message)),
    );
    expect((await ran.promise).info.deliveryCount).to.equal(3);
    await untilDone();
    expect(reports.map(({ settlement }) => settlement.do)).to.deep.equal(['redeliver']);
    expect(await parkedCount()).to.equal(0);
    never.resolve();
  });

  it('puts off a duplicate of a running call, and works on meanwhile', async () => {
    await declare();
    const inner = new InMemoryStore();
    const held = defer();
    const run = async ({ id }: Order) => {
      if (id === 'slow') await held.promise;
      return id;
    };
    const options = { name: 'charge-running', key: 'id', wait: 0 } as const;
    const here = makeIdempotent(run, { ...options, store: new FailingStore(inner), lease: 30 });
    const elsewhere = makeIdempotent(run, { ...options, store: new FailingStore(inner), lease: 1 });
    const running = elsewhere({ id: 'slow' });
    await until('a claim', () => inner.records().length === 1 || undefined);
    const results: unknown[] = [];
    const worker = await begin(async (message) => results.push(await here(orderOf(message))));
    await send(worker, { id: 'slow' });
    await until('the duplicate', () => reports.length === 1);
    await send(worker, { id: 'quick' });
    await until('the other one', () => results.includes('quick'));
    held.resolve();
    await running;
    await until('a replay', () => results.includes('slow'));
    expect(reports.every(({ settlement }) => settlement.do === 'redeliver')).to.equal(true);
    await untilDone();
    expect(await parkedCount()).to.equal(0);
  });

  it('keeps a message from others while its method runs, however long that takes', async () => {
    await declare({ ack_wait: 400_000_000 });
    const held = defer();
    let deliveries = 0;
    const handle = async () => {
      deliveries += 1;
      await held.promise;
    };
    const worker = await begin(handle, { extendEvery: '100ms' });
    await send(worker, { id: '1' });
    await until('the message', () => deliveries === 1);
    const startedAt = performance.now();
    await until('three times its ack wait', () => performance.now() - startedAt > 1_200);
    expect((await manager.consumers.info(stream, 'workers')).num_ack_pending).to.equal(1);
    held.resolve();
    await untilDone();
    expect(deliveries).to.equal(1);
  });

  it('sets a broken request aside at once, with the reason', async () => {
    await declare();
    const charge = makeIdempotent(async (_: Order) => {}, {
      name: 'charge-keyless',
      key: 'id',
      store: new InMemoryStore(),
    });
    const worker = await begin((message) => charge(orderOf(message)));
    const headers = nats.headers();
    headers.append('Tenant', 'acme');
    headers.append('Nats-Expected-Stream', stream);
    await send(worker, { no: 'id' }, { headers, msgID: 'm-1' });
    const { data, header } = await parked();
    expect(new TextDecoder().decode(data)).to.equal('{"no":"id"}');
    const told = (name: string) => header.get(name);
    expect([told('Tenant'), told('Nats-Expected-Stream'), told('Nats-Msg-Id')]).to.deep.equal([
      'acme',
      '',
      `${stream}:1`,
    ]);
    expect(told('Retrysafe-Reason')).to.match(/^KeyError: /);
    expect(
      ['Advice', 'Code', 'Subject', 'Stream', 'Sequence', 'Deliveries'].map((name) =>
        told(`Retrysafe-${name}`),
      ),
    ).to.deep.equal(['fix-request', 'ERR_IDEMPOTENCY_KEY', subject, stream, '1', '1']);
    await untilDone();
    expect(reports).to.have.lengthOf(1);
    expect(reports[0]).to.include({ id: `${stream}:1` });
  });

  it('sets aside what only a person or other code can help, and what is recorded', async () => {
    await declare();
    class Declined extends Error {}
    const decline = makeIdempotent(
      async (_: Order) => {
        throw new Declined('too little,\r\nsaid the bank');
      },
      { name: 'decline-order', key: 'id', store: new InMemoryStore(), remember: [Declined] },
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
    const worker = await begin((message) => errors[orderOf(message).id]?.());
    for (const [index, [id, advice]] of Object.entries([
      ['human', 'ask-human'],
      ['code', 'fix-code'],
      ['recorded', 'recorded'],
    ])) {
      await send(worker, { id });
      await until('one more', async () => (await parkedCount()) === Number(index) + 1);
      expect((await parked()).header.get('Retrysafe-Advice')).to.equal(advice);
    }
    expect((await parked()).header.get('Retrysafe-Reason')).to.equal('Error: too little, said the bank');
    await untilDone();
  });

  it('sets aside at once what has killed its worker too often', async () => {
    await declare();
    const charge = makeIdempotent(async (_: Order) => {}, {
      name: 'charge-nats-poison',
      key: 'id',
      store: new InMemoryStore(),
      maxAttempts: 1,
    });
    await abandon(charge, { id: '1' });
    const worker = await begin((message) => charge(orderOf(message)));
    await send(worker, { id: '1' });
    expect((await parked()).header.get('Retrysafe-Advice')).to.equal('ask-human');
    await untilDone();
  });

  it("tries a method's own error again, longer after each time, and then gives it up", async () => {
    await declare();
    const at: number[] = [];
    const worker = await begin(() => {
      at.push(performance.now());
      throw new Error('bank is down');
    });
    await send(worker, { id: '1' });
    const { header } = await parked();
    expect([header.get('Retrysafe-Advice'), header.get('Retrysafe-Deliveries')]).to.deep.equal([
      'failed',
      '3',
    ]);
    expect(at).to.have.lengthOf(3);
    const [first, second, third] = at as [number, number, number];
    expect(second - first).to.be.at.least(95);
    expect(third - second).to.be.at.least(195);
    await untilDone();
  });

  it('puts messages off while the store is down, however often', async () => {
    await declare();
    const store = new FailingStore(new InMemoryStore());
    store.fail('claim', { times: 8 });
    const done = defer();
    const charge = makeIdempotent(async (_: Order) => done.resolve(), {
      name: 'charge-afterwards',
      key: 'id',
      store,
    });
    const worker = await begin((message) => charge(orderOf(message)));
    await send(worker, { id: '1' });
    await done.promise;
    await untilDone();
    expect(reports).to.have.lengthOf(4);
    expect(await parkedCount()).to.equal(0);
  });

  it('keeps a message whose dead letters no stream has, and sets it aside when one does', async () => {
    await declare();
    await manager.streams.delete(`DEAD${number}`);
    const worker = await begin(
      () => {
        throw new OutcomeUnknownError('unknown');
      },
      { retryDelay: 0.3 },
    );
    await send(worker, { id: '1' });
    await until('two tries', () => reports.length >= 4);
    expect(reports[1]).to.deep.include({
      settlement: { do: 'redeliver', afterSeconds: 0.3, reason: 'the message could not be settled' },
    });
    expect(await open()).to.equal(1);
    await manager.streams.add({ name: `DEAD${number}`, subjects: [deadLetters] });
    await parked();
    await untilDone();
  });

  it('sets a message aside once where the acknowledgement of that was lost', async () => {
    await declare({ ack_wait: 500_000_000 });
    let lost = 0;
    const worker = await begin((message) => {
      if (lost === 0) {
        lost += 1;
        message.ackAck = async () => {
          throw new Error('timeout');
        };
      }
      throw new OutcomeUnknownError('unknown');
    });
    await send(worker, { id: '1' });
    await untilDone();
    expect(reports.map(({ settlement }) => settlement.do)).to.include('park');
    expect(await parkedCount()).to.equal(1);
  });

  it('leaves a message to the server whose connection closed while the method ran', async () => {
    await declare({ ack_wait: 500_000_000 });
    const began = defer();
    const held = defer();
    let runs = 0;
    const charge = makeIdempotent(
      async (_: Order) => {
        runs += 1;
        began.resolve();
        await held.promise;
      },
      { name: 'charge-closed', key: 'id', store: new InMemoryStore() },
    );
    const worker = await begin((message) => charge(orderOf(message)));
    await send(worker, { id: '1' });
    await began.promise;
    await worker.connection.close();
    held.resolve();
    await begin((message) => charge(orderOf(message)));
    await untilDone();
    expect(runs).to.equal(1);
    expect(reports).to.deep.equal([]);
  });

  it('keeps messages that wait and that are set aside through the death of the server', async () => {
    await declare({ ack_wait: 3_000_000_000 });
    let runs = 0;
    const worker = await begin(
      (message) => {
        if (orderOf(message).id === 'unknown') throw new OutcomeUnknownError('unknown');
        runs += 1;
        if (runs === 1) throw new Error('bank is down');
      },
      { retryDelay: 2 },
    );
    await send(worker, { id: 'late' });
    await send(worker, { id: 'unknown' });
    await until('both', async () => reports.length === 2 && (await parkedCount()) === 1);
    await server.kill();
    await server.restart();
    await until('the late one', () => runs === 2);
    await untilDone();
    expect(await parkedCount()).to.equal(1);
  });

  it('is handled as its guide says', async () => {
    await manager.streams.add({ name: 'SHOP', subjects: ['orders.*'] });
    await manager.streams.add({ name: 'DEAD', subjects: ['dead.>'] });
    await manager.consumers.add('SHOP', guide.consumer);
    const connection = await connect();
    const client = nats.jetstream(connection);
    const messages = await (await client.consumers.get('SHOP', 'payments')).consume();
    const consuming = guide.consumeOrders(client, nats.headers, messages);
    for (const order of [{ id: '1', cents: 5 }, { id: '1', cents: 5 }, { cents: 5 }])
      await client.publish('orders.new', JSON.stringify(order));
    await until('all', async () => {
      const { num_pending, num_ack_pending } = await manager.consumers.info('SHOP', 'payments');
      return num_pending === 0 && num_ack_pending === 0;
    });
    expect(guide.payments.charged).to.deep.equal(['1']);
    expect(await open('DEAD')).to.equal(1);
    await connection.close();
    await consuming;
  });
});

describe('the options of a handler of JetStream', () => {
  const client = { publish() {} } as unknown as JetStreamPublisher;
  const right = { deadLetters: 'dead.orders', headers() {}, maxReceives: 3 };
  const wrong: [string, object, RegExp][] = [
    ['no dead letters', { ...right, deadLetters: undefined }, /"deadLetters" is undefined/],
    ['dead letters of no one subject', { ...right, deadLetters: 'dead.*' }, /"deadLetters".*wildcards/],
    ['no headers', { ...right, headers: undefined }, /"headers" is undefined.*nats-core/],
    ['one delivery', { ...right, maxReceives: 1 }, /"maxReceives" is 1/],
    ['a pulse of nothing', { ...right, extendEvery: 0 }, /"extendEvery"/],
    ['a report that is none', { ...right, report: 'log' }, /"report"/],
    ['a wrong advice', { ...right, advise: 'park' }, /"advise"/],
    ['another option', { ...right, max_deliver: 3 }, /no option/],
  ];
  for (const [what, options, message] of wrong)
    it(`refuse ${what}`, () => {
      expect(() => idempotentHandler(client, () => {}, options as IdempotentHandlerOptions)).to.throw(
        ConfigurationError,
        message,
      );
    });

  it('refuse another client', () => {
    const other = {} as JetStreamPublisher;
    expect(() => idempotentHandler(other, () => {}, right as unknown as IdempotentHandlerOptions)).to.throw(
      ConfigurationError,
      /jetstream\(connection\)/,
    );
  });

  it('fit a timing', () => {
    const extended = queueTiming({ visibilityTimeout: 30, maxReceives: 5, workTime: '5m', isExtended: true });
    expect(natsSettings(extended)).to.deep.equal({
      consumer: { ack_policy: 'explicit', ack_wait: 30_000_000_000, max_deliver: -1 },
      handler: { maxReceives: 5, extendEvery: 10 },
    });
    const plain = queueTiming({ visibilityTimeout: 60, maxReceives: 5, workTime: 5 });
    expect(natsSettings(plain).handler).to.deep.equal({ maxReceives: 5 });
  });
});
