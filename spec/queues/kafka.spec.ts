import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { InMemoryStore, InProgressError } from 'retrysafe';
import { FailingStore } from 'retrysafe/testing';
import sinon from 'sinon';
import { defer } from '../support/defer.js';
import { KafkaServer } from '../support/kafka-server.js';
import { pending } from '../support/pending.js';
import { heartbeatInterval, Orders, sessionTimeout } from './guide/kafka.js';
import { loadClient } from './load-client.js';

/** Of kafkajs what these specs call. */
interface Kafka {
  producer(options: object): Producer;
  consumer(options: object): Consumer;
  admin(): Admin;
}
interface Connected {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
}
interface Producer extends Connected {
  send(record: object): Promise<unknown>;
}
interface Consumer extends Connected {
  subscribe(options: object): Promise<void>;
  run(options: object): Promise<void>;
}
interface Admin extends Connected {
  fetchOffsets(
    options: object,
  ): Promise<
    readonly { readonly partitions: readonly { readonly partition: number; readonly offset: string }[] }[]
  >;
}
interface Kafkajs {
  readonly Kafka: new (options: object) => Kafka;
  readonly logLevel: { readonly NOTHING: number };
  readonly Partitioners: { readonly DefaultPartitioner: unknown };
}

const topic = 'orders';
const groupId = 'settlement';

/** Waits until it holds. */
async function until(what: string, holds: () => boolean | Promise<boolean>, limitMs = 20_000): Promise<void> {
  const end = Date.now() + limitMs;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`not in ${limitMs / 1_000} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** What happened, in its order, and what the work of an order does. */
class Ledger {
  readonly settled: string[] = [];
  readonly parked: { readonly value: string; readonly reason: string }[] = [];
  readonly works = new Map<string, () => Promise<void>>();

  async settle(id: string): Promise<void> {
    await this.works.get(id)?.();
    this.settled.push(id);
  }

  times(id: string): number {
    return this.settled.filter((one) => one === id).length;
  }
}

describe('the recipe for Kafka, by kafkajs and a broker', function () {
  this.timeout(60_000);
  const ledger = new Ledger();
  const store = new FailingStore(new InMemoryStore());
  const order = (id: string, amount = 1) => JSON.stringify({ id, amount });
  let server: KafkaServer;
  let kafka: Kafka;
  let producer: Producer;
  let admin: Admin;
  const connected: Connected[] = [];
  const orders = new Orders(
    store,
    ({ id }) => ledger.settle(id),
    (from, { key, value }, reason) =>
      producer.send({ topic: `${from}.parked`, acks: -1, messages: [{ key, value, headers: { reason } }] }),
  );

  async function consume(of: string, group: string, options: object): Promise<Consumer> {
    // Shorter than in the recipe: a rebalance of this broker takes as long as a session.
    const settings = { sessionTimeout: 6_000, heartbeatInterval: 200, maxWaitTimeInMs: 100 };
    const consumer = kafka.consumer({ groupId: group, ...settings });
    connected.push(consumer);
    await consumer.connect();
    await consumer.subscribe({ topic: of, fromBeginning: true });
    await consumer.run(options);
    return consumer;
  }

  const send = (partition: number, ...values: readonly string[]) =>
    producer.send({ topic, messages: values.map((value) => ({ partition, key: 'k', value })) });

  /** The offset from which the group goes on. */
  async function committed(partition: number): Promise<number> {
    const [of] = await admin.fetchOffsets({ groupId, topics: [topic] });
    const offset = Number(of?.partitions.find((one) => one.partition === partition)?.offset);
    return Math.max(offset, 0);
  }

  before(async function () {
    const { Kafka, logLevel, Partitioners } = await loadClient<Kafkajs>(this, 'kafkajs');
    if (!KafkaServer.isInstalled) pending(this, 'there is no `kcat` (`apt-get install kcat`)');
    server = await KafkaServer.start();
    kafka = new Kafka({
      brokers: [server.broker],
      logLevel: logLevel.NOTHING,
      retry: { initialRetryTime: 50 },
    });
    producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
    admin = kafka.admin();
    connected.push(producer, admin);
    await Promise.all([producer.connect(), admin.connect()]);
    // It has a topic once it is asked for.
    await send(3, order('first'));
    await producer.send({ topic: `${topic}.parked`, messages: [{ value: 'first' }] });
    const keep = async ({ message }: { message: { value: Buffer; headers: { reason?: Buffer } } }) =>
      void ledger.parked.push({ value: String(message.value), reason: String(message.headers.reason) });
    await Promise.all([
      consume(topic, groupId, { eachBatchAutoResolve: false, eachBatch: orders.eachBatch }),
      consume(`${topic}.parked`, 'repair', { eachMessage: keep }),
    ]);
    await until('the groups have members', () => ledger.times('first') === 1 && ledger.parked.length === 1);
    ledger.parked.length = 0;
  });

  after(async () => {
    await Promise.all(connected.map((one) => one.disconnect()));
    await server?.stop();
  });

  afterEach(() => {
    ledger.parked.length = 0;
  });

  const isParked = (value: string) => ledger.parked.find((one) => one.value === value)?.reason;

  it('has one effect for what its producer sent twice', async () => {
    const before = await committed(0);
    await send(0, order('twice'), order('twice'), order('other'));
    await until('all are done', async () => (await committed(0)) === before + 3);
    expect([ledger.times('twice'), ledger.times('other')]).to.deep.equal([1, 1]);
  });

  it('commits no offset before the outcome', async () => {
    const before = await committed(1);
    const work = defer();
    const begun = defer();
    ledger.works.set('long', () => {
      begun.resolve();
      return work.promise;
    });
    await send(1, order('long'));
    await begun.promise;
    expect(await committed(1)).to.equal(before);
    work.resolve();
    await until('it is done', async () => (await committed(1)) === before + 1);
    expect(ledger.times('long')).to.equal(1);
  });

  it('tries again when the store is back, in the order of the partition, while others go on', async () => {
    const before = await committed(0);
    ledger.settled.length = 0;
    store.fail('claim', { times: 2 }); // a claim is repeated once
    const handled = sinon.spy(orders, 'handle');
    await send(0, order('a'), order('b'));
    await until('the first one is handled', () => handled.callCount === 1);
    expect(await handled.returnValues[0]).to.equal(5);
    handled.restore();
    await send(1, order('c'));
    await until('the other partition has gone on', () => ledger.times('c') === 1);
    expect(await committed(0)).to.equal(before);
    await until('all are done', async () => (await committed(0)) === before + 2);
    expect(ledger.settled).to.deep.equal(['c', 'a', 'b']);
    expect(ledger.parked).to.deep.equal([]);
  });

  it('parks a message that can never succeed, before its offset is committed, and goes on behind it', async () => {
    const before = await committed(2);
    await send(2, order('once', 1), order('once', 2), 'no JSON', order('behind'));
    await until('all are done', async () => (await committed(2)) === before + 4);
    await until('two are parked', () => ledger.parked.length === 2);
    expect(isParked(order('once', 2))).to.match(/^FingerprintError: /);
    expect(isParked('no JSON')).to.match(/^KeyError: /);
    expect([ledger.times('once'), ledger.times('behind')]).to.deep.equal([1, 1]);
  });

  it('parks a message whose work always fails once it has begun five times', async () => {
    const before = await committed(2);
    let begun = 0;
    ledger.works.set('poison', async () => {
      begun += 1;
      throw new Error('the bank says no');
    });
    await send(2, order('poison'), order('after poison'));
    await until('it is given up', async () => (await committed(2)) === before + 2);
    await until('it is parked', () => ledger.parked.length === 1);
    expect(begun).to.equal(5);
    expect(isParked(order('poison'))).to.match(/^AttemptsExhaustedError: /);
    expect(ledger.times('after poison')).to.equal(1);
  });

  it('keeps a message that could not be parked', async () => {
    const before = await committed(0);
    const parking = sinon.stub(orders, 'park').rejects(new Error('the dead letters are away'));
    await send(0, 'no JSON either', order('behind it'));
    await until('it was tried more than once', () => parking.callCount > 1);
    expect(await committed(0)).to.equal(before);
    expect(ledger.times('behind it')).to.equal(0);
    parking.restore();
    await until('all are done', async () => (await committed(0)) === before + 2);
    await until('it is parked', () => ledger.parked.length === 1);
    expect(ledger.times('behind it')).to.equal(1);
  });

  it('has one effect for a message under whose run the group is rebalanced', async () => {
    const work = defer();
    const begun = defer();
    ledger.works.set('moving', () => {
      begun.resolve();
      return work.promise;
    });
    await send(3, order('moving'), order('behind moving'));
    await begun.promise;
    const member = consume(topic, groupId, { eachBatchAutoResolve: false, eachBatch: orders.eachBatch });
    await until('another member wants to join', () =>
      server.process.said.includes('Received JoinGroupRequest'),
    );
    work.resolve();
    await member;
    const ids = [0, 1, 2, 3].map((partition) => `after the rebalance ${partition}`);
    for (const [partition, id] of ids.entries()) await send(partition, order(id));
    await until('all are done', () => ids.every((id) => ledger.times(id) > 0));
    for (const id of ['moving', 'behind moving', ...ids])
      expect([id, ledger.times(id)]).to.deep.equal([id, 1]);
    expect(ledger.parked).to.deep.equal([]);
  });

  it('has no second effect for a group that has lost its offsets', async () => {
    const before = [...ledger.settled];
    let seen = 0;
    const late = new Orders(
      store,
      ({ id }) => ledger.settle(id),
      async () => {},
    );
    const handled = sinon.spy(late, 'handle');
    await consume(topic, 'another', { eachBatchAutoResolve: false, eachBatch: late.eachBatch });
    for (const partition of [0, 1, 2, 3]) seen += await committed(partition);
    await until('it has seen all', () => handled.callCount >= seen);
    await Promise.all(handled.returnValues);
    expect(ledger.settled).to.deep.equal(before);
  });
});

describe('the recipe for Kafka, a message at a time', () => {
  const message = { key: null, value: Buffer.from('{"id":"o-1"}') };

  it('tries again when the running call has ended or its lease has lapsed', async () => {
    const clock = sinon.useFakeTimers({ now: Date.now() });
    try {
      const work = defer();
      const orders = new Orders(
        new InMemoryStore(),
        () => work.promise,
        () => expect.fail('it is parked'),
      );
      const first = orders.handle('orders', message);
      const second = orders.handle('orders', message);
      await clock.tickAsync(10_000);
      expect(await second).to.be.within(1, 21);
      work.resolve();
      expect(await first).to.equal(undefined);
      expect(await orders.handle('orders', message)).to.equal(undefined);
    } finally {
      clock.restore();
    }
  });

  it('pauses its partition, resolves nothing, and resumes after that time', async () => {
    const clock = sinon.useFakeTimers({ now: Date.now() });
    try {
      const orders = new Orders(
        new InMemoryStore(),
        async () => {},
        async () => {},
      );
      sinon.stub(orders, 'take').rejects(new InProgressError('running', { retryAfter: 17 }));
      const resume = sinon.spy();
      const resolveOffset = sinon.spy();
      await orders.eachBatch({
        batch: { topic: 'orders', messages: [{ ...message, offset: '7' }] },
        resolveOffset,
        heartbeat: async () => {},
        pause: () => resume,
        isRunning: () => true,
        isStale: () => false,
      });
      expect(resolveOffset.callCount).to.equal(0);
      await clock.tickAsync(16_999);
      expect(resume.callCount).to.equal(0);
      await clock.tickAsync(1);
      expect(resume.callCount).to.equal(1);
    } finally {
      clock.restore();
    }
  });

  it('keeps its session while a run is long, and leaves the rest of a batch to others in a rebalance', async () => {
    const clock = sinon.useFakeTimers({ now: Date.now() });
    try {
      const work = defer();
      const orders = new Orders(
        new InMemoryStore(),
        () => work.promise,
        async () => {},
      );
      const rebalance = new Error('The group is rebalancing, so a rejoin is needed');
      const heartbeat = sinon.stub().resolves();
      const resolveOffset = sinon.spy();
      const batch = orders.eachBatch({
        batch: {
          topic: 'orders',
          messages: ['7', '8'].map((offset) => ({
            key: null,
            value: Buffer.from(`{"id":"o-${offset}"}`),
            offset,
          })),
        },
        resolveOffset,
        heartbeat,
        pause: () => expect.fail('nothing is paused'),
        isRunning: () => true,
        isStale: () => false,
      });
      const ended = batch.then(
        () => expect.fail('the rebalance is lost'),
        (error: unknown) => error,
      );
      await clock.tickAsync(2 * sessionTimeout);
      expect(heartbeat.callCount).to.equal((2 * sessionTimeout) / heartbeatInterval);
      heartbeat.rejects(rebalance);
      work.resolve();
      expect(await ended).to.equal(rebalance);
      expect(resolveOffset.args).to.deep.equal([['7']]);
      await clock.tickAsync(sessionTimeout);
      expect(heartbeat.callCount).to.equal((2 * sessionTimeout) / heartbeatInterval + 1);
    } finally {
      clock.restore();
    }
  });
});

describe('the types of the recipe for Kafka', function () {
  this.timeout(60_000);

  it('are those of kafkajs, and its messages those of @platformatic/kafka', async function () {
    await loadClient(this, 'kafkajs');
    const root = fileURLToPath(new URL('../../../', import.meta.url));
    const clients = join(root, 'spec/queues/clients/node_modules');
    const folder = join(root, '.build/kafka-types');
    mkdirSync(folder, { recursive: true });
    const program = `
import type { MessagesStream } from '@platformatic/kafka';
import type { Consumer, Kafka, Producer } from 'kafkajs';
import { heartbeatInterval, Orders, sessionTimeout } from ${JSON.stringify(join(root, 'spec/queues/guide/kafka.ts'))};

export async function run(kafka: Kafka, producer: Producer): Promise<Consumer> {
  const orders = new Orders({} as never, async () => {}, (topic, { key, value }, reason) =>
    producer.send({ topic: \`\${topic}.parked\`, acks: -1, messages: [{ key, value, headers: { reason } }] }));
  const consumer = kafka.consumer({ groupId: 'settlement', sessionTimeout, heartbeatInterval });
  await consumer.run({ eachBatchAutoResolve: false, eachBatch: orders.eachBatch });
  return consumer;
}

export async function each(stream: MessagesStream<Buffer, Buffer, Buffer, Buffer>, orders: Orders) {
  for await (const message of stream) {
    const again: number | undefined = await orders.handle(message.topic, message);
    if (again === undefined) await message.commit();
  }
}
`;
    writeFileSync(join(folder, 'program.ts'), program);
    const paths = {
      kafkajs: [join(clients, 'kafkajs/types/index.d.ts')],
      '@platformatic/kafka': [join(clients, '@platformatic/kafka/dist/index.d.ts')],
      retrysafe: [join(root, 'dist/esm/index.d.ts')],
      'retrysafe/queues': [join(root, 'dist/esm/queues/index.d.ts')],
    };
    const compilerOptions = { paths, rootDir: root, allowImportingTsExtensions: true, types: ['node'] };
    const config = {
      extends: join(root, 'tsconfig.json'),
      compilerOptions,
      include: [],
      files: ['program.ts'],
    };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
    const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');
    const { stdout, status } = spawnSync(process.execPath, [tsc, '-p', folder, '--pretty', 'false'], {
      encoding: 'utf8',
    });
    expect(stdout).to.equal('');
    expect(status).to.equal(0);
  });
});
